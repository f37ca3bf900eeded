package packimport

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gembahq/gemba/agent/encode/tokenizer"
)

// wordsConfig is what matters of tokenizer.json and the files beside it, apart
// from what package tokenizer reads.
type wordsConfig struct {
	text   []byte // tokenizer.json
	class  string // in transformers, "" if unknown
	lower  bool   // the tokenizer lower-cases
	length int    // longest text as the files say, 0 if they don't
	pad    int    // token that fills up, -1 if unknown
}

// maxLength is the longest text that a pack reads: questions are short, and
// some models were made for books.
const maxLength = 128

// words reads and tries the tokenizer.
func (f folder) words(c config) (wordsConfig, error) {
	w := wordsConfig{pad: -1}
	name := f.first("tokenizer.json", "textual/tokenizer.json", "onnx/tokenizer.json")
	if name == "" {
		return w, f.noTokenizer()
	}
	var err error
	if w.text, err = f.read(name); err != nil {
		return w, err
	}
	if _, err := tokenizer.Parse(w.text); errors.Is(err, tokenizer.ErrUnsupported) {
		return w, fmt.Errorf("%w: %s: %w", ErrUnsupported, name, err)
	} else if err != nil {
		return w, fmt.Errorf("%w: %s: %w: download it again", ErrFolder, name, err)
	}
	var t struct {
		Added []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Normalizer json.RawMessage `json:"normalizer"`
		Truncation *struct {
			Length int `json:"max_length"`
		} `json:"truncation"`
		Padding *struct {
			Strategy json.RawMessage `json:"strategy"`
			ID       int             `json:"pad_id"`
		} `json:"padding"`
		Model struct {
			Vocab json.RawMessage `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(w.text, &t); err != nil {
		return w, fmt.Errorf("%w: %s: %w", ErrFolder, name, err)
	}
	w.lower = strings.Contains(string(t.Normalizer), `"Lowercase"`) || strings.Contains(strings.ReplaceAll(string(t.Normalizer), " ", ""), `"lowercase":true`)

	beside := strings.TrimSuffix(name, "tokenizer.json")
	var settings struct {
		Class  string       `json:"tokenizer_class"`
		Length float64      `json:"model_max_length"` // some write 1e30 for no limit
		Pad    specialToken `json:"pad_token"`
	}
	if err := f.json(f.first(beside+"tokenizer_config.json", "tokenizer_config.json"), &settings); err != nil {
		return w, err
	}
	var special struct {
		Pad specialToken `json:"pad_token"`
	}
	if err := f.json(f.first(beside+"special_tokens_map.json", "special_tokens_map.json"), &special); err != nil {
		return w, err
	}
	w.class = settings.Class
	if settings.Length >= 3 && settings.Length <= 1<<20 {
		w.length = int(settings.Length)
	}
	if n := c.positions(); n > 0 && (w.length == 0 || n < w.length) {
		w.length = n
	}
	if t.Truncation != nil && t.Truncation.Length >= 3 && w.length == 0 {
		w.length = t.Truncation.Length
	}

	number := func(content string) int {
		for _, a := range t.Added {
			if a.Content == content {
				return a.ID
			}
		}
		var vocab map[string]int
		if json.Unmarshal(t.Model.Vocab, &vocab) == nil {
			if id, ok := vocab[content]; ok {
				return id
			}
		}
		return -1
	}
	for _, content := range []string{string(settings.Pad), string(special.Pad)} {
		if content != "" && w.pad < 0 {
			w.pad = number(content)
		}
	}
	if p := t.Padding; p != nil {
		w.pad = p.ID
		var strategy struct{ Fixed int }
		if json.Unmarshal(p.Strategy, &strategy) == nil && strategy.Fixed >= 3 && (w.length == 0 || strategy.Fixed < w.length) {
			w.length = strategy.Fixed
		}
	}
	if w.pad < 0 && c.Text.Pad != nil {
		w.pad = *c.Text.Pad
	}
	return w, nil
}

// noTokenizer says what to do with a tokenizer in another form.
func (f folder) noTokenizer() error {
	for _, other := range []string{"spiece.model", "tokenizer.model", "sentencepiece.bpe.model", "vocab.txt", "vocab.json", "merges.txt", "bpe_simple_vocab_16e6.txt.gz"} {
		if f.has(other) {
			return fmt.Errorf("%w: tokenizer.json is missing (%s alone is not read): take it from the model's page, or save it anew in Python with AutoTokenizer(…).save_pretrained", ErrFolder, other)
		}
	}
	return fmt.Errorf("%w: tokenizer.json is missing: download it too", ErrFolder)
}

// specialToken is "</s>", or an object with that as its content.
type specialToken string

func (s *specialToken) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		var object struct {
			Content string `json:"content"`
		}
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		text = object.Content
	}
	*s = specialToken(text)
	return nil
}
