package decode

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// BenchmarkReader is decoding and scaling of 30 s of 768x432 H.264, the part
// that ingest can at best be as fast as.
func BenchmarkReader(b *testing.B) {
	for _, bb := range []struct {
		name string
		o    Options
	}{
		{"full/1thread", Options{Threads: 1}},
		{"full/2threads", Options{Threads: 2}},
		{"full/2threads/ahead", Options{Threads: 2, ReadAhead: 4}},
		{"full/2threads/2fps", Options{Threads: 2, MaxFPS: 2}},
		{"keyframes", Options{Mode: KeyFrames}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			bb.o.Pool = frame.NewPool()
			frames := 0
			b.ReportAllocs()
			for b.Loop() {
				r, err := Open(context.Background(), sample("car-detection.mp4"), bb.o)
				if err != nil {
					b.Fatal(err)
				}
				for {
					f, err := r.Next(context.Background())
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						b.Fatal(err)
					}
					f.Release()
					frames++
				}
				r.Close()
			}
			b.ReportMetric(float64(frames)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}

func BenchmarkFrameAt(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		if _, err := FrameAt(context.Background(), sample("car-detection.mp4"), time.Duration(i*37%30)*time.Second, 0); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRemux(b *testing.B) {
	dst := filepath.Join(b.TempDir(), "cut.mp4")
	for i := 0; b.Loop(); i++ {
		from := time.Duration(i*37%26) * time.Second
		if _, err := Remux(context.Background(), sample("car-detection.mp4"), from, from+4*time.Second, dst); err != nil {
			b.Fatal(err)
		}
	}
}
