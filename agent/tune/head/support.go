package head

import "math"

// support is the term L: every word attends to the cells that look like it, and
// is supported as far as what it attends to looks like it. It has nothing to
// learn but its weight in the score. Words and cells must be in one space; where
// their widths differ the term is 0.
func support[T Float](words, cells Matrix[T], weights []T, sharpness T) (total T, each []T, attention Matrix[T]) {
	w, u := unitRows(words), unitRows(cells)
	each, attention = make([]T, w.Rows), newMatrix[T](w.Rows, u.Rows)
	if w.Cols != u.Cols {
		return 0, each, attention
	}
	context := make([]T, w.Cols)
	for k := range w.Rows {
		row, word := attention.Row(k), w.Row(k)
		for n := range row {
			row[n] = sharpness * dot(word, u.Row(n))
		}
		softmax(row)
		clear(context)
		for n, a := range row {
			axpy(context, a, u.Row(n))
		}
		each[k] = dot(word, context) / max(T(math.Sqrt(float64(dot(context, context)))), minLength)
		total += weights[k] * each[k]
	}
	return total, each, attention
}

// unitRows are the rows divided by their lengths.
func unitRows[T Float](m Matrix[T]) Matrix[T] {
	out := newMatrix[T](m.Rows, m.Cols)
	for n := range m.Rows {
		row, unit := m.Row(n), out.Row(n)
		f := 1 / max(T(math.Sqrt(float64(dot(row, row)))), minLength)
		for i, v := range row {
			unit[i] = v * f
		}
	}
	return out
}
