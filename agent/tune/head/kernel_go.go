package head

// panelWidth is how many outputs a panel of weights has side by side, blockRows
// how many rows of input the kernel works on at once.
const (
	panelWidth = 16
	blockRows  = 4
)

// panelGo adds nothing: it sets four rows of sixteen outputs. x is four rows of
// n numbers, xStride apart; panel is [n][16]; bias [16]; y is four rows of
// sixteen numbers, yStride apart.
func panelGo(y []float32, yStride int, x []float32, xStride int, panel, bias []float32, n int) {
	x0, x1, x2, x3 := x[:n], x[xStride:][:n], x[2*xStride:][:n], x[3*xStride:][:n]
	for o := 0; o < panelWidth; o += 2 {
		a0, b0 := bias[o], bias[o+1]
		a1, b1, a2, b2, a3, b3 := a0, b0, a0, b0, a0, b0
		w := panel[o:]
		for k := range n {
			u, v := w[k*panelWidth], w[k*panelWidth+1]
			a0 += x0[k] * u
			b0 += x0[k] * v
			a1 += x1[k] * u
			b1 += x1[k] * v
			a2 += x2[k] * u
			b2 += x2[k] * v
			a3 += x3[k] * u
			b3 += x3[k] * v
		}
		y[o], y[o+1] = a0, b0
		y[yStride+o], y[yStride+o+1] = a1, b1
		y[2*yStride+o], y[2*yStride+o+1] = a2, b2
		y[3*yStride+o], y[3*yStride+o+1] = a3, b3
	}
}
