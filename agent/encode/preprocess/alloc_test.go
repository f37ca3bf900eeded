//go:build !race

package preprocess

import "testing"

// The race detector makes pools forget at random, so this holds without it only.
func TestAllocatesNothingOnceWarm(t *testing.T) {
	p := newPreprocessor(t, "bilinear-antialias", 64, 64, "squash", "center")
	pix, dst := synthetic(512, 288, "noise"), make([]float32, p.Len())
	if n := testing.AllocsPerRun(20, func() {
		for v := range 2 {
			if err := p.Tensor(dst, v, pix, 512, 288); err != nil {
				t.Fatal(err)
			}
		}
	}); n > 1 {
		t.Errorf("%v allocations a frame", n)
	}
}
