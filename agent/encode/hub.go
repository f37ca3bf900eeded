package encode

import (
	"fmt"

	"github.com/gembahq/gemba/internal/npy"
	"github.com/gembahq/gemba/internal/vector"
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
		d := vector.Dot(v, h.rows.Row(r))
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
