package text

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/search/query"
)

// Query selects clips. All of it must hold.
type Query struct {
	Labels []string // each must be among the clip's labels, whole; case does not count
	Words  string   // words, and "exact phrases" in quotes: each must occur
}

// Empty reports whether the query selects everything.
func (q Query) Empty() bool { return len(q.Labels) == 0 && strings.TrimSpace(q.Words) == "" }

// Bounds of a query. Looking up a phrase takes time that grows faster than its
// length, and cannot be cancelled on the way.
const (
	MaxWords = 64      // words, phrases and labels
	MaxTerms = 64      // words of all phrases, and pairs of CJK characters
	MaxBytes = 4 << 10 // of Words
)

// ErrTooManyWords is returned for a query beyond MaxWords, MaxTerms or MaxBytes.
var ErrTooManyWords = fmt.Errorf("more than %d words, or %d characters of Japanese or Chinese, to filter by", MaxWords, MaxTerms)

// errNothing means that no clip can match, such as for a query of dots.
var errNothing = errors.New("nothing to look for")

type part struct {
	text   string
	phrase bool
}

// parts splits a query at white space, keeping what is in quotes together.
// An unclosed quote reaches to the end. Typographic quotes count too.
func parts(q string) []part {
	var out []part
	add := func(s string, phrase bool) {
		if p := (part{normalise(s), phrase}); p.text != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	isQuote := func(r rune) bool { return strings.ContainsRune("\"“”„«»「」『』", r) }
	for q != "" {
		q = strings.TrimLeftFunc(q, unicode.IsSpace)
		if q == "" {
			break
		}
		r, n := utf8.DecodeRuneInString(q)
		if isQuote(r) {
			q = q[n:]
			end := strings.IndexFunc(q, isQuote)
			if end < 0 {
				add(q, true)
				break
			}
			add(q[:end], true)
			_, n = utf8.DecodeRuneInString(q[end:])
			q = q[end+n:]
			continue
		}
		end := strings.IndexFunc(q, func(r rune) bool { return unicode.IsSpace(r) || isQuote(r) })
		if end < 0 {
			end = len(q)
		}
		add(q[:end], false)
		q = q[end:]
	}
	return out
}

// compile makes bleve's form of q.
func (s *schema) compile(q Query) (query.Query, error) {
	var all []query.Query
	for _, l := range q.Labels {
		t := bleve.NewTermQuery(foldLabel(l))
		t.SetField(fieldLabel)
		all = append(all, t)
	}
	if len(q.Words) > MaxBytes {
		return nil, ErrTooManyWords
	}
	ps := parts(q.Words)
	if len(ps)+len(q.Labels) > MaxWords {
		return nil, ErrTooManyWords
	}
	found, terms := false, 0
	for _, p := range ps {
		c, n := s.word(p)
		if c != nil {
			all, found = append(all, c), true
		}
		if terms += n; terms > MaxTerms {
			return nil, ErrTooManyWords
		}
	}
	if strings.TrimSpace(q.Words) != "" && !found || len(all) == 0 {
		return nil, errNothing
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return bleve.NewConjunctionQuery(all...), nil
}

// word is the query for one word or phrase and the number of its terms, nil if
// there is nothing in it to look for, such as punctuation.
func (s *schema) word(p part) (query.Query, int) {
	exact := s.exact.Analyze([]byte(p.text))
	if len(exact) == 0 {
		return nil, 0
	}
	if len(exact) == 1 && exact[0].Type == analysis.Ideographic && utf8.RuneCount(exact[0].Term) == 1 {
		// One character: any pair that holds it.
		w := bleve.NewWildcardQuery("*" + string(exact[0].Term) + "*")
		w.SetField(fieldExact)
		return w, 1
	}
	look := func(field, analyzer string, tokens analysis.TokenStream) query.Query {
		if len(tokens) == 1 { // spares reading where in a text it stands
			t := bleve.NewTermQuery(string(tokens[0].Term))
			t.SetField(field)
			return t
		}
		m := bleve.NewMatchPhraseQuery(p.text)
		m.SetField(field)
		m.Analyzer = analyzer
		return m
	}
	e := look(fieldExact, cjk.AnalyzerName, exact)
	stemmed := s.stemmed.Analyze([]byte(p.text))
	if p.phrase || len(stemmed) == 0 {
		return e, len(exact)
	}
	return bleve.NewDisjunctionQuery(look(fieldStemmed, en.AnalyzerName, stemmed), e), len(exact)
}
