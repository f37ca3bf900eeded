package tokenizer

// normalized is a text after normalising, with the way back to what was
// written where the normaliser keeps it.
type normalized struct {
	text   string
	source string
	// from[i] is the offset in source of the character that byte i of text came
	// from, for i = len(text) the end; nil where the way back isn't known.
	from []int32
	// first says that text is the start of all that was to be tokenised.
	first bool
}

func (n normalized) slice(from, to int) normalized {
	m := normalized{text: n.text[from:to], source: n.source, first: n.first && from == 0}
	if n.from != nil {
		m.from = n.from[from : to+1]
	}
	return m
}

// word is text[from:to] as a word.
func (n normalized) word(from, to int) word {
	w := word{text: n.text[from:to], source: n.text[from:to], first: n.first && from == 0}
	if n.from != nil {
		w.source = n.source[n.from[from]:n.from[to]]
	}
	return w
}
