package query

import (
	"strings"
	"unicode"
)

// token is one word of a question, with what the parser needs to know of it.
type token struct {
	text   string // as written, without the punctuation around it
	low    string // lower case, for comparing
	ends   bool   // a comma, full stop or the like follows: a clause ends here
	phrase int    // number of the quoted phrase it belongs to, from 1; 0: none
}

// quotes maps an opening quotation mark to the one that closes it.
var quotes = map[rune]rune{'"': '"', '“': '”', '„': '“', '«': '»', '「': '」', '『': '』'}

// split cuts a question into words and finds the quoted phrases. A quotation
// mark that is never closed is ignored.
func split(text string) []token {
	var out []token
	phrases := 0
	runes := []rune(text)
	start := 0              // of the unquoted stretch
	gone := map[rune]bool{} // closing marks that do not come any more
	for i := 0; i < len(runes); i++ {
		end, quoted := quotes[runes[i]]
		if !quoted || gone[end] {
			continue
		}
		stop := i + 1
		for stop < len(runes) && runes[stop] != end {
			stop++
		}
		if stop == len(runes) {
			gone[end] = true
			continue
		}
		out = appendWords(out, runes[start:i], 0)
		before := len(out)
		out = appendWords(out, runes[i+1:stop], phrases+1)
		if len(out) > before {
			phrases++
		}
		start, i = stop+1, stop
	}
	return appendWords(out, runes[start:], 0)
}

func appendWords(out []token, text []rune, phrase int) []token {
	for _, field := range strings.FieldsFunc(string(text), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || isStrayQuote(r)
	}) {
		word := strings.TrimLeftFunc(field, isEdge)
		bare := strings.TrimRightFunc(word, isEdge)
		ends := strings.ContainsAny(word[len(bare):], ",;.:!?、。")
		if bare == "" {
			if ends = strings.ContainsAny(field, ",;.:!?、。"); ends && len(out) > 0 {
				out[len(out)-1].ends = true
			}
			continue
		}
		low := strings.ReplaceAll(strings.ToLower(bare), "’", "'")
		out = append(out, token{text: bare, low: low, ends: ends, phrase: phrase})
	}
	return out
}

func isStrayQuote(r rune) bool {
	_, open := quotes[r]
	return open || r == '”' || r == '»' || r == '」' || r == '』'
}

// isEdge tells punctuation and symbols around a word from the word.
func isEdge(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && !unicode.Is(unicode.So, r) && r != '\''
}

func join(tokens []token) string {
	words := make([]string, len(tokens))
	for i, t := range tokens {
		words[i] = t.text
	}
	return strings.Join(words, " ")
}
