package head

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every value of every tensor: the gradient is the slope of the score.
func TestGradientOfEveryParameter(t *testing.T) {
	w := newWorld(1)
	p, q, c := w.params(tiny), w.query(tiny, 5), w.clip(tiny, 6)
	for name, run := range map[string]func() *Tape[float64]{
		"as it answers": func() *Tape[float64] { return p.forward(q, c, nil, true) },
		"with dropout":  func() *Tape[float64] { return p.forward(q, c, &Dropout{0.3, rand.New(rand.NewPCG(3, 4))}, true) },
		"with one word": func() *Tape[float64] {
			return p.forward(Query[float64]{q.Tokens, 1, 0, q.Weights, q.Vector}, c, nil, true)
		},
		"end in the midst": func() *Tape[float64] {
			return p.forward(Query[float64]{q.Tokens, 5, 2, q.Weights, q.Vector}, c, nil, true)
		},
	} {
		t.Run(name, func(t *testing.T) { checkGradient(t, p, run) })
	}
}

// With shut gates the gates alone get a gradient from the block, as specified.
func TestGradientWithShutGates(t *testing.T) {
	w := newWorld(2)
	p, q, c := w.params(tiny), w.query(tiny, 4), w.clip(tiny, 3)
	*p.GateV, *p.GateT = 0, 0
	g := checkGradient(t, p, func() *Tape[float64] { return p.forward(q, c, nil, true) })
	g.Kinds(func(name string, kind Kind, values []float64) {
		for i, v := range values {
			if zero := v == 0; zero == (kind == Scalar) {
				t.Fatalf("%s[%d] has gradient %v", name, i, v)
			}
		}
	})
}

func checkGradient(t *testing.T, p *Params[float64], run func() *Tape[float64]) *Params[float64] {
	t.Helper()
	g := NewParams[float64](p.Config)
	run().Backward(g, 1)
	const step = 1e-5
	moved := 0
	p.Kinds(func(name string, _ Kind, values []float64) {
		var slopes []float64
		for i := range values {
			at := values[i]
			values[i] = at + step
			up := run().Score
			values[i] = at - step
			down := run().Score
			values[i] = at
			slopes = append(slopes, (up-down)/(2*step))
		}
		g.Kinds(func(other string, _ Kind, got []float64) {
			if other != name {
				return
			}
			for i := range got {
				if math.Abs(got[i]-slopes[i]) > 1e-8+1e-6*math.Abs(slopes[i]) {
					t.Fatalf("%s[%d]: gradient %v, slope %v", name, i, got[i], slopes[i])
				}
				if math.Abs(slopes[i]) > 1e-6 {
					moved++
				}
			}
		})
	})
	if moved == 0 {
		t.Fatal("nothing has a slope")
	}
	return g
}
