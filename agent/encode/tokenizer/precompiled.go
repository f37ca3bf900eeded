package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// precompiled is sentencepiece's normaliser: a table from character sequences
// to what they become. Its file form is
//
//	┌──────────────────┬──────────────────────────┬───────────────────────────┐
//	│ bytes of trie, 4 │ trie: words of 4 bytes … │ results, each ended by \0 │
//	└──────────────────┴──────────────────────────┴───────────────────────────┘
//
// all little-endian, in base64. The trie is a double array: a word holds the
// label of the edge that led to it, whether a value hangs on it, and the place
// of its children.
type precompiled struct {
	trie    []uint32
	results string
}

func parsePrecompiled(text string) (*precompiled, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("precompiled_charsmap: %w", err)
	}
	if len(data) < 4 {
		return nil, errors.New("precompiled_charsmap is too short")
	}
	size := int64(binary.LittleEndian.Uint32(data))
	data = data[4:]
	if size%4 != 0 || size > int64(len(data)) {
		return nil, fmt.Errorf("precompiled_charsmap: a trie of %d bytes in %d", size, len(data))
	}
	p := &precompiled{trie: make([]uint32, size/4), results: string(data[size:])}
	for i := range p.trie {
		p.trie[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return p, nil
}

// normalize looks up what people see as one character, or else its parts. The
// library that models were trained with takes the first entry that a character
// begins with for all of it; so it is done here.
func (p *precompiled) normalize(text string) string {
	var out strings.Builder
	out.Grow(len(text))
	state := -1
	for text != "" {
		var cluster string
		cluster, text, _, state = uniseg.FirstGraphemeClusterInString(text, state)
		if len(cluster) < 6 {
			if to, ok := p.lookup(cluster); ok {
				out.WriteString(to)
				continue
			}
		}
		for i, r := range cluster {
			part := cluster[i : i+utf8.RuneLen(r)]
			if to, ok := p.lookup(part); ok {
				part = to
			}
			out.WriteString(part)
		}
	}
	return out.String()
}

// lookup gives the result of the shortest entry that key begins with.
func (p *precompiled) lookup(key string) (string, bool) {
	at, ok := p.step(0, 0)
	for i := 0; i < len(key) && ok; i++ {
		c := key[i]
		if c == 0 {
			return "", false
		}
		node := at ^ uint32(c)
		if int64(node) >= int64(len(p.trie)) || p.trie[node]&(1<<31|0xff) != uint32(c) {
			return "", false
		}
		if at, ok = p.step(node, node); ok && p.trie[node]>>8&1 == 1 {
			start := int64(p.trie[at] & (1<<31 - 1))
			if start > int64(len(p.results)) {
				return "", false
			}
			to := p.results[start:]
			if end := strings.IndexByte(to, 0); end >= 0 {
				to = to[:end]
			}
			return to, true
		}
	}
	return "", false
}

// step is the place of the children of the node at i, counted from `from`; not
// ok if it lies outside the trie.
func (p *precompiled) step(i, from uint32) (uint32, bool) {
	if int64(i) >= int64(len(p.trie)) {
		return 0, false
	}
	u := p.trie[i]
	at := from ^ u>>10<<(u&(1<<9)>>6)
	return at, int64(at) < int64(len(p.trie))
}
