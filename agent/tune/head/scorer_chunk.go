package head

import (
	"math"

	"github.com/gembahq/gemba/internal/vector"
)

// workspace is what one goroutine computes in.
type workspace struct {
	cells, unit, looks        buffer // of one clip
	x, q, weights, context, h buffer
	gate, upper               buffer

	pooled                                  buffer // one row a clip
	textContext, textH, textGate, textUpper buffer
	outV, outT                              buffer

	refined, line []float32
}

// chunk scores a few clips.
func (r *Prepared) chunk(w *workspace, clips []Clip[float32], out []Result) {
	p := r.scorer.params
	block := !p.BlockOff()
	if block {
		w.pooled.shape(len(clips), p.Config.Inner)
		w.textContext.shape(len(clips), p.Config.Inner)
	}
	for i, c := range clips {
		w.load(c, p.Config)
		var total float32
		total, out[i].Support, out[i].Attention = r.support(w)
		out[i].Score = c.FirstStage
		if block {
			r.look(w)
			r.visual(w, w.pooled.row(i, p.Config.Inner))
			r.text(w, w.textContext.row(i, p.Config.Inner))
		}
		out[i].Score = r.terms(out[i].Score, total, c.Hub)
	}
	if !block {
		return
	}
	for i, refined := range r.finish(w, clips) {
		// The block comes first in the sum, as in the reference.
		score := clips[i].FirstStage + (refined - vector.Dot(clips[i].Vector, r.query.Vector))
		var total float32
		for k, s := range out[i].Support {
			total += r.query.Weights[k] * s
		}
		out[i].Score = r.terms(score, total, clips[i].Hub)
	}
}

// terms adds the plain terms. Those with weight zero are not added at all.
func (r *Prepared) terms(score, support, hub float32) float32 {
	p := r.scorer.params
	if *p.Support != 0 {
		score += *p.Support * support
	}
	if *p.Hub != 0 {
		score -= *p.Hub * hub
	}
	return score
}

// load takes the cells of a clip in.
func (w *workspace) load(c Clip[float32], config Config) {
	w.cells.shape(c.Valid, config.VisualDims)
	for n := range c.Valid {
		copy(w.cells.row(n, config.VisualDims), c.Tokens.Row(n))
	}
}

// support is the term of the same name.
func (r *Prepared) support(w *workspace) (total float32, each []float32, attention Matrix[float32]) {
	c := r.scorer.params.Config
	if c.VisualDims != c.TextDims {
		return 0, make([]float32, r.words.Rows), newMatrix[float32](r.words.Rows, w.cells.rows)
	}
	dims := c.TextDims
	w.unit.shape(w.cells.rows, c.VisualDims)
	for n := range w.cells.rows {
		fastUnit(w.unit.row(n, c.VisualDims), w.cells.row(n, c.VisualDims))
	}
	w.looks.shape(w.cells.rows, r.words.Rows)
	r.looks.run(&w.looks, 0, &w.unit, 0)
	each, attention = make([]float32, r.words.Rows), newMatrix[float32](r.words.Rows, w.cells.rows)
	if cap(w.line) < dims {
		w.line = make([]float32, dims)
	}
	context := w.line[:dims]
	for k := range each {
		row := attention.Row(k)
		for n := range row {
			row[n] = float32(c.Sharpness) * w.looks.data[n*w.looks.stride+k]
		}
		fastSoftmax(row)
		clear(context)
		for n, a := range row {
			axpy(context, a, w.unit.row(n, dims))
		}
		each[k] = vector.Dot(r.words.Row(k), context) / max(float32(math.Sqrt(float64(vector.Dot(context, context)))), minLength)
		total += r.query.Weights[k] * each[k]
	}
	return total, each, attention
}

// look projects the cells into the block.
func (r *Prepared) look(w *workspace) {
	p := r.scorer.params
	normRows(p.NormV, &w.cells)
	w.x.shape(w.cells.rows, p.Config.Inner)
	r.scorer.inV.run(&w.x, 0, &w.cells, 0)
}

