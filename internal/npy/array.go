package npy

import (
	"fmt"
	"math"
)

// Float is a type that values are read into. Stored float16, float32 and
// float64 values are all converted to the type asked for.
type Float interface{ float32 | float64 }

// Array is an array of one to four dimensions in C order.
type Array[T Float] struct {
	Shape []int // the extents, each at least 0
	Data  []T   // as many values as the product of Shape
}

// Matrix is a two-dimensional array in C order: value (r, c) is at
// Data[r*Cols+c].
type Matrix[T Float] struct {
	Rows, Cols int
	Data       []T
}

// Row returns row r without copying it.
func (m Matrix[T]) Row(r int) []T {
	return m.Data[r*m.Cols : (r+1)*m.Cols : (r+1)*m.Cols]
}

// CheckFinite returns an error that names the first value that is NaN or
// infinite, nil if there is none.
func (m Matrix[T]) CheckFinite() error {
	for i, v := range m.Data {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%w: %v at row %d, column %d", ErrNotFinite, f, i/m.Cols, i%m.Cols)
		}
	}
	return nil
}
