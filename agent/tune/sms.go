package tune

import (
	"fmt"
	"math"
)

// SMS are the numbers of the Symmetric Multi-Similarity loss.
type SMS struct {
	// Gamma turns a difference of relevancies into the difference of
	// similarities that is asked for.
	Gamma float64
	// Tau is how far apart the similarities of equally relevant pairs may be.
	Tau float64
	// Epsilon is below which two relevancies are equal; 0: 1.1/240, a little
	// more than one step of the published code's rounding.
	Epsilon float64
	// QuantizeLevels rounds the relevancies off the diagonal down to this many
	// steps, as the published code does (240); 0 takes them exactly. Only for
	// reproducing published figures.
	QuantizeLevels int
}

// DefaultSMS has the numbers that the specification trains with.
func DefaultSMS() SMS { return SMS{Gamma: 0.6, Tau: 0.1} }

func (o SMS) epsilon() float64 {
	if o.Epsilon == 0 {
		return 1.1 / 240
	}
	return o.Epsilon
}

// term is one comparison: delta is how much more similar the drawn pair is than
// the other, rho how much more relevant. slope is d value / d delta; at kinks it
// is 0.
func (o SMS) term(delta, rho float64) (value, slope float64) {
	m, eps := o.Gamma*rho-delta, o.epsilon()
	switch {
	case math.Abs(rho) < eps:
		if math.Abs(m)-o.Tau <= 0 {
			return 0, 0
		}
		return math.Abs(m) - o.Tau, math.Copysign(1, -m)
	case rho > eps:
		if m <= 0 {
			return 0, 0
		}
		return m, -1
	default:
		if m >= 0 {
			return 0, 0
		}
		return -m, 1
	}
}

// quantize is a relevancy as the published code keeps it off the diagonal.
func (o SMS) quantize(r float64) float64 {
	if o.QuantizeLevels <= 0 {
		return r
	}
	levels := float64(o.QuantizeLevels)
	return math.Floor(levels*r) / levels
}

// Loss is the loss of a batch of B clips and B sentences, and its gradient to
// the similarities. similarity[i][j] is that of clip i and sentence j; relevancy
// the same shape, in 0 to 1, or nil: then every pair off the diagonal counts as
// irrelevant, which is adaptive max-margin. positive[i] is the relevancy of clip
// i and the sentence drawn for it. Of pairs for which known is false nothing is
// assumed: they take no part; nil knows all. The mean is over the terms that
// take part. With none the loss is 0.
func (o SMS) Loss(similarity, relevancy [][]float64, positive []float64, known [][]bool) (float64, [][]float64, error) {
	b := len(similarity)
	if err := checkSquare("similarity", similarity, b, math.Inf(-1), math.Inf(1)); err != nil {
		return 0, nil, err
	}
	if relevancy != nil {
		if err := checkSquare("relevancy", relevancy, b, 0, 1); err != nil {
			return 0, nil, err
		}
	}
	if len(positive) != b {
		return 0, nil, fmt.Errorf("sms loss: %d positive relevancies for a batch of %d", len(positive), b)
	}
	for i, p := range positive {
		if !(p >= 0 && p <= 1) {
			return 0, nil, fmt.Errorf("sms loss: positive relevancy %d is %v: relevancies lie between 0 and 1", i, p)
		}
	}
	if known != nil {
		if len(known) != b {
			return 0, nil, fmt.Errorf("sms loss: the mask has %d rows for a batch of %d", len(known), b)
		}
		for i := range known {
			if len(known[i]) != b {
				return 0, nil, fmt.Errorf("sms loss: row %d of the mask has %d entries for a batch of %d", i, len(known[i]), b)
			}
		}
	}
	grad := square(b)
	var sum float64
	terms := 0
	add := func(a, i, j int) { // the pair (i, j) against the drawn pair (a, a)
		if known != nil && !(known[i][j] && known[a][a]) {
			return
		}
		rho := positive[a]
		if relevancy != nil {
			rho -= o.quantize(relevancy[i][j])
		}
		value, slope := o.term(similarity[a][a]-similarity[i][j], rho)
		sum += value
		grad[a][a] += slope
		grad[i][j] -= slope
		terms++
	}
	for a := range b {
		for other := range b {
			if other == a {
				continue
			}
			add(a, other, a) // anchor: sentence a
			add(a, a, other) // anchor: clip a
		}
	}
	if terms == 0 {
		return 0, grad, nil
	}
	scale(grad, 1/float64(terms))
	return sum / float64(terms), grad, nil
}

func square(b int) [][]float64 {
	out := make([][]float64, b)
	for i := range out {
		out[i] = make([]float64, b)
	}
	return out
}

func scale(m [][]float64, f float64) {
	for _, row := range m {
		for j := range row {
			row[j] *= f
		}
	}
}

// checkSquare refuses matrices that are not b x b or hold numbers outside low to high.
func checkSquare(name string, m [][]float64, b int, low, high float64) error {
	if b == 0 {
		return fmt.Errorf("%s: the batch is empty", name)
	}
	if len(m) != b {
		return fmt.Errorf("%s: %d rows for a batch of %d", name, len(m), b)
	}
	for i, row := range m {
		if len(row) != b {
			return fmt.Errorf("%s: row %d has %d entries for a batch of %d", name, i, len(row), b)
		}
		for j, v := range row {
			switch {
			case math.IsNaN(v) || math.IsInf(v, 0):
				return fmt.Errorf("%s: entry %d,%d is %v: every entry must be a finite number", name, i, j, v)
			case v < low || v > high:
				return fmt.Errorf("%s: entry %d,%d is %v: entries lie between %v and %v", name, i, j, v, low, high)
			}
		}
	}
	return nil
}
