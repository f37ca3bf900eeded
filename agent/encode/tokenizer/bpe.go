package tokenizer

import "unicode/utf8"

// bpe joins the characters of a word pair by pair, the most frequent pair of
// the training text first.
type bpe struct {
	vocab   map[string]int
	merges  map[pair]merge
	unknown int         // number of the unknown token, -1: leave out
	fuse    bool        // several unknown characters in a row are one token
	suffix  string      // marks the last character of a word
	prefix  string      // marks every character but the first
	whole   bool        // a word of the vocabulary is taken without merging
	bytes   *byteTokens // spell out unknown characters; nil: they stay unknown
	lengths []uint8     // see pieceLengths
}

type pair struct{ left, right int }

// merge says what a pair becomes and how early.
type merge struct{ rank, id int }

// symbol is a piece in the making, in a list doubly linked by position.
type symbol struct{ id, prev, next int }

func (m *bpe) pieces(ids []int, w string) ([]int, bool) {
	if m.whole {
		if id, ok := m.vocab[w]; ok {
			return append(ids, id), true
		}
	}
	symbols, known := m.symbols(w)
	// Steps that merging made impossible stay in the queue and are skipped when
	// their turn comes.
	var q queue
	offer := func(at int) {
		if at < 0 || symbols[at].next < 0 {
			return
		}
		if mg, ok := m.merges[pair{symbols[at].id, symbols[symbols[at].next].id}]; ok {
			q.push(queued{mg, at})
		}
	}
	for i := range symbols {
		offer(i)
	}
	for len(q) > 0 {
		s := q.pop()
		left := &symbols[s.at]
		if left.id < 0 || left.next < 0 {
			continue
		}
		right := &symbols[left.next]
		if mg, ok := m.merges[pair{left.id, right.id}]; !ok || mg.id != s.id {
			continue
		}
		left.id, left.next = s.id, right.next
		right.id = -1
		if left.next >= 0 {
			symbols[left.next].prev = s.at
		}
		offer(left.prev)
		offer(s.at)
	}
	for _, s := range symbols {
		if s.id >= 0 {
			ids = append(ids, s.id)
		}
	}
	return ids, known
}

// symbols are the characters of a word as linked symbols.
func (m *bpe) symbols(w string) (list []symbol, known bool) {
	known = true
	fused := false
	list = make([]symbol, 0, len(w))
	var spelled []int
	put := func(id int) { list = append(list, symbol{id: id, prev: len(list) - 1, next: len(list) + 1}) }
	for i, r := range w {
		end := i + utf8.RuneLen(r)
		text := w[i:end]
		if i > 0 {
			text = m.prefix + text
		}
		if end == len(w) {
			text += m.suffix
		}
		id, ok := m.vocab[text]
		if !ok {
			if all, ok := m.bytes.of(spelled[:0], text); ok {
				for _, b := range all {
					put(b)
				}
				spelled, fused = all, false
				continue
			}
			known = false
			if m.unknown < 0 || fused && m.fuse {
				continue
			}
			id = m.unknown
		}
		fused = !ok
		put(id)
	}
	if len(list) > 0 {
		list[len(list)-1].next = -1
	}
	return list, known
}
