package japanese

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"

	"github.com/ikawaha/kagome-dict/dict"
	"github.com/ikawaha/kagome/v2/tokenizer"
)

// analysisBytes is the dictionary of the analysis, a smaller IPA dictionary made
// by packaging/language/analysis.
//
//go:embed analysis.dict
var analysisBytes []byte

// Features of a morpheme in that dictionary.
const (
	featureKind = 4
	featureForm = 5
	featureBase = 6
)

func openAnalysis(packed []byte) (*tokenizer.Tokenizer, error) {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, fmt.Errorf("open the analysis: %w", err)
	}
	d, err := dict.Load(z, true)
	if err != nil {
		return nil, fmt.Errorf("load the analysis: %w", err)
	}
	share(d)
	t, err := tokenizer.New(d, tokenizer.OmitBosEos())
	if err != nil {
		return nil, fmt.Errorf("start the analysis: %w", err)
	}
	return t, nil
}

// morpheme is the smallest piece that the analysis knows.
type morpheme struct {
	surface string
	base    string // dictionary form; the surface where there is none
	pos     string // part of speech: 名詞, 動詞, ...
	sub     string // first subdivision: サ変接続, 自立, ...
	kind    string // kind of inflection; 特殊・タ tells た from others
	form    string // form of inflection; 連用形, 基本形, ...
	known   bool
}

func (m *morpheme) is(pos, sub string) bool { return m.pos == pos && (sub == "" || m.sub == sub) }

// share keeps one of the many rows that are equal: a few dozen parts of speech,
// and nothing for words that do not inflect.
func share(d *dict.Dict) {
	seen := map[[8]dict.POSID]dict.POS{}
	for i, pos := range d.POSTable.POSs {
		var key [8]dict.POSID
		if copy(key[:], pos) < len(pos) {
			continue
		}
		if same, ok := seen[key]; ok {
			d.POSTable.POSs[i] = same
		} else {
			seen[key] = pos
		}
	}
	for i, row := range d.Contents {
		if len(row) == 1 && row[0] == "" {
			d.Contents[i] = nil
		}
	}
}

func analyse(t *tokenizer.Tokenizer, text string) []morpheme {
	tokens := t.Tokenize(text)
	out := make([]morpheme, 0, len(tokens))
	for i := range tokens {
		out = append(out, newMorpheme(&tokens[i]))
	}
	return out
}

func newMorpheme(t *tokenizer.Token) morpheme {
	m := morpheme{surface: t.Surface, base: t.Surface, known: t.Class == tokenizer.KNOWN}
	features := t.Features()
	at := func(i int) string {
		if i < len(features) && features[i] != "*" {
			return features[i]
		}
		return ""
	}
	m.pos, m.sub, m.kind, m.form = at(0), at(1), at(featureKind), at(featureForm)
	if base := at(featureBase); base != "" && m.known {
		m.base = base
	}
	return m
}
