package encode

// refineWords is the question's side of the refinement, the same for all clips.
type refineWords struct {
	tokens  []float32 // [L, T]
	weights []float32 // [L], adds up to 1 or is all 0
	wordOf  []int     // the word of each token, -1 for none
	words   int
	vector  []float32 // [D]
}

// weigh prepares a text. A token counts by how rare it was in training captions;
// special tokens don't count.
func (r *Refiner) weigh(t TextEmbedding) refineWords {
	w := refineWords{weights: make([]float32, len(t.IDs)), wordOf: t.WordOf, words: len(t.Words), vector: t.Vector}
	sum := 0.0
	for i, id := range t.IDs {
		w.tokens = append(w.tokens, t.Tokens[i]...)
		if t.WordOf[i] < 0 {
			continue
		}
		w.weights[i] = r.rarest
		if id < len(r.idf) {
			w.weights[i] = r.idf[id]
		}
		sum += float64(w.weights[i])
	}
	if sum > 0 {
		for i := range w.weights {
			w.weights[i] = float32(float64(w.weights[i]) / sum)
		}
	}
	return w
}

// judge turns one clip's outputs, support [L] and attention [L, n], into what
// people are shown. Only the first rows of the n cells are real.
func (r *Refiner) judge(w *refineWords, score float32, support, attention []float32, n, rows int) RefinedClip {
	c := RefinedClip{Score: score, Support: make([]float32, w.words), Cells: make([]float32, rows)}
	counts := func(i int) bool { return w.wordOf[i] >= 0 && w.weights[i] > 0 }
	any := false
	for i, s := range support {
		if w.wordOf[i] >= 0 {
			word := &c.Support[w.wordOf[i]]
			*word = max(*word, min(s, 1))
		}
		any = any || counts(i) && s >= r.threshold
	}
	sum := float32(0)
	for i, s := range support {
		if !counts(i) || any && s < r.threshold {
			continue
		}
		for k := range c.Cells {
			c.Cells[k] += w.weights[i] * attention[i*n+k]
		}
		sum += w.weights[i]
	}
	if sum > 0 {
		for k := range c.Cells {
			c.Cells[k] /= sum
		}
	}
	return c
}
