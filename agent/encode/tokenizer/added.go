package tokenizer

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// addedToken is a text that is one token wherever it stands.
type addedToken struct {
	id             int
	content        string
	lstrip, rstrip bool // takes the white space before, after it along
}

// addedTokens finds added tokens in a text.
type addedTokens struct {
	byFirst map[byte][]addedToken // longest first
}

func newAddedTokens(tokens []addedToken) addedTokens {
	a := addedTokens{byFirst: map[byte][]addedToken{}}
	for _, t := range tokens {
		if t.content != "" {
			a.byFirst[t.content[0]] = append(a.byFirst[t.content[0]], t)
		}
	}
	for _, list := range a.byFirst {
		slices.SortStableFunc(list, func(x, y addedToken) int { return cmp.Compare(len(y.content), len(x.content)) })
	}
	return a
}

// split calls found for each added token in text and rest for each stretch
// between them, in order, until one returns false. It returns false if one did.
func (a addedTokens) split(text string, found func(id int, content string) bool, rest func(from, to int) bool) bool {
	done := 0
	for i := 0; i < len(text) && len(a.byFirst) > 0; {
		t, ok := a.at(text[i:])
		if !ok {
			i++
			continue
		}
		from, to := i, i+len(t.content)
		if t.lstrip {
			from = done + len(strings.TrimRightFunc(text[done:from], unicode.IsSpace))
		}
		if t.rstrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], unicode.IsSpace))
		}
		if done < from && !rest(done, from) || !found(t.id, t.content) {
			return false
		}
		done, i = to, to
	}
	return done == len(text) || rest(done, len(text))
}

func (a addedTokens) at(text string) (addedToken, bool) {
	for _, t := range a.byFirst[text[0]] {
		if strings.HasPrefix(text, t.content) {
			return t, true
		}
	}
	return addedToken{}, false
}
