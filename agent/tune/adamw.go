package tune

import (
	"math"

	"github.com/gembahq/gemba/agent/tune/head"
)

// adamW is the optimiser's state: running means of the gradients and of their
// squares, in the order of the parameters.
type adamW struct {
	mean, square []float32
	steps        int
}

const (
	beta1       = 0.9
	beta2       = 0.999
	adamEpsilon = 1e-8
)

func newAdamW(n int) adamW { return adamW{make([]float32, n), make([]float32, n), 0} }

// step moves p against its gradient g. rate gives the rate of each kind; only
// weights decay.
func (a *adamW) step(p, g *head.Params[float32], rate func(head.Kind) float64, decay float64) {
	a.steps++
	c1, c2 := 1-math.Pow(beta1, float64(a.steps)), 1-math.Pow(beta2, float64(a.steps))
	at := 0
	p.Kinds(func(_ string, kind head.Kind, values []float32) {
		lr := rate(kind)
		shrink := float32(1)
		if kind == head.Weight {
			shrink = float32(1 - lr*decay)
		}
		grad, m, v := g.Values[at:at+len(values)], a.mean[at:at+len(values)], a.square[at:at+len(values)]
		at += len(values)
		scale, inverse := float32(lr/c1), float32(1/c2)
		for i, d := range grad {
			m[i] += (1 - beta1) * (d - m[i])
			v[i] += (1 - beta2) * (d*d - v[i])
			values[i] = values[i]*shrink - scale*m[i]/(float32(math.Sqrt(float64(v[i]*inverse)))+adamEpsilon)
		}
	})
}

// schedule is the factor of the rate at a step: a linear rise over the first
// warmUp steps, then half a cosine down to a hundredth.
func schedule(step, warmUp, steps int) float64 {
	if step < warmUp {
		return float64(step+1) / float64(warmUp)
	}
	done := float64(step-warmUp) / float64(max(1, steps-warmUp))
	return 0.01 + 0.99*0.5*(1+math.Cos(math.Pi*min(1, done)))
}
