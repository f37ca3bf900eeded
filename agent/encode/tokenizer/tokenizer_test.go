package tokenizer

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// shapes are the tokenizers under testdata, one of each kind.
var shapes = []string{"bert", "clip", "gpt2", "siglip", "xlmr", "t5", "gemma", "llama"}

func TestEqualToPython(t *testing.T) {
	for _, name := range shapes {
		t.Run(name, func(t *testing.T) {
			compare(t, load(t, name), "testdata/"+name+".ids.json.gz")
		})
	}
}

// compare wants exactly the token numbers in the file for the lines of testdata.
func compare(t *testing.T, tk *Tokenizer, idsFile string) {
	t.Helper()
	var lines []string
	var want [][]int
	unzip(t, "testdata/lines.json.gz", &lines)
	unzip(t, idsFile, &want)
	if len(lines) != len(want) || len(lines) < 2000 {
		t.Fatalf("%d lines, %d answers", len(lines), len(want))
	}
	bad := 0
	for i, line := range lines {
		if got := tk.Encode(line, 0); !slices.Equal(got.IDs, want[i]) {
			if bad++; bad <= 10 {
				t.Errorf("%.80q:\n got %d ids %v\nwant %d ids %v", line, len(got.IDs), head(got.IDs), len(want[i]), head(want[i]))
			}
		}
	}
	t.Logf("%d of %d lines differ", bad, len(lines))
}

