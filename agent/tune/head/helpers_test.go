package head

import (
	"math"
	"math/rand/v2"
)

// world makes pairs of a shape for tests.
type world struct{ rng *rand.Rand }

func newWorld(seed uint64) *world { return &world{rand.New(rand.NewPCG(seed, 7))} }

func (w *world) numbers(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = w.rng.NormFloat64()
	}
	return out
}

func (w *world) unit(n int) []float64 {
	v := w.numbers(n)
	l := math.Sqrt(dot(v, v))
	for i := range v {
		v[i] /= l
	}
	return v
}

func (w *world) query(c Config, words int) Query[float64] {
	q := Query[float64]{Tokens: Matrix[float64]{words, c.TextDims, w.numbers(words * c.TextDims)}, Valid: words, End: words - 1, Vector: w.unit(c.Embedding)}
	q.Weights = make([]float64, words)
	for i := 1; i < words-1; i++ {
		q.Weights[i] = 1 / float64(words-2)
	}
	return q
}

func (w *world) clip(c Config, cells int) Clip[float64] {
	return Clip[float64]{Matrix[float64]{cells, c.VisualDims, w.numbers(cells * c.VisualDims)}, cells, w.unit(c.Embedding), w.rng.Float64(), w.rng.Float64()}
}

// params are trained-looking: nothing is zero.
func (w *world) params(c Config) *Params[float64] {
	p := NewParams[float64](c)
	p.Init(w.rng.Uint64())
	for i := range p.Values {
		p.Values[i] += 0.1 * w.rng.NormFloat64()
	}
	*p.GateV, *p.GateT, *p.Support, *p.Hub = 0.6, -0.4, 0.2, -0.1
	return p
}

var tiny = Config{VisualDims: 6, TextDims: 6, Embedding: 7, Inner: 8, Heads: 2, Hidden: 12, Sharpness: 25}
