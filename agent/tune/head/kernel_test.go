package head

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The kernel of this machine gives what the plain one gives, and writes nothing
// but its four rows of sixteen.
func TestKernelIsThePlainOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		xStride, yStride := n+rapid.IntRange(0, 5).Draw(t, "x"), panelWidth+rapid.IntRange(0, 20).Draw(t, "y")
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		x, weights, bias := to32(w.numbers(4*xStride)), to32(w.numbers(n*panelWidth)), to32(w.numbers(panelWidth))
		got, want := make([]float32, 4*yStride), make([]float32, 4*yStride)
		for i := range got {
			got[i], want[i] = 77, 77
		}
		panel(got, yStride, x, xStride, weights, bias, n)
		panelGo(want, yStride, x, xStride, weights, bias, n)
		for i := range want {
			if math.Abs(float64(got[i]-want[i])) > 1e-4 {
				t.Fatalf("number %d is %v, want %v", i, got[i], want[i])
			}
		}
	})
}
