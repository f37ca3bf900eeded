package tokenizer

import "fmt"

// byteTokens are the tokens "<0x00>" to "<0xFF>", which spell out characters
// that a vocabulary lacks. A nil pointer has none.
type byteTokens [256]int

// newByteTokens finds them in a vocabulary. Those that are missing are -1.
func newByteTokens(vocab map[string]int) *byteTokens {
	var t byteTokens
	for b := range t {
		id, ok := vocab[fmt.Sprintf("<0x%02X>", b)]
		if !ok {
			id = -1
		}
		t[b] = id
	}
	return &t
}

// of appends the tokens of text's bytes; ok is false, and ids as they were, if
// one is missing.
func (t *byteTokens) of(ids []int, text string) (_ []int, ok bool) {
	if t == nil {
		return ids, false
	}
	n := len(ids)
	for i := range len(text) {
		id := t[text[i]]
		if id < 0 {
			return ids[:n], false
		}
		ids = append(ids, id)
	}
	return ids, true
}
