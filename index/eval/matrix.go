package eval

import "fmt"

// Matrix is a read-only [videos][texts] table of finite numbers. Reading must
// be safe from several goroutines at once.
type Matrix interface {
	// Dims returns the number of rows (videos) and columns (texts).
	Dims() (rows, cols int)
	// Row copies row i into dst, which holds exactly cols values.
	Row(i int, dst []float64)
	// Columns copies the columns from, from+1, … into dst[0], dst[1], …, each
	// of exactly rows values. Asking for several at once spares the memory
	// system one walk over the table per column.
	Columns(from int, dst [][]float64)
}

// Dense is a Matrix over one row-major slice.
type Dense struct {
	rows, cols int
	data       []float64
}

// NewDense wraps data, which must hold exactly rows*cols values in row-major
// (C) order. The slice is kept, not copied.
func NewDense(rows, cols int, data []float64) (*Dense, error) {
	if rows < 1 || cols < 1 {
		return nil, fmt.Errorf("a matrix of %d x %d has nothing to evaluate", rows, cols)
	}
	if len(data)/cols != rows || len(data)%cols != 0 {
		return nil, fmt.Errorf("a matrix of %d x %d does not fit %d values", rows, cols, len(data))
	}
	return &Dense{rows: rows, cols: cols, data: data}, nil
}

// Dims implements Matrix.
func (d *Dense) Dims() (rows, cols int) { return d.rows, d.cols }

// Row implements Matrix.
func (d *Dense) Row(i int, dst []float64) {
	copy(dst, d.data[i*d.cols:(i+1)*d.cols])
}

// Columns implements Matrix.
func (d *Dense) Columns(from int, dst [][]float64) {
	for i := range d.rows {
		at := i*d.cols + from
		for k, v := range d.data[at : at+len(dst)] {
			dst[k][i] = v
		}
	}
}
