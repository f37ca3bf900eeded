package tokenizer

import "strings"

// metaspace writes spaces as a visible mark and cuts before each, as
// sentencepiece does.
type metaspace struct {
	mark   string
	prefix prefixScheme
	split  bool
}

// prefixScheme says which stretches of text get a mark before them.
type prefixScheme int

const (
	prefixAlways prefixScheme = iota
	prefixFirst               // the one at the start of the text
	prefixNever
)

func (m metaspace) words(n normalized, yield func(word) bool) bool {
	text := strings.ReplaceAll(n.text, " ", m.mark)
	if (m.prefix == prefixAlways || m.prefix == prefixFirst && n.first) && !strings.HasPrefix(text, m.mark) {
		text = m.mark + text
	}
	for text != "" {
		end := len(text)
		if m.split {
			skip := 0
			if strings.HasPrefix(text, m.mark) {
				skip = len(m.mark)
			}
			if next := strings.Index(text[skip:], m.mark); next >= 0 {
				end = skip + next
			}
		}
		w := text[:end]
		if !yield(word{text: w, source: strings.TrimSpace(strings.ReplaceAll(w, m.mark, " "))}) {
			return false
		}
		text = text[end:]
	}
	return true
}
