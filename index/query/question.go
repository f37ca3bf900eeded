package query

import (
	"strings"
	"unicode"
)

// Question is what the parser understood of a question in words.
type Question struct {
	Positive string   // what should be seen; this is encoded. Never empty if the text had a word
	Without  []string // what should not be seen; encoded and subtracted
	Phrases  []string // quoted: must be found in labels, names or notes
	Bare     bool     // at most two words that mean something: a class word, not a sentence
	Worn     bool     // something that people wear is what should not be seen
	Sentence string   // the whole question, as it was asked
	Affirmed string   // the question turned round: "a worker with a helmet" where it says without. Empty if nothing is negated
}

// Parse splits quoted phrases and negations off a question. It knows English
// negations; other languages are passed on whole.
func Parse(text string) Question {
	tokens := split(text)
	positive, without, affirmed := splitNegation(tokens)
	q := Question{Positive: join(positive), Sentence: join(tokens)}
	if len(without) > 0 {
		q.Affirmed, q.Worn = join(affirmed), isWorn(without)
	}
	for _, w := range without {
		q.Without = append(q.Without, join(w))
	}
	q.Phrases = phrases(positive)
	switch {
	case len(tokens) == 0:
		// Only punctuation: let the model have it as it is.
		q.Positive = strings.Join(strings.Fields(text), " ")
	case len(without) > 0 && !hasContent(positive):
		q.Positive = backdrop(positive, without)
	}
	q.Bare = wordCount(q.Positive) <= 2
	return q
}

// phrases collects the quoted phrases. Those that were negated are not among the
// tokens any more, so that `no "forklift"` does not demand a forklift.
func phrases(tokens []token) []string {
	var out []string
	last := 0
	for i := 0; i < len(tokens); i++ {
		if tokens[i].phrase == 0 || tokens[i].phrase == last {
			continue
		}
		last = tokens[i].phrase
		end := i
		for end < len(tokens) && tokens[end].phrase == last {
			end++
		}
		out = append(out, join(tokens[i:end]))
	}
	return out
}

// backdrop says what to look for when a question only tells what is absent:
// somebody who could wear the thing that is missing, or else a scene without it.
func backdrop(positive []token, without [][]token) string {
	if isWorn(without) {
		return strings.TrimSpace("a person " + join(positive))
	}
	return strings.TrimSpace("an empty scene " + join(positive))
}

// isWorn reports whether one of the things is something that people wear.
func isWorn(things [][]token) bool {
	for _, thing := range things {
		for _, t := range thing {
			if worn[t.low] {
				return true
			}
		}
	}
	return false
}

// hasContent reports whether the words name something by themselves: "in the
// car park" does not, it only says where.
func hasContent(tokens []token) bool {
	i := 0
	for i < len(tokens) && (articles[tokens[i].low] || filler[tokens[i].low]) {
		i++
	}
	return i < len(tokens) && !prepositions[tokens[i].low]
}

// wordCount counts words without articles. Scripts written without spaces count
// a word for every three characters or part of that.
func wordCount(text string) int {
	n := 0
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if articles[word] {
			continue
		}
		wide := 0
		for _, r := range word {
			if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai) {
				wide++
			}
		}
		n += max(1, (wide+2)/3)
	}
	return n
}
