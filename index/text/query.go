package text

import (
	"errors"
	"fmt"
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

// MaxWords bounds the words and phrases of a query.
const MaxWords = 64

// ErrTooManyWords is returned for a query with more than MaxWords words.
var ErrTooManyWords = fmt.Errorf("more than %d words to filter by", MaxWords)

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
		if s = normalise(s); s != "" {
			out = append(out, part{s, phrase})
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
	ps := parts(q.Words)
	if len(ps)+len(q.Labels) > MaxWords {
		return nil, ErrTooManyWords
	}
	found := false
	for _, p := range ps {
		if c := s.word(p); c != nil {
			all, found = append(all, c), true
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

// word is the query for one word or phrase, nil if there is nothing in it to
// look for, such as punctuation.
func (s *schema) word(p part) query.Query {
	exact := s.exact.Analyze([]byte(p.text))
	if len(exact) == 0 {
		return nil
	}
	if len(exact) == 1 && exact[0].Type == analysis.Ideographic && utf8.RuneCount(exact[0].Term) == 1 {
		// One character: any pair that holds it.
		w := bleve.NewWildcardQuery("*" + string(exact[0].Term) + "*")
		w.SetField(fieldExact)
		return w
	}
	phrase := func(field, analyzer string) query.Query {
		m := bleve.NewMatchPhraseQuery(p.text)
		m.SetField(field)
		m.Analyzer = analyzer
		return m
	}
	e := phrase(fieldExact, cjk.AnalyzerName)
	if p.phrase || len(s.stemmed.Analyze([]byte(p.text))) == 0 {
		return e
	}
	return bleve.NewDisjunctionQuery(phrase(fieldStemmed, en.AnalyzerName), e)
}
