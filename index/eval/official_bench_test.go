package eval

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkOfficialEK100Size evaluates all metrics both ways on a table of the
// size of EK-100 and prints, beside the time, the peak resident memory of the
// process with both matrices held as float64 (run it alone).
func BenchmarkOfficialEK100Size(b *testing.B) {
	const rows, cols = 9668, 3842
	rng := rand.New(rand.NewPCG(1, 2))
	sim, rel := make([]float64, rows*cols), make([]float64, rows*cols)
	levels := []float64{0, 0, 0, 0, 0, 0, 0, 0, 0.5, 1.0 / 6}
	for i := range sim {
		sim[i] = rng.NormFloat64()
		rel[i] = levels[rng.IntN(len(levels))]
	}
	for i := range rows {
		for range 6 {
			rel[i*cols+rng.IntN(cols)] = 1
		}
	}
	s, err := NewDense(rows, cols, sim)
	if err != nil {
		b.Fatal(err)
	}
	r, err := NewDense(rows, cols, rel)
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if _, err := EvaluateOfficial(context.Background(), s, r, OfficialOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	if mib, ok := peakMemoryMiB(); ok {
		b.ReportMetric(mib, "peak-MiB")
	}
}

// peakMemoryMiB reads the high-water mark of resident memory from /proc.
func peakMemoryMiB() (float64, bool) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			return kib / 1024, err == nil
		}
	}
	return 0, false
}
