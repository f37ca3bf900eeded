package scan

import (
	"slices"
	"time"
)

// Candidate is a row that was found.
type Candidate struct {
	Job      int // index of the job it came from
	ID       uint64
	Start    int64 // Unix nanoseconds
	Duration time.Duration
	Flags    uint16
	Score    float32 // what the query ordered by
	Dot      float32 // query with stored vector
	Hub      float32

	key float64 // order: score, or time where there is no vector
}

// before is the order of results: better first, equal ones by rising id.
func before(a, b *Candidate) bool {
	if a.key != b.key {
		return a.key > b.key
	}
	return a.ID < b.ID
}

// topK keeps the best k candidates: a heap whose root is the worst kept.
type topK struct {
	k    int
	heap []Candidate
}

// accepts reports whether a candidate of this key could get in; it spares
// building the ones that cannot.
func (t *topK) accepts(key float64) bool {
	return len(t.heap) < t.k || key >= t.heap[0].key
}

func (t *topK) add(c Candidate) {
	if len(t.heap) < t.k {
		t.heap = append(t.heap, c)
		i := len(t.heap) - 1
		for i > 0 {
			p := (i - 1) / 2
			if !before(&t.heap[p], &t.heap[i]) {
				break
			}
			t.heap[p], t.heap[i] = t.heap[i], t.heap[p]
			i = p
		}
		return
	}
	if !before(&c, &t.heap[0]) {
		return
	}
	t.heap[0] = c
	i := 0
	for {
		worst, l, r := i, 2*i+1, 2*i+2
		if l < len(t.heap) && before(&t.heap[worst], &t.heap[l]) {
			worst = l
		}
		if r < len(t.heap) && before(&t.heap[worst], &t.heap[r]) {
			worst = r
		}
		if worst == i {
			return
		}
		t.heap[i], t.heap[worst] = t.heap[worst], t.heap[i]
		i = worst
	}
}

// merge gives the best k of several lists in order.
func merge(k int, lists []topK) []Candidate {
	n := 0
	for i := range lists {
		n += len(lists[i].heap)
	}
	out := make([]Candidate, 0, n)
	for i := range lists {
		out = append(out, lists[i].heap...)
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		switch {
		case before(&a, &b):
			return -1
		case before(&b, &a):
			return 1
		}
		return 0
	})
	return out[:min(k, len(out))]
}