// visual is the visual stream; pooled is set to the mean of its tokens.
func (r *Prepared) visual(w *workspace, pooled []float32) {
	p, s, c := r.scorer.params, &r.scorer.visual, r.scorer.params.Config
	rows, width := w.x.rows, c.Inner/c.Heads
	w.q.shape(rows, c.Inner)
	s.q.run(&w.q, 0, &w.x, 0)
	w.weights.shape(rows, r.words.Rows)
	w.context.shape(rows, c.Inner)
	root := float32(1 / math.Sqrt(float64(width)))
	for h := range c.Heads {
		r.keys[h].run(&w.weights, 0, &w.q, h*width)
		for n := range rows {
			row := w.weights.row(n, r.words.Rows)
			for j := range row {
				row[j] *= root
			}
			fastSoftmax(row)
		}
		// What a head writes beyond its columns, the next one overwrites.
		r.values[h].run(&w.context, h*width, &w.weights, 0)
	}
	w.h.shape(rows, c.Inner)
	s.o.run(&w.h, 0, &w.context, 0)
	addRows(&w.h, &w.x, c.Inner)
	normRows(p.Visual.LN1, &w.h)
	// q is not needed any more and takes what the feed-forward part gives.
	feedForward(s, &w.h, &w.gate, &w.upper, &w.q)
	addRows(&w.h, &w.q, c.Inner)
	normRows(p.Visual.LN2, &w.h)
	clear(pooled)
	for n := range rows {
		axpy(pooled, 1, w.h.row(n, c.Inner))
	}
	for i := range pooled {
		pooled[i] /= float32(rows)
	}
}

// text is what the end of text takes from the cells: context, before the
// output projection of the attention.
func (r *Prepared) text(w *workspace, context []float32) {
	p, c := r.scorer.params, r.scorer.params.Config
	width := c.Inner / c.Heads
	root := float32(1 / math.Sqrt(float64(width)))
	if cap(w.refined) < w.x.rows+c.Inner {
		w.refined = make([]float32, w.x.rows+c.Inner)
	}
	weights, mean := w.refined[:w.x.rows], w.refined[w.x.rows:w.x.rows+c.Inner]
	for h := range c.Heads {
		for n := range weights {
			weights[n] = root * vector.Dot(r.ask[h], w.x.row(n, c.Inner))
		}
		fastSoftmax(weights)
		clear(mean)
		for n, a := range weights {
			axpy(mean, a, w.x.row(n, c.Inner))
		}
		// The weights sum to 1, so V of the mean is the mean of V.
		for o := h * width; o < (h+1)*width; o++ {
			context[o] = vector.Dot(p.Text.V.Weight[o*c.Inner:(o+1)*c.Inner], mean) + p.Text.V.Bias[o]
		}
	}
}

// finish computes what has one row a clip and returns v1 . t1 of each.
func (r *Prepared) finish(w *workspace, clips []Clip[float32]) []float32 {
	p, s, c := r.scorer.params, &r.scorer.text, r.scorer.params.Config
	w.textH.shape(len(clips), c.Inner)
	s.o.run(&w.textH, 0, &w.textContext, 0)
	for i := range clips {
		axpy(w.textH.row(i, c.Inner), 1, r.end)
	}
	normRows(p.Text.LN1, &w.textH)
	feedForward(s, &w.textH, &w.textGate, &w.textUpper, &w.textContext)
	addRows(&w.textH, &w.textContext, c.Inner)
	normRows(p.Text.LN2, &w.textH)

	w.outV.shape(len(clips), c.Embedding)
	w.outT.shape(len(clips), c.Embedding)
	r.scorer.outV.run(&w.outV, 0, &w.pooled, 0)
	r.scorer.outT.run(&w.outT, 0, &w.textH, 0)
	w.refined = w.refined[:0]
	for i, clip := range clips {
		v, t := w.outV.row(i, c.Embedding), w.outT.row(i, c.Embedding)
		openGate(v, clip.Vector, *p.GateV)
		openGate(t, r.query.Vector, *p.GateT)
		w.refined = append(w.refined, vector.Dot(v, t))
	}
	return w.refined
}

// openGate sets out to unit(base + tanh(gate) out).
func openGate(out, base []float32, gate float32) {
	f := float32(math.Tanh(float64(gate)))
	for i, v := range base {
		out[i] = v + f*out[i]
	}
	fastUnit(out, out)
}

// feedForward is the gated part; gate and upper are room for the hidden values.
func feedForward(s *packedStream, h, gate, upper, out *buffer) {
	hidden := s.gate.out
	gate.shape(h.rows, hidden)
	upper.shape(h.rows, hidden)
	s.gate.run(gate, 0, h, 0)
	s.up.run(upper, 0, h, 0)
	for n := range h.rows {
		g, u := gate.row(n, hidden), upper.row(n, hidden)
		for i, v := range g {
			g[i] = fastGELU(v) * u[i]
		}
	}
	out.shape(h.rows, s.down.out)
	s.down.run(out, 0, gate, 0)
}

func addRows(to, m *buffer, cols int) {
	for n := range to.rows {
		axpy(to.row(n, cols), 1, m.row(n, cols))
	}
}
