package japanese

import (
	"strings"

	"github.com/ikawaha/kagome/v2/tokenizer"
)

// Translation is a question in English.
type Translation struct {
	English string   // "" if no word was understood
	Unknown []string // words that no table has, as they were written
	Ignored []string // words that say nothing about a picture: times
}

// Translator translates questions. It is safe for concurrent use.
type Translator struct {
	tokenizer *tokenizer.Tokenizer
	lexicon   *lexicon
	table     *table
}

// New loads the dictionaries: about 0.3 s, and memory that stays (see
// docs/languages.md). The error names the table that is damaged.
func New() (*Translator, error) {
	l, err := parseLexicon(lexiconText)
	if err != nil {
		return nil, err
	}
	t, err := openTable(tableBytes)
	if err != nil {
		return nil, err
	}
	k, err := openAnalysis(analysisBytes)
	if err != nil {
		return nil, err
	}
	return &Translator{tokenizer: k, lexicon: l, table: t}, nil
}

// Translate puts a question into English. Text in other letters stays as it is,
// and so do quoted phrases.
func (t *Translator) Translate(text string) Translation {
	var out Translation
	if len(text) > maxBytes {
		text = strings.ToValidUTF8(text[:maxBytes], "")
	}
	r := &reader{lexicon: t.lexicon, table: t.table}
	for _, part := range splitQuotes(text) {
		if part.quoted {
			r.foreign(part.text)
			continue
		}
		r.ms = analyse(t.tokenizer, normalise(part.text))
		r.read()
	}
	var sentences []string
	for _, words := range cut(r.out) {
		p := &parser{words: words}
		if english := p.parse(); english != "" {
			sentences = append(sentences, english)
		}
	}
	out.English = strings.Join(sentences, ", ")
	out.Unknown, out.Ignored = r.unknown, r.ignored
	return out
}

// cut divides words into sentences and drops what asks.
func cut(words []word) [][]word {
	var out [][]word
	var current []word
	for _, w := range words {
		switch w.class {
		case classStop:
			out = append(out, current)
			current = nil
		case classAsking:
			// を見せて: what stands before it is what is wanted.
			if n := len(current); n > 0 && current[n-1].class == classParticle {
				current = current[:n-1]
			}
		default:
			current = append(current, w)
		}
	}
	return append(out, current)
}
