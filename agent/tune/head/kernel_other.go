//go:build !amd64 && !arm64

package head

func panel(y []float32, yStride int, x []float32, xStride int, weights, bias []float32, n int) {
	panelGo(y, yStride, x, xStride, weights, bias, n)
}
