package tokenizer

import "unicode/utf8"

// wordPiece cuts a word into the longest pieces of the vocabulary, from the
// left. If that doesn't work out, the whole word is unknown.
type wordPiece struct {
	first    map[string]int // pieces at the start of a word
	rest     map[string]int // pieces after that, without their prefix
	unknown  int
	maxRunes int // longer words are unknown
}

func (m wordPiece) pieces(ids []int, w string) ([]int, bool) {
	n := len(ids)
	if utf8.RuneCountInString(w) > m.maxRunes {
		return append(ids, m.unknown), false
	}
	vocab := m.first
	for w != "" {
		end := len(w)
		id, ok := vocab[w]
		for !ok && end > 0 {
			_, size := utf8.DecodeLastRuneInString(w[:end])
			if end -= size; end > 0 {
				id, ok = vocab[w[:end]]
			}
		}
		if !ok {
			return append(ids[:n], m.unknown), false
		}
		ids, w, vocab = append(ids, id), w[end:], m.rest
	}
	return ids, true
}
