package head

import (
	"math"
	"math/rand/v2"
)

// streamTape is what a stream's forward pass leaves for its backward pass.
type streamTape[T Float] struct {
	x, y         Matrix[T] // querying tokens, tokens looked at
	q, k, v      Matrix[T]
	attention    []Matrix[T] // per head [x.Rows][y.Rows], before dropout
	dropped      []Matrix[T] // the same after dropout; the same slices without
	context      Matrix[T]   // heads side by side
	hat1, hat2   Matrix[T]
	inv1, inv2   []T
	h            Matrix[T] // after the first norm
	gate, up     Matrix[T]
	hidden       Matrix[T] // gelu(gate) * up, after dropout
	hiddenFactor []T       // what dropout multiplied hidden by; nil without
	z            Matrix[T]
}

// Dropout zeroes attention weights and hidden values at random while training.
type Dropout struct {
	Rate float64 // 0 to below 1
	Rand *rand.Rand
}

// factor is 0 or what keeps the expected value.
func (d *Dropout) factor() float64 {
	if d.Rand.Float64() < d.Rate {
		return 0
	}
	return 1 / (1 - d.Rate)
}

// forward lets tokens x look at tokens y.
func (s *Stream[T]) forward(heads int, x, y Matrix[T], drop *Dropout) *streamTape[T] {
	t := &streamTape[T]{x: x, y: y, q: s.Q.forward(x), k: s.K.forward(y), v: s.V.forward(y)}
	t.context = newMatrix[T](x.Rows, x.Cols)
	width := x.Cols / heads
	root := T(1 / math.Sqrt(float64(width)))
	for h := range heads {
		lo, hi := h*width, (h+1)*width
		a := newMatrix[T](x.Rows, y.Rows)
		for n := range a.Rows {
			row := a.Row(n)
			for j := range row {
				row[j] = dot(t.q.Row(n)[lo:hi], t.k.Row(j)[lo:hi]) * root
			}
			softmax(row)
		}
		used := a
		if drop != nil {
			used = newMatrix[T](a.Rows, a.Cols)
			for i, w := range a.Data {
				used.Data[i] = w * T(drop.factor())
			}
		}
		for n := range a.Rows {
			for j, w := range used.Row(n) {
				axpy(t.context.Row(n)[lo:hi], w, t.v.Row(j)[lo:hi])
			}
		}
		t.attention, t.dropped = append(t.attention, a), append(t.dropped, used)
	}
	sum := s.O.forward(t.context)
	for i, v := range x.Data {
		sum.Data[i] += v
	}
	t.h, t.hat1, t.inv1 = s.LN1.forward(sum)
	t.gate, t.up = s.Gate.forward(t.h), s.Up.forward(t.h)
	t.hidden = newMatrix[T](x.Rows, s.Gate.Out)
	for i, g := range t.gate.Data {
		t.hidden.Data[i] = gelu(g) * t.up.Data[i]
	}
	if drop != nil {
		t.hiddenFactor = make([]T, len(t.hidden.Data))
		for i := range t.hiddenFactor {
			t.hiddenFactor[i] = T(drop.factor())
			t.hidden.Data[i] *= t.hiddenFactor[i]
		}
	}
	out := s.Down.forward(t.hidden)
	for i, v := range t.h.Data {
		out.Data[i] += v
	}
	t.z, t.hat2, t.inv2 = s.LN2.forward(out)
	return t
}

// backward adds the gradients of the parameters to g and returns those to x and y.
func (s *Stream[T]) backward(g *Stream[T], heads int, t *streamTape[T], dz Matrix[T]) (dx, dy Matrix[T]) {
	dOut := s.LN2.backward(g.LN2, t.hat2, t.inv2, dz)
	dHidden := s.Down.backward(g.Down, t.hidden, dOut)
	dGate, dUp := newMatrix[T](dHidden.Rows, dHidden.Cols), newMatrix[T](dHidden.Rows, dHidden.Cols)
	for i, d := range dHidden.Data {
		if t.hiddenFactor != nil {
			d *= t.hiddenFactor[i]
		}
		dUp.Data[i] = d * gelu(t.gate.Data[i])
		dGate.Data[i] = d * t.up.Data[i] * geluSlope(t.gate.Data[i])
	}
	dh := dOut // the residual carries it on; dOut is not needed any more
	add(dh, s.Gate.backward(g.Gate, t.h, dGate))
	add(dh, s.Up.backward(g.Up, t.h, dUp))
	dx = s.LN1.backward(g.LN1, t.hat1, t.inv1, dh)
	dContext := s.O.backward(g.O, t.context, dx)

	dq, dk, dv := newMatrix[T](t.x.Rows, t.x.Cols), newMatrix[T](t.y.Rows, t.x.Cols), newMatrix[T](t.y.Rows, t.x.Cols)
	width := t.x.Cols / heads
	root := T(1 / math.Sqrt(float64(width)))
	dw := make([]T, t.y.Rows)
	for h := range heads {
		lo, hi := h*width, (h+1)*width
		for n := range t.x.Rows {
			weights, used, dc := t.attention[h].Row(n), t.dropped[h].Row(n), dContext.Row(n)[lo:hi]
			var along T
			for j := range weights {
				dw[j] = 0
				if used[j] != 0 {
					dw[j] = dot(dc, t.v.Row(j)[lo:hi]) * (used[j] / weights[j])
				}
				along += dw[j] * weights[j]
				axpy(dv.Row(j)[lo:hi], used[j], dc)
			}
			for j, w := range weights {
				d := w * (dw[j] - along) * root
				axpy(dq.Row(n)[lo:hi], d, t.k.Row(j)[lo:hi])
				axpy(dk.Row(j)[lo:hi], d, t.q.Row(n)[lo:hi])
			}
		}
	}
	add(dx, s.Q.backward(g.Q, t.x, dq))
	dy = s.K.backward(g.K, t.y, dk)
	add(dy, s.V.backward(g.V, t.y, dv))
	return dx, dy
}

func add[T Float](to, m Matrix[T]) {
	for i, v := range m.Data {
		to.Data[i] += v
	}
}

// softmax turns a row into weights that sum to 1.
func softmax[T Float](row []T) {
	top := row[0]
	for _, v := range row {
		top = max(top, v)
	}
	var sum T
	for i, v := range row {
		row[i] = T(math.Exp(float64(v - top)))
		sum += row[i]
	}
	for i := range row {
		row[i] /= sum
	}
}
