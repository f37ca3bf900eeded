package head

import "math"

// Matrix is Rows x Cols numbers, row by row.
type Matrix[T Float] struct {
	Rows, Cols int
	Data       []T
}

func newMatrix[T Float](rows, cols int) Matrix[T] {
	return Matrix[T]{rows, cols, make([]T, rows*cols)}
}

// Row is row i.
func (m Matrix[T]) Row(i int) []T { return m.Data[i*m.Cols : (i+1)*m.Cols : (i+1)*m.Cols] }

// first is the matrix of the first n rows.
func (m Matrix[T]) first(n int) Matrix[T] { return Matrix[T]{n, m.Cols, m.Data[:n*m.Cols]} }

// forward is x W' + b.
func (l Linear[T]) forward(x Matrix[T]) Matrix[T] {
	y := newMatrix[T](x.Rows, l.Out)
	n := 0
	for ; n+2 <= x.Rows; n += 2 {
		l.twoRows(y.Row(n), y.Row(n+1), x.Row(n), x.Row(n+1))
	}
	for ; n < x.Rows; n++ {
		row, in := y.Row(n), x.Row(n)
		for o := range row {
			row[o] = dot(l.Weight[o*l.In:(o+1)*l.In], in) + l.Bias[o]
		}
	}
	return y
}

// twoRows works on two rows and two outputs at once, so that every number that
// is loaded is used twice.
func (l Linear[T]) twoRows(ya, yb, xa, xb []T) {
	n := l.In
	xa, xb = xa[:n], xb[:n]
	o := 0
	for ; o+2 <= l.Out; o += 2 {
		w, v := l.Weight[o*n:(o+1)*n], l.Weight[(o+1)*n:(o+2)*n]
		w, v = w[:n], v[:n]
		var aw, av, bw, bv, cw, cv, dw, dv T
		k := 0
		for ; k+2 <= n; k += 2 {
			a, b, x, z := xa[k], xb[k], w[k], v[k]
			aw += a * x
			av += a * z
			bw += b * x
			bv += b * z
			a, b, x, z = xa[k+1], xb[k+1], w[k+1], v[k+1]
			cw += a * x
			cv += a * z
			dw += b * x
			dv += b * z
		}
		for ; k < n; k++ {
			aw += xa[k] * w[k]
			av += xa[k] * v[k]
			bw += xb[k] * w[k]
			bv += xb[k] * v[k]
		}
		ya[o], ya[o+1] = aw+cw+l.Bias[o], av+cv+l.Bias[o+1]
		yb[o], yb[o+1] = bw+dw+l.Bias[o], bv+dv+l.Bias[o+1]
	}
	for ; o < l.Out; o++ {
		w := l.Weight[o*n : (o+1)*n]
		ya[o], yb[o] = dot(w, xa)+l.Bias[o], dot(w, xb)+l.Bias[o]
	}
}

// backward adds the gradients of weights and bias to g and returns that to x.
func (l Linear[T]) backward(g Linear[T], x, dy Matrix[T]) Matrix[T] {
	dx := newMatrix[T](x.Rows, l.In)
	for n := range dy.Rows {
		d := dy.Row(n)
		for o, v := range d {
			g.Bias[o] += v
		}
		row, o := dx.Row(n), 0
		for ; o+4 <= l.Out; o += 4 {
			axpy4(row, d[o:o+4], l.Weight[o*l.In:], l.In)
		}
		for ; o < l.Out; o++ {
			axpy(row, d[o], l.Weight[o*l.In:(o+1)*l.In])
		}
	}
	// Weight gradients of four rows at once: each weight is then read and
	// written a quarter as often.
	for o := range l.Out {
		row, n := g.Weight[o*l.In:(o+1)*l.In], 0
		for ; n+4 <= x.Rows; n += 4 {
			f := [4]T{dy.Data[n*l.Out+o], dy.Data[(n+1)*l.Out+o], dy.Data[(n+2)*l.Out+o], dy.Data[(n+3)*l.Out+o]}
			axpy4(row, f[:], x.Data[n*l.In:], l.In)
		}
		for ; n < x.Rows; n++ {
			axpy(row, dy.Data[n*l.Out+o], x.Row(n))
		}
	}
	return dx
}

// dot is the inner product of two slices of one length.
func dot[T Float](a, b []T) T {
	b = b[:len(a)]
	var s0, s1 T
	k := 0
	for ; k+2 <= len(a); k += 2 {
		s0 += a[k] * b[k]
		s1 += a[k+1] * b[k+1]
	}
	if k < len(a) {
		s0 += a[k] * b[k]
	}
	return s0 + s1
}

// axpy is y += f x.
func axpy[T Float](y []T, f T, x []T) {
	if f == 0 {
		return
	}
	x = x[:len(y)]
	for k := range y {
		y[k] += f * x[k]
	}
}

// axpy4 adds four rows of x, each times its factor, to y.
func axpy4[T Float](y, f, x []T, stride int) {
	a, b, c, d := f[0], f[1], f[2], f[3]
	n := len(y)
	x0, x1, x2, x3 := x[:n], x[stride:][:n], x[2*stride:][:n], x[3*stride:][:n]
	for k := range y {
		y[k] += (a*x0[k] + b*x1[k]) + (c*x2[k] + d*x3[k])
	}
}

const normEpsilon = 1e-5

// forward normalises every row. norm is what the gain multiplies and inverse one
// over each row's standard deviation: backward needs both.
func (l Norm[T]) forward(x Matrix[T]) (y, norm Matrix[T], inverse []T) {
	y, norm, inverse = newMatrix[T](x.Rows, x.Cols), newMatrix[T](x.Rows, x.Cols), make([]T, x.Rows)
	for n := range x.Rows {
		row, hat, out := x.Row(n), norm.Row(n), y.Row(n)
		var mean, variance T
		for _, v := range row {
			mean += v
		}
		mean /= T(len(row))
		for _, v := range row {
			variance += (v - mean) * (v - mean)
		}
		inv := T(1 / math.Sqrt(float64(variance/T(len(row)))+normEpsilon))
		inverse[n] = inv
		for k, v := range row {
			hat[k] = (v - mean) * inv
			out[k] = hat[k]*l.Gain[k] + l.Offset[k]
		}
	}
	return y, norm, inverse
}

// backward adds the gradients of gain and offset to g and returns that to x.
func (l Norm[T]) backward(g Norm[T], norm Matrix[T], inverse []T, dy Matrix[T]) Matrix[T] {
	dx := newMatrix[T](dy.Rows, dy.Cols)
	for n := range dy.Rows {
		d, hat, out := dy.Row(n), norm.Row(n), dx.Row(n)
		var sum, along T
		for k, v := range d {
			g.Gain[k] += v * hat[k]
			g.Offset[k] += v
			out[k] = v * l.Gain[k]
			sum += out[k]
			along += out[k] * hat[k]
		}
		sum, along = sum/T(len(d)), along/T(len(d))
		for k := range out {
			out[k] = inverse[n] * (out[k] - sum - hat[k]*along)
		}
	}
	return dx
}
