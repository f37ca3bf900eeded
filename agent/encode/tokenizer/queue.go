package tokenizer

// queued is a possible merge of the symbol at `at` with the one after it.
type queued struct {
	merge
	at int
}

func (a queued) before(b queued) bool {
	return a.rank < b.rank || a.rank == b.rank && a.at < b.at
}

// queue is a binary heap: lowest rank first, of equals the leftmost.
type queue []queued

func (q *queue) push(s queued) {
	h := append(*q, s)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !h[i].before(h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
	*q = h
}

func (q *queue) pop() queued {
	h := *q
	top, last := h[0], len(h)-1
	h[0] = h[last]
	h = h[:last]
	for i := 0; ; {
		least := i
		for _, child := range [2]int{2*i + 1, 2*i + 2} {
			if child < last && h[child].before(h[least]) {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
	return top
}
