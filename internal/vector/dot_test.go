package vector

import "testing"

func TestDot(t *testing.T) {
	// Small integers: exact in any order of additions.
	for n := range 20 {
		a, b := make([]float32, n), make([]float32, n+3)
		var want float32
		for i := range b {
			b[i] = float32(7 - 2*i)
			if i < n {
				a[i] = float32(i + 1)
				want += a[i] * b[i]
			}
		}
		if got := Dot(a, b); got != want {
			t.Errorf("%d values: %v, want %v", n, got, want)
		}
	}
}
