package head

// panelNEON is panelGo with vector instructions. n must be above 0.
//
//go:noescape
func panelNEON(y *float32, yStride int, x *float32, xStride int, panel, bias *float32, n int)

// Every 64-bit ARM processor has the instructions.
func panel(y []float32, yStride int, x []float32, xStride int, weights, bias []float32, n int) {
	// The kernel checks no bounds, so they are checked here.
	_, _, _, _ = y[3*yStride+panelWidth-1], x[3*xStride+n-1], weights[n*panelWidth-1], bias[panelWidth-1]
	panelNEON(&y[0], yStride, &x[0], xStride, &weights[0], &bias[0], n)
}
