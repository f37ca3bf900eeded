package tokenizer

import (
	"regexp"
	"unicode"
)

// delimiter cuts after each match of a pattern, or before it if next is set.
// Of several matches in a row only one joins its neighbour.
type delimiter struct {
	pattern *regexp.Regexp
	next    bool
}

func (d delimiter) words(n normalized, yield func(word) bool) bool {
	start := 0 // of what was not yet handed out
	cut := func(at int) bool {
		from := start
		start = max(start, at)
		return from >= at || yield(n.word(from, at))
	}
	done := 0 // end of the last match
	for _, m := range d.pattern.FindAllStringIndex(n.text, -1) {
		if m[0] == m[1] {
			continue
		}
		alone := m[0] == done && done > 0 // it follows another match
		done = m[1]
		if d.next {
			if !cut(m[0]) {
				return false
			}
			continue
		}
		if alone && !cut(m[0]) || !cut(m[1]) {
			return false
		}
	}
	return cut(len(n.text))
}

// whitespace takes what stands between white space as words.
type whitespace struct{}

func (whitespace) words(n normalized, yield func(word) bool) bool {
	start := -1
	for i, r := range n.text {
		space := unicode.IsSpace(r)
		if space && start >= 0 {
			if !yield(n.word(start, i)) {
				return false
			}
			start = -1
		} else if !space && start < 0 {
			start = i
		}
	}
	return start < 0 || yield(n.word(start, len(n.text)))
}
