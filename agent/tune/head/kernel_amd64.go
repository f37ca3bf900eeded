package head

import "golang.org/x/sys/cpu"

var hasAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasFMA

// panelAVX2 is panelGo with vector instructions. n must be above 0.
//
//go:noescape
func panelAVX2(y *float32, yStride int, x *float32, xStride int, panel, bias *float32, n int)

func panel(y []float32, yStride int, x []float32, xStride int, weights, bias []float32, n int) {
	if !hasAVX2 {
		panelGo(y, yStride, x, xStride, weights, bias, n)
		return
	}
	// The kernel checks no bounds, so they are checked here.
	_, _, _, _ = y[3*yStride+panelWidth-1], x[3*xStride+n-1], weights[n*panelWidth-1], bias[panelWidth-1]
	panelAVX2(&y[0], yStride, &x[0], xStride, &weights[0], &bias[0], n)
}
