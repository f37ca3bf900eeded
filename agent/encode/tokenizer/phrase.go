package tokenizer

import "strings"

// spaceMark stands for a space in the pieces of sentencepiece.
const spaceMark = "▁"

// phrase tells the words of a text apart that went to the model in one piece,
// spaces written as marks. It appends them to e.Words, and for each of ids, the
// pieces of text, which word it ends in.
func (m *bpe) phrase(e *Encoding, ids []int, text string) {
	var starts []int // of the words in text
	base := len(e.Words)
	for at := 0; at < len(text); {
		if strings.HasPrefix(text[at:], spaceMark) {
			at += len(spaceMark)
			continue
		}
		end := len(text)
		if next := strings.Index(text[at:], spaceMark); next >= 0 {
			end = at + next
		}
		starts = append(starts, at)
		e.Words = append(e.Words, text[at:end])
		at = end
	}
	at, begun := 0, 0
	missing := -1
	for _, id := range ids {
		at += m.length(id)
		for begun < len(starts) && starts[begun] < at {
			begun++
		}
		of := base + max(0, begun-1)
		e.Word = append(e.Word, of)
		if id == m.unknown && of < len(e.Words) && of != missing {
			e.Unknown = append(e.Unknown, e.Words[of])
			missing = of
		}
	}
}

// length is how many bytes of text a piece stands for. What an unknown piece
// stands for isn't known; it counts as one character of three bytes, so that the
// words after it may be off by one.
func (m *bpe) length(id int) int {
	if id == m.unknown {
		return 3
	}
	if id < len(m.lengths) {
		return int(m.lengths[id])
	}
	return 0
}

// pieceLengths are the lengths of the pieces by number, a byte's being 1; nil
// if no piece has a mark for a space.
func pieceLengths(vocab map[string]int, bytes *byteTokens) []uint8 {
	marked, last := false, 0
	for text, id := range vocab {
		marked = marked || strings.HasPrefix(text, spaceMark)
		last = max(last, id)
	}
	if !marked || last > 1<<24 {
		return nil
	}
	lengths := make([]uint8, last+1)
	for text, id := range vocab {
		lengths[id] = uint8(min(len(text), 255))
	}
	if bytes != nil {
		for _, id := range bytes {
			if id >= 0 {
				lengths[id] = 1
			}
		}
	}
	return lengths
}
