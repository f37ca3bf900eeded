package tokenizer

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A splitter cuts a normalised text into words and calls yield for each, until
// yield returns false. It returns false if yield did.
type splitter interface {
	words(text normalized, yield func(word) bool) bool
}

// bertSplitter cuts at white space and makes each punctuation mark a word.
type bertSplitter struct{}

func (bertSplitter) words(n normalized, yield func(word) bool) bool {
	start := 0
	for i, r := range n.text {
		space, punct := unicode.IsSpace(r), unicode.Is(punctuation, r)
		if !space && !punct {
			continue
		}
		if start < i && !yield(n.word(start, i)) {
			return false
		}
		start = i + utf8.RuneLen(r)
		if punct && !yield(n.word(i, start)) {
			return false
		}
	}
	return start == len(n.text) || yield(n.word(start, len(n.text)))
}

// chain passes the words of each splitter to the next one.
type chain []splitter

func (c chain) words(n normalized, yield func(word) bool) bool {
	if len(c) == 0 {
		return n.text == "" || yield(n.word(0, len(n.text)))
	}
	return c[0].words(n, func(w word) bool {
		if len(c) == 1 {
			return yield(w)
		}
		return c[1:].words(normalized{text: w.text, source: w.source, first: w.first}, yield)
	})
}

// patternSplitter takes the matches of a pattern as words; what lies between
// them are words too, or dropped.
type patternSplitter struct {
	pattern *regexp.Regexp
	between bool
}

func (p patternSplitter) words(n normalized, yield func(word) bool) bool {
	done := 0
	for _, m := range p.pattern.FindAllStringIndex(n.text, -1) {
		if p.between && done < m[0] && !yield(n.word(done, m[0])) {
			return false
		}
		if m[0] < m[1] && !yield(n.word(m[0], m[1])) {
			return false
		}
		done = m[1]
	}
	return !p.between || done == len(n.text) || yield(n.word(done, len(n.text)))
}

// byteLevel writes every byte of a word as one visible character, as GPT-2
// does, after cutting by GPT-2's rule if split is set.
type byteLevel struct {
	prefixSpace, split bool
}

func (b byteLevel) words(n normalized, yield func(word) bool) bool {
	text := n.text
	if b.prefixSpace && !strings.HasPrefix(text, " ") {
		text = " " + text
	}
	for text != "" {
		end := len(text)
		if b.split {
			end = gpt2Word(text)
		}
		part := text[:end]
		if !yield(word{text: visible(part), source: strings.TrimSpace(part)}) {
			return false
		}
		text = text[end:]
	}
	return true
}

// gpt2Word returns the length of the first match of
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// which always begins at the start of a text that isn't empty.
func gpt2Word(text string) int {
	for _, c := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(text, c) {
			return len(c)
		}
	}
	skip := 0
	if text[0] == ' ' {
		skip = 1
	}
	if r, _ := utf8.DecodeRuneInString(text[skip:]); len(text) > skip && !unicode.IsSpace(r) {
		kind := kindOf(r)
		if end := strings.IndexFunc(text[skip:], func(r rune) bool { return kindOf(r) != kind }); end >= 0 {
			return skip + end
		}
		return len(text)
	}
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) })
	if end < 0 {
		return len(text)
	}
	// The last space of a run belongs to the word after it.
	if _, last := utf8.DecodeLastRuneInString(text[:end]); last < end {
		return end - last
	}
	return end
}

func kindOf(r rune) byte {
	switch {
	case unicode.IsSpace(r):
		return 's'
	case unicode.IsLetter(r):
		return 'L'
	case unicode.IsNumber(r):
		return 'N'
	}
	return 'o'
}

// byteRunes are the characters that stand for bytes: printable Latin-1 bytes
// stand for themselves, the others take the characters from U+0100 on.
var byteRunes = func() (table [256]rune) {
	next := rune(0x100)
	for b := range table {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			table[b] = rune(b)
		} else {
			table[b] = next
			next++
		}
	}
	return table
}()

func visible(text string) string {
	var out strings.Builder
	out.Grow(len(text) + len(text)/4)
	for i := range len(text) {
		out.WriteRune(byteRunes[text[i]])
	}
	return out.String()
}
