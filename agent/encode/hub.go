package encode

import (
	"fmt"

	"github.com/gembahq/gemba/internal/npy"
)

// hubBank finds how close a clip is to sentences in general. Some clips are near
// everything that can be asked; the term takes that back.
type hubBank struct {
	rows npy.Matrix[float32]
	k    int
}

func newHubBank(rows npy.Matrix[float32], k int) (hubBank, error) {
	if rows.Rows < k {
		return hubBank{}, fmt.Errorf("%d rows, fewer than the %d of hub.k", rows.Rows, k)
	}
	return hubBank{rows: rows, k: k}, nil
}

// term is the mean of the k highest dot products of v with the bank, 0 for an
// empty bank.
func (h hubBank) term(v []float32) float32 {
	if h.rows.Rows == 0 || len(v) != h.rows.Cols {
		return 0
	}
	best := make([]float32, 0, h.k) // descending
	for r := range h.rows.Rows {
		d := dot(v, h.rows.Row(r))
		if len(best) == h.k {
			if d <= best[h.k-1] {
				continue
			}
			best = best[:h.k-1]
		}
		i := len(best)
		best = append(best, d)
		for ; i > 0 && best[i-1] < d; i-- {
			best[i] = best[i-1]
		}
		best[i] = d
	}
	sum := 0.0
	for _, d := range best {
		sum += float64(d)
	}
	return float32(sum / float64(h.k))
}

// dot has four sums so that additions don't wait for each other.
func dot(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i := range a {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + (s2 + s3)
}
