package encode

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// benchFrames are frames as decoding hands them out.
func benchFrames(n int) []*frame.Frame {
	r := rand.New(rand.NewPCG(1, 2))
	frames := make([]*frame.Frame, n)
	for i := range frames {
		f := &frame.Frame{Width: 512, Height: 288, Pix: make([]byte, 512*288*3)}
		base := byte(r.Uint32())
		for j := range f.Pix {
			f.Pix[j] = base + byte(j/2000) + byte(r.Uint32()&15)
		}
		frames[i] = f
	}
	return frames
}

func bundledEncoder(b *testing.B) *Encoder {
	if !hasManifest(bundled) {
		b.Skip("the bundled pack is not here")
	}
	return newEncoder(b, openPack(b, bundled))
}

// BenchmarkVisionBatch shows the views a second that two threads encode,
// preprocessing included, by size of batch, and the processor time of one view,
// which holds on a busy machine too. A frame has as many views as the pack's
// manifest lists.
func BenchmarkVisionBatch(b *testing.B) {
	for _, size := range []int{1, 2, 4, 8, 16} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			e := bundledEncoder(b)
			e.batch = size
			clips := [][]*frame.Frame{benchFrames(8), benchFrames(8)}
			if _, err := e.EncodeClips(context.Background(), clips); err != nil {
				b.Fatal(err)
			}
			used := processorTime()
			b.ResetTimer()
			for b.Loop() {
				if _, err := e.EncodeClips(context.Background(), clips); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime()-used).Microseconds())/1000/float64(16*e.pack.pre.Views()*b.N), "cpu-ms/view")
			b.ReportMetric(float64(16*e.pack.pre.Views()*b.N)/b.Elapsed().Seconds(), "views/s")
		})
	}
}

// BenchmarkEncodeClip is one clip of eight frames.
func BenchmarkEncodeClip(b *testing.B) {
	e := bundledEncoder(b)
	clip := [][]*frame.Frame{benchFrames(8)}
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		if _, err := e.EncodeClips(context.Background(), clip); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(8*b.N)/b.Elapsed().Seconds(), "frames/s")
}

// BenchmarkEncodeText is a sentence not asked before; cached is one asked again.
func BenchmarkEncodeText(b *testing.B) {
	e := bundledEncoder(b)
	b.Run("new", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if _, err := e.EncodeText(context.Background(), fmt.Sprintf("a worker with a yellow helmet near gate %d at night", n)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("cached", func(b *testing.B) {
		for b.Loop() {
			if _, err := e.EncodeText(context.Background(), "a worker with a yellow helmet"); err != nil {
				b.Fatal(err)
			}
		}
	})
	// What a search feels while an import keeps the vision model busy.
	b.Run("during-import", func(b *testing.B) {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			clips := [][]*frame.Frame{benchFrames(8)}
			for ctx.Err() == nil {
				_, _ = e.EncodeClips(ctx, clips)
			}
		}()
		var slowest time.Duration
		for n := 0; b.Loop(); n++ {
			began := time.Now()
			if _, err := e.EncodeText(context.Background(), fmt.Sprintf("a red car number %d", n)); err != nil {
				b.Fatal(err)
			}
			slowest = max(slowest, time.Since(began))
		}
		cancel()
		<-done
		b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
	})
}

func BenchmarkHubTerm(b *testing.B) {
	if !hasManifest(bundled) {
		b.Skip("the bundled pack is not here")
	}
	p := openPack(b, bundled)
	_, _, bank := p.HubBank()
	v := bank[:p.manifest.Dims]
	for b.Loop() {
		p.HubTerm(v)
	}
}

// BenchmarkNew is what starting costs: both models loaded and proved.
func BenchmarkNew(b *testing.B) {
	if !hasManifest(bundled) {
		b.Skip("the bundled pack is not here")
	}
	p, lib := openPack(b, bundled), ortLibrary(b)
	for b.Loop() {
		e, err := New(p, Options{Library: lib, Threads: 2, Logger: quiet})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
