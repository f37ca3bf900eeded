package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	benchDims = 384
	bigClips  = 100_000
)

// benchClip is as heavy as a real one: several views, 32 tokens of 128 numbers.
func benchClip(r *rand.Rand, camera string, at time.Time, n int) Clip {
	v := unitVector(r, benchDims)
	return Clip{
		Camera: camera, Start: at, Duration: 4 * time.Second, Vector: v, Plain: v, Hub: 0.2,
		Tokens: Tokens{Rows: 32, Dims: 128, Scale: 0.01, Data: make([]int8, 32*128)},
		Labels: []string{"person", fmt.Sprintf("tag%d", n%100)}, Note: "a worker carries a pallet",
		FrameOffsets: make([]time.Duration, 8),
		Source:       Source{Key: "f" + strconv.Itoa(n/900), Path: fmt.Sprintf("/footage/%s_%d.mp4", camera, n/900), Offset: time.Duration(n) * 4 * time.Second},
	}
}

func benchOptions(dir string) Options {
	return Options{Dir: dir, PackHash: testPack, Dims: benchDims}
}

// big is a store of 100,000 clips: ten cameras, two and a half days.
var big struct {
	once sync.Once
	dir  string
}

func bigStore(b *testing.B) string {
	big.once.Do(func() {
		dir, err := os.MkdirTemp("", "gemba-index-bench")
		if err != nil {
			b.Fatal(err)
		}
		big.dir = dir
		s, err := Open(context.Background(), benchOptions(dir))
		if err != nil {
			b.Fatal(err)
		}
		r := rand.New(rand.NewPCG(1, 1))
		const perCamera = bigClips / 10
		for cam := range 10 {
			for n := 0; n < perCamera; n += 100 {
				var clips []Clip
				for i := range 100 {
					at := testStart.Add(time.Duration(n+i) * 20 * time.Second)
					clips = append(clips, benchClip(r, fmt.Sprintf("cam%d", cam), at, n+i))
				}
				if _, err := s.Append(context.Background(), clips); err != nil {
					b.Fatal(err)
				}
			}
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	})
	return big.dir
}

// rss is the resident memory of the process in MiB, after giving back what is free.
func rss(b *testing.B) float64 {
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip("no /proc")
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.Atoi(strings.Fields(rest)[0])
			return float64(kb) / 1024
		}
	}
	return 0
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 32} {
		b.Run(fmt.Sprintf("batch%d", batch), func(b *testing.B) {
			s, err := Open(b.Context(), benchOptions(b.TempDir()))
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			r := rand.New(rand.NewPCG(1, 1))
			clips := make([]Clip, batch)
			for i := range clips {
				clips[i] = benchClip(r, "gate", testStart, i)
				clips[i].Thumbnail = make([]byte, 8<<10)
			}
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				for i := range clips {
					clips[i].Start = testStart.Add(time.Duration(n+i) * time.Second)
				}
				if _, err := s.Append(b.Context(), clips); err != nil {
					b.Fatal(err)
				}
				n += batch
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "clips/s")
		})
	}
}

func BenchmarkOpen100k(b *testing.B) {
	dir := bigStore(b)
	before := rss(b)
	var after float64
	for b.Loop() {
		s, err := Open(b.Context(), benchOptions(dir))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if s.Clips() != bigClips {
			b.Fatalf("%d clips", s.Clips())
		}
		after = rss(b)
		s.Close()
		b.StartTimer()
	}
	b.ReportMetric(after-before, "MiB-more")
	b.ReportMetric(after, "MiB-RSS")
}

// The same after a kill: nothing was sealed, so every log is read.
func BenchmarkOpen100kAfterKill(b *testing.B) {
	dir := bigStore(b)
	for b.Loop() {
		b.StopTimer()
		for _, p := range []string{"/seg/*/*/*/seal", "/seg/*/*/*/cols"} {
			removeAll(b, dir+p)
		}
		b.StartTimer()
		s, err := Open(b.Context(), benchOptions(dir))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if s.Clips() != bigClips {
			b.Fatalf("%d clips", s.Clips())
		}
		s.Close()
		b.StartTimer()
	}
}

func BenchmarkSearch(b *testing.B) {
	s, err := Open(b.Context(), benchOptions(bigStore(b)))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	q := unitVector(rand.New(rand.NewPCG(9, 9)), benchDims)
	for _, c := range []struct {
		name string
		f    Filter
		want int
	}{
		{"100k", Filter{}, bigClips},
		{"10k/one-camera", Filter{Cameras: []string{"cam3"}}, bigClips / 10},
		{"10k/by-time", Filter{From: testStart, To: testStart.Add(20000 * time.Second)}, bigClips / 10},
		{"1k-of-100k/by-label", Filter{Labels: []string{"tag7"}}, bigClips / 100},
		{"100-of-10k/by-label-and-camera", Filter{Labels: []string{"tag7"}, Cameras: []string{"cam3"}}, bigClips / 1000},
		{"100k/by-word-of-all", Filter{Text: "pallets"}, bigClips},
	} {
		b.Run(c.name, func(b *testing.B) {
			// Once, so that the text of the days is there and blocks are checked.
			if _, st, err := s.Search(b.Context(), Search{Filter: c.f, Vector: q, Alpha: 0.7}); err != nil || st.Searched != c.want {
				b.Fatalf("%+v, %v", st, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := s.Search(b.Context(), Search{Filter: c.f, Vector: q, Alpha: 0.7}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("coverage-100k", func(b *testing.B) {
		for b.Loop() {
			if _, _, _, err := s.Coverage(b.Context(), Filter{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("source-offsets", func(b *testing.B) {
		for b.Loop() {
			if m, err := s.SourceOffsets(b.Context(), "cam3", "f5"); err != nil || len(m) != 900 {
				b.Fatal(len(m), err)
			}
		}
	})
	b.Run("clip", func(b *testing.B) {
		hits, _, err := s.Search(b.Context(), Search{Vector: q, Limit: 1})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.Clip(b.Context(), hits[0].ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(rss(b), "MiB-RSS")
}

func removeAll(b *testing.B, pattern string) {
	b.Helper()
	list, err := filepath.Glob(pattern)
	if err != nil || len(list) == 0 {
		b.Fatalf("%s: %d files, %v", pattern, len(list), err)
	}
	for _, f := range list {
		if err := os.Remove(f); err != nil {
			b.Fatal(err)
		}
	}
}
