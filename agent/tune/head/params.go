package head

import (
	"math"
	"math/rand/v2"
)

// Float is what a head computes in: float64 is the reference, float32 what
// trains and answers.
type Float interface{ float32 | float64 }

// Linear is y = Weight x + Bias.
type Linear[T Float] struct {
	In, Out int
	Weight  []T // [Out][In]
	Bias    []T // [Out]
}

// Norm is a layer normalisation with gain and offset, epsilon 1e-5.
type Norm[T Float] struct {
	Gain, Offset []T
}

// Stream is the block of one modality: attention over the other one's tokens,
// then a gated feed-forward part.
type Stream[T Float] struct {
	Q, K, V, O     Linear[T]
	LN1, LN2       Norm[T]
	Gate, Up, Down Linear[T]
}

// Params are the learned parts of a head. All lie in one slice, Values, of which
// the others are parts, so that optimisers and files need no list of names.
type Params[T Float] struct {
	Config Config
	Values []T

	// GateV and GateT let the block in by their tanh; Support is b, the weight
	// of the support term; Hub is added to the first stage's alpha.
	GateV, GateT, Support, Hub *T

	NormV, NormT Norm[T]
	InV, InT     Linear[T]
	OutV, OutT   Linear[T]
	Visual, Text Stream[T]

	kinds []span
}

// Kind tells optimisers how to treat a parameter.
type Kind int

// The kinds of parameters. Only weights decay.
const (
	Weight Kind = iota
	Bias
	NormPart
	Scalar // gates and the factors of the terms
)

// span is one tensor in Values.
type span struct {
	name       string
	kind       Kind
	start, end int
	fanIn      int
	fanOut     int
}

// NewParams returns parameters that are all zero.
func NewParams[T Float](c Config) *Params[T] {
	p := &Params[T]{Config: c, Values: make([]T, c.size())}
	p.bind()
	return p
}

// size is the number of values.
func (c Config) size() int {
	linear := func(in, out int) int { return in*out + out }
	stream := 4*linear(c.Inner, c.Inner) + 4*c.Inner + 2*linear(c.Inner, c.Hidden) + linear(c.Hidden, c.Inner)
	return 4 + 2*c.VisualDims + 2*c.TextDims + linear(c.VisualDims, c.Inner) + linear(c.TextDims, c.Inner) +
		2*linear(c.Inner, c.Embedding) + 2*stream
}

// bind lays the parts over Values. The order is part of the file format.
func (p *Params[T]) bind() {
	c, at := p.Config, 0
	take := func(name string, kind Kind, n, fanIn, fanOut int) []T {
		p.kinds = append(p.kinds, span{name, kind, at, at + n, fanIn, fanOut})
		at += n
		return p.Values[at-n : at : at]
	}
	linear := func(name string, in, out int) Linear[T] {
		return Linear[T]{in, out, take(name+".weight", Weight, in*out, in, out), take(name+".bias", Bias, out, 0, 0)}
	}
	norm := func(name string, n int) Norm[T] {
		return Norm[T]{take(name+".weight", NormPart, n, 0, 0), take(name+".bias", Bias, n, 0, 0)}
	}
	stream := func(name string) Stream[T] {
		return Stream[T]{
			Q: linear(name+".q", c.Inner, c.Inner), K: linear(name+".k", c.Inner, c.Inner),
			V: linear(name+".v", c.Inner, c.Inner), O: linear(name+".o", c.Inner, c.Inner),
			LN1: norm(name+".ln1", c.Inner), LN2: norm(name+".ln2", c.Inner),
			Gate: linear(name+".gate", c.Inner, c.Hidden), Up: linear(name+".up", c.Inner, c.Hidden),
			Down: linear(name+".down", c.Hidden, c.Inner),
		}
	}
	p.kinds = p.kinds[:0]
	p.GateV, p.GateT = &take("gate_v", Scalar, 1, 0, 0)[0], &take("gate_t", Scalar, 1, 0, 0)[0]
	p.Support, p.Hub = &take("support", Scalar, 1, 0, 0)[0], &take("hub", Scalar, 1, 0, 0)[0]
	p.NormV, p.NormT = norm("ln_in_v", c.VisualDims), norm("ln_in_t", c.TextDims)
	p.InV, p.InT = linear("in_v", c.VisualDims, c.Inner), linear("in_t", c.TextDims, c.Inner)
	p.OutV, p.OutT = linear("out_v", c.Inner, c.Embedding), linear("out_t", c.Inner, c.Embedding)
	p.Visual, p.Text = stream("v"), stream("t")
}

// Init sets fresh parameters: matrices Xavier-uniform, biases and offsets 0,
// gains 1, gates and terms 0. A fresh head leaves every score as it is.
func (p *Params[T]) Init(seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0x68656164)) // the second word only separates this use from others
	for _, s := range p.kinds {
		part := p.Values[s.start:s.end]
		switch s.kind {
		case Weight:
			bound := math.Sqrt(6 / float64(s.fanIn+s.fanOut))
			for i := range part {
				part[i] = T((2*rng.Float64() - 1) * bound)
			}
		case NormPart:
			for i := range part {
				part[i] = 1
			}
		default:
			clear(part)
		}
	}
}

// Kinds calls f with each tensor's name, kind and place in Values.
func (p *Params[T]) Kinds(f func(name string, kind Kind, values []T)) {
	for _, s := range p.kinds {
		f(s.name, s.kind, p.Values[s.start:s.end])
	}
}

// BlockOff reports whether both gates are exactly 0, so that the block has no say.
func (p *Params[T]) BlockOff() bool { return *p.GateV == 0 && *p.GateT == 0 }

// Identity reports whether no learned part has a say: scores stay as they are.
func (p *Params[T]) Identity() bool { return p.BlockOff() && *p.Support == 0 && *p.Hub == 0 }

// Convert copies parameters into another precision.
func Convert[T, F Float](from *Params[F]) *Params[T] {
	p := NewParams[T](from.Config)
	for i, v := range from.Values {
		p.Values[i] = T(v)
	}
	return p
}
