package index

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkCandidates reads what a refinement needs of clips, spread over the
// index: vectors, hub terms and tokens of eight frames of four cells.
func BenchmarkCandidates(b *testing.B) {
	const clips, dims, rows, width = 20_000, 384, 32, 128
	s := openBenchStore(b, dims)
	rng := rand.New(rand.NewPCG(1, 2))
	var ids []ID
	for at := 0; at < clips; at += 500 {
		batch := make([]Clip, 500)
		for i := range batch {
			v := make([]float32, dims)
			v[rng.IntN(dims)] = 1
			batch[i] = Clip{
				Camera: "gate", Start: time.Date(2026, 3, 1, 0, 0, 4*(at+i), 0, time.UTC), Duration: 4 * time.Second,
				Vector: v, Plain: v, Tokens: Tokens{Rows: rows, Dims: width, Scale: 0.01, Data: make([]int8, rows*width)},
				FrameOffsets: make([]time.Duration, 8),
			}
		}
		got, err := s.Append(b.Context(), batch)
		if err != nil {
			b.Fatal(err)
		}
		ids = append(ids, got...)
	}
	for name, n := range map[string]int{"100": 100, "200": 200} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				for range n {
					if _, err := s.Clip(b.Context(), ids[rng.IntN(len(ids))]); err != nil {
						b.Fatal(err)
					}
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		})
	}
}

func openBenchStore(b *testing.B, dims int) *Store {
	b.Helper()
	s, err := Open(b.Context(), Options{Dir: b.TempDir(), Dims: dims, PackHash: [32]byte{1}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}
