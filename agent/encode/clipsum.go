package encode

import (
	"fmt"
	"math"
)

// clipSum gathers the outputs of one clip's pictures.
type clipSum struct {
	views  [][]float64 // sum of unit embeddings per view
	tokens []float32   // of the first view, frame after frame
}

func newClipSum(p *Pack, views, frames int) *clipSum {
	s := &clipSum{views: make([][]float64, views), tokens: make([]float32, 0, frames*p.manifest.Tokens.Rows()*p.manifest.Tokens.Dims)}
	for v := range s.views {
		s.views[v] = make([]float64, p.manifest.Dims)
	}
	return s
}

// add takes one picture's embedding. What is far from unit length came from a
// broken model or device and must not reach the index.
func (s *clipSum) add(view int, embedding []float32) error {
	if n := norm(embedding); !(math.Abs(n-1) < 0.05) {
		return fmt.Errorf("%w: an embedding of length %v, expected unit length", ErrModel, n)
	}
	sum := s.views[view]
	for i, x := range embedding {
		sum[i] += float64(x)
	}
	return nil
}

func (s *clipSum) embedding(p *Pack) ClipEmbedding {
	mean := make([]float64, p.manifest.Dims)
	for _, sum := range s.views {
		unit(sum)
		for i, x := range sum {
			mean[i] += x / float64(len(s.views))
		}
	}
	e := ClipEmbedding{Vector: toFloat32(mean)}
	if len(s.views) > 1 {
		e.Plain = toFloat32(s.views[0])
	}
	e.Hub = p.HubTerm(e.Vector)
	if t := p.manifest.Tokens; t.Dims > 0 {
		e.TokenRows, e.TokenDims = len(s.tokens)/t.Dims, t.Dims
		e.TokenScale, e.Tokens = quantise(s.tokens)
	}
	return e
}

// unit scales v to length 1; a zero vector, where frames cancel out, stays.
func unit(v []float64) {
	sum := 0.0
	for _, x := range v {
		sum += x * x
	}
	if sum == 0 {
		return
	}
	scale := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] *= scale
	}
}

func toFloat32(v []float64) []float32 {
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x)
	}
	return out
}

// quantise maps the value of largest magnitude to ±127 and the others in
// proportion, rounded half away from zero. Values that aren't finite become 0.
func quantise(values []float32) (scale float32, codes []int8) {
	largest := 0.0
	for _, x := range values {
		if a := math.Abs(float64(x)); a > largest && !math.IsInf(a, 0) {
			largest = a
		}
	}
	codes = make([]int8, len(values))
	scale = float32(largest / 127)
	if scale == 0 {
		return 0, codes
	}
	for i, x := range values {
		c := math.Round(float64(x) / largest * 127)
		if math.Abs(c) <= 127 {
			codes[i] = int8(c)
		}
	}
	return scale, codes
}
