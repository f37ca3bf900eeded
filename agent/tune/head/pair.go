package head

import (
	"errors"
	"fmt"
	"math"
)

// Query is a question as the head sees it.
type Query[T Float] struct {
	Tokens Matrix[T] // [words][TextDims], start to end of text, then padding
	Valid  int       // how many rows are text; those after it are padding
	End    int       // row of the end-of-text token
	// Weights of the words in the support term, one a row of text: normalised
	// inverse document frequency, 0 for special tokens.
	Weights []T
	Vector  []T // t0: unit embedding [Embedding]
}

// Clip is a candidate as the head sees it. There is nothing in it that tells
// what the clip is called, labelled or graded.
type Clip[T Float] struct {
	Tokens     Matrix[T] // [cells of frames][VisualDims], then padding
	Valid      int       // how many rows are cells; those after it are padding
	Vector     []T       // v0: unit embedding of the plain view [Embedding]
	FirstStage T         // s0 - alpha h, as the index computed it
	Hub        T         // h
}

// ErrShape is wrapped by errors about inputs that do not fit the head.
var ErrShape = errors.New("input does not fit the refinement head")

// checkQuery says why a question cannot be scored.
func (c Config) checkQuery(tokens, dims, valid, end, weights, vector int) error {
	switch {
	case dims != c.TextDims:
		return fmt.Errorf("%w: word tokens have %d dimensions, the head takes %d", ErrShape, dims, c.TextDims)
	case valid < 1 || valid > tokens:
		return fmt.Errorf("%w: %d of %d word tokens are text; at least one must be", ErrShape, valid, tokens)
	case end < 0 || end >= valid:
		return fmt.Errorf("%w: the end of the text is word token %d of %d", ErrShape, end, valid)
	case weights < valid:
		return fmt.Errorf("%w: %d weights for %d word tokens", ErrShape, weights, valid)
	case vector != c.Embedding:
		return fmt.Errorf("%w: the question's embedding has %d dimensions, the head takes %d", ErrShape, vector, c.Embedding)
	}
	return nil
}

// checkClip says why a clip cannot be scored.
func (c Config) checkClip(tokens, dims, valid, vector int) error {
	switch {
	case dims != c.VisualDims:
		return fmt.Errorf("%w: visual tokens have %d dimensions, the head takes %d", ErrShape, dims, c.VisualDims)
	case valid < 1 || valid > tokens:
		return fmt.Errorf("%w: %d of %d visual tokens are there; at least one must be", ErrShape, valid, tokens)
	case vector != c.Embedding:
		return fmt.Errorf("%w: the clip's embedding has %d dimensions, the head takes %d", ErrShape, vector, c.Embedding)
	}
	return nil
}

// Check says why a question does not fit a head of these sizes.
func (q Query[T]) Check(c Config) error {
	if err := q.Tokens.check("word tokens"); err != nil {
		return err
	}
	return c.checkQuery(q.Tokens.Rows, q.Tokens.Cols, q.Valid, q.End, len(q.Weights), len(q.Vector))
}

// Check says why a clip does not fit a head of these sizes.
func (k Clip[T]) Check(c Config) error {
	if err := k.Tokens.check("visual tokens"); err != nil {
		return err
	}
	return c.checkClip(k.Tokens.Rows, k.Tokens.Cols, k.Valid, len(k.Vector))
}

func (m Matrix[T]) check(name string) error {
	if m.Rows < 0 || m.Cols < 0 || len(m.Data) != m.Rows*m.Cols {
		return fmt.Errorf("%w: %s are %d x %d but hold %d numbers", ErrShape, name, m.Rows, m.Cols, len(m.Data))
	}
	return nil
}

// Tape is the forward pass of one pair with all that its backward pass needs.
type Tape[T Float] struct {
	// Base is v0 . t0, Refined v1 . t1, Support L(q, c), Score the result.
	Base, Refined, Support, Score T
	// WordSupport is sup_k of every word token, Attention a_kn [words][cells].
	WordSupport []T
	Attention   Matrix[T]
	// VisualTokens are Z_v, VisualOut and TextOut r_v and r_t. They are empty
	// where the block was off.
	VisualTokens       Matrix[T]
	VisualOut, TextOut []T

	params           *Params[T]
	hub              T
	v0, t0, v1, t1   []T
	vLength, tLength T
	normV, hatV      Matrix[T]
	normT, hatT      Matrix[T]
	invV, invT       []T
	end              int
	visual, text     *streamTape[T]
	pooledV, pooledT Matrix[T]
}

// Score is the refined score of one pair. It depends on nothing but the pair.
// With every learned part zero it is the first stage's score itself.
func (p *Params[T]) Score(q Query[T], c Clip[T]) (T, error) {
	t, err := p.Forward(q, c)
	if err != nil {
		return 0, err
	}
	return t.Score, nil
}

// Forward scores one pair as answers are scored.
func (p *Params[T]) Forward(q Query[T], c Clip[T]) (*Tape[T], error) {
	if err := errors.Join(q.Check(p.Config), c.Check(p.Config)); err != nil {
		return nil, err
	}
	return p.forward(q, c, nil, !p.BlockOff()), nil
}

