package main

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome-dict/dict/trie"
)

// hiding are words of the dictionary that are something else in a question.
var hiding = map[string]bool{"木の下": true}

// features of a word that are kept: part of speech, inflection, dictionary form.
const kept = 7

func main() {
	ipa := flag.String("ipa", "", "ipa.dict of kagome-dict")
	words := flag.String("words", "", "word table, jmdict.tsv.gz")
	out := flag.String("out", "", "file to write")
	flag.Parse()
	if err := run(*ipa, *words, *out); err != nil {
		fmt.Fprintln(os.Stderr, "analysis:", err)
		os.Exit(1)
	}
}

func run(ipa, words, out string) (err error) {
	known, err := readWords(words)
	if err != nil {
		return err
	}
	d, err := dict.LoadDictFile(ipa)
	if err != nil {
		return fmt.Errorf("read %s: %w", ipa, err)
	}
	small, err := shrink(d, known)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("make the dictionary: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	fmt.Printf("%d of %d words\n", len(small.Morphs), len(d.Morphs))
	return write(f, ipa, small)
}

// readWords returns the nouns of the word table.
func readWords(path string) (_ map[string]bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the word table: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("read the word table: %w", err)
	}
	known := map[string]bool{}
	s := bufio.NewScanner(z)
	for s.Scan() {
		word, rest, _ := strings.Cut(s.Text(), "\t")
		if strings.HasPrefix(rest, "n") {
			known[word] = true
		}
	}
	return known, s.Err()
}

// shrink returns the words of d that are kept.
func shrink(d *dict.Dict, known map[string]bool) (*dict.Dict, error) {
	surfaces := make([]string, len(d.Morphs))
	walk(d.Index.Da, func(id int, surface string) {
		for i := id; i <= id+int(d.Index.Dup[int32(id)]); i++ {
			surfaces[i] = surface
		}
	})
	small := &dict.Dict{POSTable: dict.POSTable{NameList: d.POSTable.NameList}}
	var keys []string
	for id, surface := range surfaces {
		if surface == "" || hiding[surface] {
			continue
		}
		pos := d.POSTable.POSs[id]
		if d.POSTable.NameList[pos[1]] == "固有名詞" && (d.POSTable.NameList[pos[2]] != "地域" || !known[surface]) {
			continue
		}
		keys = append(keys, surface)
		small.Morphs = append(small.Morphs, d.Morphs[id])
		small.POSTable.POSs = append(small.POSTable.POSs, pos)
		small.Contents = append(small.Contents, content(d.Contents[id], kept-len(pos)))
	}
	var err error
	small.Index, err = dict.BuildIndexTable(keys)
	if err != nil {
		return nil, fmt.Errorf("index the words: %w", err)
	}
	return small, nil
}

// content keeps the first features of words that inflect, none of others.
func content(row []string, n int) []string {
	if len(row) < n || n < 1 || row[0] == "*" {
		return nil
	}
	return row[:n]
}

// walk calls found for all words of a double array, in the order of their bytes.
func walk(da trie.DoubleArray, found func(id int, surface string)) {
	var visit func(node int, prefix []byte)
	visit = func(node int, prefix []byte) {
		base := int(da[node].Base)
		for b := 0; b < 256; b++ {
			next := base + b
			if next <= 0 || next >= len(da) || int(da[next].Check) != node || next == node {
				continue
			}
			if b == 0 {
				if da[next].Base <= 0 {
					found(int(-da[next].Base), string(prefix))
				}
				continue
			}
			visit(next, append(prefix, byte(b)))
		}
	}
	visit(0, nil)
}

// write writes the changed parts, and the others as they are in ipa.
func write(w io.Writer, ipa string, d *dict.Dict) (err error) {
	from, err := zip.OpenReader(ipa)
	if err != nil {
		return fmt.Errorf("read %s: %w", ipa, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	changed := map[string]io.WriterTo{
		dict.MorphDictFileName: d.Morphs, dict.POSDictFileName: d.POSTable,
		dict.ContentDictFileName: d.Contents, dict.IndexDictFileName: d.Index,
	}
	z := zip.NewWriter(w)
	for _, f := range from.File {
		part := changed[f.Name]
		if part == nil {
			if err := z.Copy(f); err != nil {
				return fmt.Errorf("copy %s: %w", f.Name, err)
			}
			continue
		}
		entry, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate})
		if err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
		if _, err := part.WriteTo(entry); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	return z.Close()
}
