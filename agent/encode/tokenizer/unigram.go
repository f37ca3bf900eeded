package tokenizer

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// unigram cuts a word into the pieces whose scores, logarithms of how frequent
// they are, have the highest sum. It is what sentencepiece trains by default.
type unigram struct {
	pieceOf  []scored       // the vocabulary, by text
	ids      map[string]int // the same by text
	unknown  int            // number of the unknown token
	penalty  float64        // score of a character that no piece covers
	fallback *byteTokens    // nil: what no piece covers is unknown
}

// scored is a piece of the vocabulary.
type scored struct {
	text  string
	id    int
	score float64
}

// unknownPenalty is how much worse than the rarest piece an unknown character is.
const unknownPenalty = 10

func newUnigram(vocab []scored, unknown int, fallback *byteTokens) *unigram {
	m := &unigram{ids: make(map[string]int, len(vocab)), unknown: unknown, fallback: fallback}
	lowest := vocab[0].score
	for _, v := range vocab {
		lowest = min(lowest, v.score)
		m.ids[v.text] = v.id // of equal texts the last counts
	}
	for _, v := range vocab {
		if v.text != "" && m.ids[v.text] == v.id {
			m.pieceOf = append(m.pieceOf, v)
		}
	}
	slices.SortFunc(m.pieceOf, func(a, b scored) int { return cmp.Compare(a.text, b.text) })
	m.penalty = lowest - unknownPenalty
	return m
}

// ending is the best way to cut a word up to one place.
type ending struct {
	score float64
	start int // where its last piece begins; -1: no way is known
	id    int
}

func (m *unigram) pieces(ids []int, w string) ([]int, bool) {
	if w == "" {
		return ids, true
	}
	best := make([]ending, len(w)+1)
	for i := range best[1:] {
		best[i+1].start = -1
	}
	for start := 0; start < len(w); {
		_, size := utf8.DecodeRuneInString(w[start:])
		covered := false
		offer := func(end int, score float64, id int) {
			if score += best[start].score; best[end].start < 0 || score > best[end].score {
				best[end] = ending{score: score, start: start, id: id}
			}
		}
		m.prefixes(w[start:], func(p scored) {
			covered = covered || len(p.text) == size
			offer(start+len(p.text), p.score, p.id)
		})
		if !covered {
			offer(start+size, m.penalty, m.unknown)
		}
		start += size
	}
	// From the end back: unknown characters in a row are one piece.
	var cuts []string
	for end := len(w); end > 0; {
		start := best[end].start
		for best[end].id == m.unknown && start > 0 && best[start].id == m.unknown {
			start = best[start].start
		}
		cuts = append(cuts, w[start:end])
		end = start
	}
	known := true
	for _, cut := range slices.Backward(cuts) {
		if id, ok := m.ids[cut]; ok {
			ids = append(ids, id)
		} else if all, ok := m.fallback.of(ids, cut); ok {
			ids = all
		} else {
			ids, known = append(ids, m.unknown), false
		}
	}
	return ids, known
}

// prefixes calls found for every piece that text begins with, the shortest
// first. Pieces are sorted, so those that share a beginning are neighbours.
func (m *unigram) prefixes(text string, found func(scored)) {
	in := m.pieceOf
	for i := range len(text) {
		c := text[i]
		lo, _ := slices.BinarySearchFunc(in, c, func(p scored, c byte) int { return compareAt(p.text, i, int(c)) })
		in = in[lo:]
		hi, _ := slices.BinarySearchFunc(in, c, func(p scored, c byte) int { return compareAt(p.text, i, int(c)+1) })
		in = in[:hi]
		if len(in) == 0 {
			return
		}
		if len(in[0].text) == i+1 {
			found(in[0])
		}
	}
}

// compareAt compares byte i of text, -1 if there is none, with c.
func compareAt(text string, i, c int) int {
	if i >= len(text) {
		return -1
	}
	return cmp.Compare(int(text[i]), c)
}