// forward runs the block only where asked: training needs it even while the
// gates are shut.
func (p *Params[T]) forward(q Query[T], c Clip[T], drop *Dropout, block bool) *Tape[T] {
	words, cells := q.Tokens.first(q.Valid), c.Tokens.first(c.Valid)
	t := &Tape[T]{params: p, hub: c.Hub, v0: c.Vector, t0: q.Vector, end: q.End, Base: dot(c.Vector, q.Vector), Score: c.FirstStage}
	t.Support, t.WordSupport, t.Attention = support(words, cells, q.Weights, T(p.Config.Sharpness))
	t.Refined = t.Base
	if block {
		p.block(t, words, cells, drop)
		t.Score += t.Refined - t.Base
	}
	if *p.Support != 0 {
		t.Score += *p.Support * t.Support
	}
	if *p.Hub != 0 {
		t.Score -= *p.Hub * c.Hub
	}
	return t
}

// block is the gated cross-attention of both streams.
func (p *Params[T]) block(t *Tape[T], words, cells Matrix[T], drop *Dropout) {
	heads := p.Config.Heads
	t.normV, t.hatV, t.invV = p.NormV.forward(cells)
	t.normT, t.hatT, t.invT = p.NormT.forward(words)
	x, y := p.InV.forward(t.normV), p.InT.forward(t.normT)
	t.visual = p.Visual.forward(heads, x, y, drop)
	// Only the end-of-text row is used of the text stream.
	t.text = p.Text.forward(heads, Matrix[T]{1, y.Cols, y.Row(t.end)}, x, drop)
	t.VisualTokens = t.visual.z
	t.pooledV, t.pooledT = newMatrix[T](1, x.Cols), t.text.z
	for n := range t.visual.z.Rows {
		axpy(t.pooledV.Data, 1/T(t.visual.z.Rows), t.visual.z.Row(n))
	}
	t.VisualOut, t.TextOut = p.OutV.forward(t.pooledV).Data, p.OutT.forward(t.pooledT).Data
	t.v1, t.vLength = gated(t.v0, *p.GateV, t.VisualOut)
	t.t1, t.tLength = gated(t.t0, *p.GateT, t.TextOut)
	t.Refined = dot(t.v1, t.t1)
}

// gated is unit(base + tanh(gate) r) and the length before.
func gated[T Float](base []T, gate T, r []T) ([]T, T) {
	f := T(math.Tanh(float64(gate)))
	out := make([]T, len(base))
	for i, v := range base {
		out[i] = v + f*r[i]
	}
	length := max(T(math.Sqrt(float64(dot(out, out)))), minLength)
	for i := range out {
		out[i] /= length
	}
	return out, length
}

// minLength keeps the division by a vector's length from blowing up.
const minLength = 1e-8

// Train scores one pair as training does: the block runs even while the gates are
// shut, since they are what learns first, and dropout (nil: none) takes part.
func (p *Params[T]) Train(q Query[T], c Clip[T], drop *Dropout) (*Tape[T], error) {
	if err := errors.Join(q.Check(p.Config), c.Check(p.Config)); err != nil {
		return nil, err
	}
	return p.forward(q, c, drop, true), nil
}

// Backward adds slope times the gradient of the score to g.
func (t *Tape[T]) Backward(g *Params[T], slope T) {
	*g.Support += slope * t.Support
	*g.Hub -= slope * t.hub
	if t.visual == nil {
		return
	}
	p := t.params
	dOutV := throughGate(t.t1, t.v1, t.Refined, t.vLength, *p.GateV, t.VisualOut, slope, g.GateV)
	dOutT := throughGate(t.v1, t.t1, t.Refined, t.tLength, *p.GateT, t.TextOut, slope, g.GateT)
	dPooledV := p.OutV.backward(g.OutV, t.pooledV, dOutV)
	dPooledT := p.OutT.backward(g.OutT, t.pooledT, dOutT)
	dz := newMatrix[T](t.visual.z.Rows, t.visual.z.Cols)
	for n := range dz.Rows {
		axpy(dz.Row(n), 1/T(dz.Rows), dPooledV.Data)
	}
	dx, dy := p.Visual.backward(&g.Visual, p.Config.Heads, t.visual, dz)
	dEnd, dCells := p.Text.backward(&g.Text, p.Config.Heads, t.text, dPooledT)
	add(dx, dCells)
	axpy(dy.Row(t.end), 1, dEnd.Data)
	p.NormV.backward(g.NormV, t.hatV, t.invV, p.InV.backward(g.InV, t.normV, dx))
	p.NormT.backward(g.NormT, t.hatT, t.invT, p.InT.backward(g.InT, t.normT, dy))
}

// throughGate carries slope times d(own . other) through own = unit(base +
// tanh(gate) r): it adds to the gate's gradient and returns that to r.
func throughGate[T Float](other, own []T, refined, length, gate T, r []T, slope T, toGate *T) Matrix[T] {
	f := T(math.Tanh(float64(gate)))
	d := newMatrix[T](1, len(own))
	for i := range own {
		d.Data[i] = slope * (other[i] - refined*own[i]) / length
	}
	*toGate += dot(d.Data, r) * (1 - f*f)
	for i := range d.Data {
		d.Data[i] *= f
	}
	return d
}
