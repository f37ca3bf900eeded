package clip

import (
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// BenchmarkCutter shows what cutting adds to each decoded frame of a camera at
// 12.5 frames a second where something always moves, thumbnails included.
func BenchmarkCutter(b *testing.B) {
	s := newScene(512, 288, 4)
	var fs []*frame.Frame
	for i := range 50 {
		fs = append(fs, s.frame(looks{mover: true, offset: time.Duration(i) * 80 * time.Millisecond}))
	}
	c := mustCutter(b, Options{})
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		f := fs[i%len(fs)]
		g := &frame.Frame{Pix: f.Pix, Width: f.Width, Height: f.Height, Offset: time.Duration(i) * 80 * time.Millisecond}
		for _, k := range c.Push(g) {
			k.Release()
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "frames/s")
}

// BenchmarkLowRes is the part that every frame pays.
func BenchmarkLowRes(b *testing.B) {
	s := newScene(512, 288, 4)
	f, g := s.frame(looks{mover: true}), s.frame(looks{})
	var smp sampler
	var x, y lowRes
	smp.read(g, &y)
	for b.Loop() {
		smp.read(f, &x)
		meanDiff(&x, &y)
	}
}

func BenchmarkLook(b *testing.B) {
	s := newScene(512, 288, 4)
	var smp sampler
	var x, y lowRes
	smp.read(s.frame(looks{mover: true}), &x)
	smp.read(s.frame(looks{}), &y)
	for b.Loop() {
		look(&x, &y)
	}
}

func BenchmarkThumbnail(b *testing.B) {
	s := newScene(512, 288, 4)
	f := s.frame(looks{mover: true})
	var th thumbnailer
	for b.Loop() {
		th.encode(f)
	}
}