func TestLimit(t *testing.T) {
	for _, name := range shapes {
		tk := load(t, name)
		long := "a worker with a yellow helmet, near the conveyor belt at night"
		all := tk.Encode(long, 0)
		around := len(tk.template.before) + len(tk.template.after)
		for limit := 1; limit < len(all.IDs)+3; limit++ {
			e := tk.Encode(long, limit)
			if len(e.IDs) != len(e.Word) {
				t.Fatalf("%s, %d: %d ids, %d words", name, limit, len(e.IDs), len(e.Word))
			}
			if limit >= len(all.IDs) {
				if e.Truncated || !slices.Equal(e.IDs, all.IDs) || !slices.Equal(e.Words, all.Words) {
					t.Errorf("%s, %d: cut to %v", name, limit, e)
				}
				continue
			}
			if !e.Truncated || len(e.IDs) != max(limit, around) {
				t.Errorf("%s, %d: %d ids, truncated %v", name, limit, len(e.IDs), e.Truncated)
			}
			n := len(e.IDs) - len(tk.template.after)
			if !slices.Equal(e.IDs[:n], all.IDs[:n]) || !slices.Equal(e.IDs[n:], tk.template.after) {
				t.Errorf("%s, %d: ids %v", name, limit, e.IDs)
			}
			for _, w := range e.Word {
				if w >= len(e.Words) {
					t.Errorf("%s, %d: word %d of %v", name, limit, w, e.Words)
				}
			}
		}
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct {
		name, text     string
		words, unknown []string
	}{
		{"bert", "Café, hard-hat!", []string{"Café", ",", "hard", "-", "hat", "!"}, nil},
		{"bert", "a cafe\u0301\x00 x", []string{"a", "cafe\u0301\x00", "x"}, nil},
		{"bert", "a 𐎀 ᚠ dog", []string{"a", "𐎀", "ᚠ", "dog"}, []string{"𐎀", "ᚠ"}},
		{"bert", "東京 x", []string{"東", "京", "x"}, []string{"東", "京"}},
		{"bert", "see [MASK]", []string{"see", "[MASK]"}, nil},
		{"bert", "  ", nil, nil},
		{"clip", "A Dog's  hat", []string{"a", "dog", "'s", "hat"}, nil},
		{"clip", "Café ヘルメット", []string{"café", "ヘルメット"}, nil},
		{"gpt2", "a dog's hat", []string{"a", "dog", "'s", "hat"}, nil},
		{"siglip", "A  Dog's hat!", []string{"a", "dogs", "hat"}, nil},
		{"xlmr", "A Dog's hat 𐎀𐎀 x", []string{"A", "Dog's", "hat", "𐎀𐎀", "x"}, []string{"𐎀𐎀"}},
		{"xlmr", "   ", nil, nil},
		{"t5", "two men </s> walk", []string{"two", "men", "</s>", "walk"}, nil},
		{"gemma", "a dog's  hat", []string{"a", "dog's", "hat"}, nil},
		{"gemma", "a 𐎀 x", []string{"a", "𐎀", "x"}, nil},
		{"llama", "Two men 𐎀 x", []string{"Two", "men", "𐎀", "x"}, nil},
	} {
		tk := load(t, c.name)
		e := tk.Encode(c.text, 0)
		if !slices.Equal(e.Words, c.words) || !slices.Equal(e.Unknown, c.unknown) {
			t.Errorf("%s %q: words %q, unknown %q, want %q and %q", c.name, c.text, e.Words, e.Unknown, c.words, c.unknown)
		}
		if next := slices.Max(append([]int{-1}, e.Word...)) + 1; next != len(c.words) {
			t.Errorf("%s %q: ids belong to %d words: %v", c.name, c.text, next, e.Word)
		}
	}
	e := load(t, "bert").Encode("dog 𐎀 𐎀", 4)
	if !slices.Equal(e.Words, []string{"dog", "𐎀"}) || !slices.Equal(e.Unknown, []string{"𐎀"}) {
		t.Errorf("cut after the first unknown word: %q, %q", e.Words, e.Unknown)
	}
}

// A limited encoding is the beginning of the unlimited one, for any text.
func TestLimitIsPrefix(t *testing.T) {
	for _, name := range shapes {
		tk := load(t, name)
		rapid.Check(t, func(t *rapid.T) {
			text := rapid.StringN(0, 60, -1).Draw(t, "text")
			limit := rapid.IntRange(2, 20).Draw(t, "limit")
			all, cut := tk.Encode(text, 0), tk.Encode(text, limit)
			n := len(cut.IDs) - len(tk.template.after)
			if !slices.Equal(all.IDs[:n], cut.IDs[:n]) || cut.Truncated != (len(all.IDs) > limit) {
				t.Fatalf("%s: %v is not the start of %v, truncated %v", name, cut.IDs, all.IDs, cut.Truncated)
			}
			if !slices.Equal(cut.Words, all.Words[:len(cut.Words)]) {
				t.Fatalf("%s: words %q, of %q", name, cut.Words, all.Words)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, json, says string
		unsupported      bool
	}{
		{"no json", "{", "unexpected end", false},
		{"no model", "{}", "model: it is missing", false},
		{"model of another kind", `{"model": {"type": "WordLevel", "vocab": {}}}`, `"WordLevel"`, true},
		{"empty unigram", `{"model": {"type": "Unigram", "vocab": []}}`, "empty", false},
		{"unigram without unknown", `{"model": {"type": "Unigram", "vocab": [["a", -1]]}}`, "unk_id", false},
		{"unigram with wild unknown", `{"model": {"type": "Unigram", "unk_id": 1, "vocab": [["a", -1]]}}`, "unk_id", false},
		{"unigram without scores", `{"model": {"type": "Unigram", "unk_id": 0, "vocab": [["a"]]}}`, "score", false},
		{"no type", `{"model": {}}`, "no type", false},
		{"empty vocabulary", `{"model": {"type": "BPE", "vocab": {}, "merges": []}}`, "empty", false},
		{"negative id", `{"model": {"type": "BPE", "vocab": {"a": -1}, "merges": []}}`, "-1", false},
		{"no unknown token", `{"model": {"type": "WordPiece", "vocab": {"a": 1}}}`, "[UNK]", false},
		{"merge outside", `{"model": {"type": "BPE", "vocab": {"a": 1}, "merges": ["a b"]}}`, `"b"`, false},
		{"merge without space", `{"model": {"type": "BPE", "vocab": {"a": 1}, "merges": ["ab"]}}`, "no space", false},
		{"merge of three", `{"model": {"type": "BPE", "vocab": {"a": 1}, "merges": [["a","b","c"]]}}`, "no pair", false},
		{"dropout", `{"model": {"type": "BPE", "dropout": 0.1, "vocab": {"a": 1}, "merges": []}}`, "dropout", true},
		{"normalizer", `{"normalizer": {"type": "Nmt"}}`, "Nmt", true},
		{"no table", `{"normalizer": {"type": "Precompiled"}}`, "too short", false},
		{"table of nonsense", `{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "%%"}}`, "base64", false},
		{"table cut off", `{"normalizer": {"type": "Precompiled", "precompiled_charsmap": "CAAAAAAAAAA="}}`, "trie", false},
		{"pre-tokenizer", `{"pre_tokenizer": {"type": "UnicodeScripts"}}`, "UnicodeScripts", true},
		{"metaspace of two", `{"pre_tokenizer": {"type": "Metaspace", "replacement": "__"}}`, "one character", false},
		{"metaspace scheme", `{"pre_tokenizer": {"type": "Metaspace", "prepend_scheme": "last"}}`, "last", true},
		{"look ahead", `{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a(?!b)"}, "behavior": "Isolated"}}`, "a(?!b)", true},
		{"word class", `{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated"}}`, `\w`, true},
		{"behavior", `{"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Contiguous"}}`, "Contiguous", true},
		{"template without text", `{"post_processor": {"type": "TemplateProcessing", "single": []}}`, "0 times", false},
		{"template token", `{"post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "X"}}]}}`, `"X"`, false},
		{"processing without sep", `{"post_processor": {"type": "BertProcessing", "cls": ["a", 1]}}`, "sep", false},
		{"single word", `{"model": {"type": "BPE", "vocab": {"a": 1}, "merges": []}, "added_tokens": [{"id": 1, "content": "x", "single_word": true}]}`, "single_word", true},
	} {
		_, err := Parse([]byte(c.json))
		if err == nil || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrUnsupported) != c.unsupported {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzEncode(f *testing.F) {
	var all []*Tokenizer
	for _, name := range shapes {
		all = append(all, load(f, name))
	}
	for _, s := range []string{"a worker", "", "\xff\xfe\x80", "日本語 [MASK]<|endoftext|>", "'s  \u0301\u0130", " \t 's"} {
		f.Add(s, 8)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		for i, tk := range all {
			e := tk.Encode(s, limit)
			if limit > 1 && len(e.IDs) > limit {
				t.Fatalf("%s: %d ids for a limit of %d", shapes[i], len(e.IDs), limit)
			}
			if len(e.IDs) != len(e.Word) {
				t.Fatalf("%s: %d ids, %d words", shapes[i], len(e.IDs), len(e.Word))
			}
			for _, w := range slices.Concat(e.Words, e.Unknown) {
				if !utf8.ValidString(w) || w == "" {
					t.Fatalf("%s: word %q", shapes[i], w)
				}
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"added_tokens":[{"id":1,"content":"[X]","rstrip":true}],"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"c"}},{"Sequence":{"id":"A"}}],"special_tokens":{"c":{"ids":[2]}}},"model":{"type":"WordPiece","vocab":{"[UNK]":0,"a":3,"##b":4}}}`,
		`{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":" "},{"type":"Lowercase"}]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"'s|[\\p{L}]+|[^\\s\\p{L}]+"},"behavior":"Removed","invert":true},{"type":"ByteLevel"}]},"post_processor":{"type":"RobertaProcessing","sep":["e",1],"cls":["s",0]},"model":{"type":"BPE","unk_token":"e","end_of_word_suffix":"w","vocab":{"e":1,"a":2,"aw":3,"aaw":4},"merges":["a aw"]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Add([]byte(`{"normalizer":{"type":"Sequence","normalizers":[{"type":"Strip"},{"type":"Prepend","prepend":"x"},{"type":"Precompiled","precompiled_charsmap":"CAAAAAEAAAABAAAAYQA="}]},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace"},{"type":"Split","pattern":{"String":"a"},"behavior":"MergedWithNext"}]},"model":{"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],["▁a",-1.5],["<0x61>",-3]]}}`))
	f.Add([]byte(`{"model":{"type":"BPE","byte_fallback":true,"unk_token":"u","vocab":{"u":0,"▁":1,"a":2,"▁a":3,"<0x31>":4},"merges":[["▁","a"]]}}`))
	f.Add([]byte(`{"normalizer":{"type":"Replace","pattern":{"String":"a"},"content":"b"},"model":{"type":"BPE","vocab":{"a":1},"merges":[]}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if tk, err := Parse(b); err == nil {
			tk.Encode("a worker's ヘルメット 12 \u0301", 16)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	query := "a worker without a hard hat near the conveyor belt at night"
	for _, name := range shapes {
		tk := load(b, name)
		b.Run(name+"/query", func(b *testing.B) {
			for b.Loop() {
				tk.Encode(query, 32)
			}
		})
		for what, text := range map[string]string{"words": strings.Repeat(query+" ", 1700), "one-word": strings.Repeat("ab", 50_000), "marks": strings.Repeat("a\u0301", 33_000)} {
			b.Run(name+"/100kB-"+what, func(b *testing.B) {
				for b.Loop() {
					tk.Encode(text, 32)
				}
			})
		}
	}
}

func head(ids []int) []int { return ids[:min(len(ids), 30)] }

func load(t testing.TB, name string) *Tokenizer {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".tokenizer.json")
	if errors.Is(err, os.ErrNotExist) {
		var packed json.RawMessage
		unzip(t, "testdata/"+name+".tokenizer.json.gz", &packed)
		b, err = packed, nil
	}
	if err != nil {
		t.Fatal(err)
	}
	tk, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	return tk
}

func unzip(t testing.TB, name string, into any) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}
