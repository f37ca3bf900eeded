package head

// packed is a linear layer as the kernel reads it: panels of sixteen outputs,
// the last one filled up with zeros.
type packed struct {
	in, out int
	panels  []float32 // [out/16][in][16]
	bias    []float32 // [out], filled up to sixteens
}

func up(n, to int) int { return (n + to - 1) / to * to }

// newPacked reads weight o,k at weights[o*strideOut+k*strideIn]. A nil bias is zero.
func newPacked(in, out int, weights []float32, strideOut, strideIn int, bias []float32) packed {
	p := packed{in, out, make([]float32, up(out, panelWidth)*in), make([]float32, up(out, panelWidth))}
	copy(p.bias, bias)
	for o := range out {
		to := p.panels[o/panelWidth*in*panelWidth+o%panelWidth:]
		for k := range in {
			to[k*panelWidth] = weights[o*strideOut+k*strideIn]
		}
	}
	return p
}

func pack(l Linear[float32]) packed { return newPacked(l.In, l.Out, l.Weight, l.In, 1, l.Bias) }

// buffer is a matrix with room for what the kernel writes beyond it: rows in
// fours, columns in sixteens.
type buffer struct {
	rows, stride int
	data         []float32
}

// shape makes room for rows x cols and one panel more. What was in it is not cleared.
func (b *buffer) shape(rows, cols int) {
	b.rows, b.stride = rows, up(cols, panelWidth)+panelWidth
	if n := up(rows, blockRows) * b.stride; cap(b.data) < n {
		b.data = make([]float32, n)
	} else {
		b.data = b.data[:n]
	}
}

func (b *buffer) row(i, cols int) []float32 {
	return b.data[i*b.stride : i*b.stride+cols : i*b.stride+cols]
}

// run sets columns to.. of y from columns from.. of x. Up to fifteen columns
// after the outputs are overwritten.
func (p *packed) run(y *buffer, to int, x *buffer, from int) {
	for panelAt := 0; panelAt < p.out; panelAt += panelWidth {
		weights := p.panels[panelAt*p.in : (panelAt+panelWidth)*p.in]
		for n := 0; n < x.rows; n += blockRows {
			panel(y.data[n*y.stride+to+panelAt:], y.stride, x.data[n*x.stride+from:], x.stride, weights, p.bias[panelAt:panelAt+panelWidth], p.in)
		}
	}
}

// normRows normalises the rows in place.
func normRows(l Norm[float32], b *buffer) {
	for n := range b.rows {
		normRow(l, b.row(n, len(l.Gain)))
	}
}
