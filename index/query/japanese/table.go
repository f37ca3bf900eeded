package japanese

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"sort"
	"strings"
)

//go:embed jmdict.tsv.gz
var tableBytes []byte

// table is the large dictionary: lines of word, class with a mark for common
// words, English, sorted by word. It stays one string and is searched by halves,
// which costs a tenth of the memory of a map.
type table struct {
	text string
}

func openTable(packed []byte) (*table, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("open the word table: %w", err)
	}
	var b strings.Builder
	if _, err := io.Copy(&b, z); err != nil {
		return nil, fmt.Errorf("read the word table: %w", err)
	}
	return &table{text: b.String()}, nil
}

// find returns the English of a word in the first of the classes it has, and
// whether the word is common.
func (t *table) find(word, classes string) (english string, class byte, common bool) {
	if word == "" {
		return "", 0, false
	}
	key := word + "\t"
	from := sort.Search(len(t.text), func(i int) bool { return t.text[t.lineStart(i):] >= key })
	best := len(classes)
	for at := from; at < len(t.text) && strings.HasPrefix(t.text[at:], key); {
		line, _, _ := strings.Cut(t.text[at:], "\n")
		at += len(line) + 1
		rest := line[len(key):]
		if len(rest) < 4 {
			continue
		}
		if k := strings.IndexByte(classes, rest[0]); k >= 0 && k < best {
			best, english, class, common = k, rest[3:], rest[0], rest[1] == '1'
		}
	}
	return english, class, common
}

// lineStart returns the beginning of the line that i is in.
func (t *table) lineStart(i int) int {
	return strings.LastIndexByte(t.text[:i], '\n') + 1
}
