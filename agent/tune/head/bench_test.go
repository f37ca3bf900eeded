package head

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// Refinement of one question's candidates: 8 frames of 2x2 cells, 12 word tokens.
func BenchmarkScore(b *testing.B) {
	for name, config := range map[string]Config{"128x256": SmallConfig(), "256x512": DefaultConfig()} {
		for _, n := range []int{100, 200} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				w := newWorld(1)
				s := NewScorer(Convert[float32](w.params(config)))
				q, _ := narrow(w.query(config, 12), w.clip(config, 1))
				var clips []Clip[float32]
				for range n {
					_, c := narrow(Query[float64]{}, w.clip(config, 32))
					clips = append(clips, c)
				}
				b.ResetTimer()
				cpu := cpuTime()
				for range b.N {
					if _, err := s.Score(q, clips); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric((cpuTime()-cpu).Seconds()*1e3/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// The reference in float32, as training runs it: one pair there and back.
func BenchmarkTrainPair(b *testing.B) {
	config := SmallConfig()
	w := newWorld(1)
	p := Convert[float32](w.params(config))
	g := NewParams[float32](config)
	q, c := narrow(w.query(config, 12), w.clip(config, 32))
	b.ResetTimer()
	cpu := cpuTime()
	for range b.N {
		p.forward(q, c, nil, true).Backward(g, 1)
	}
	b.ReportMetric((cpuTime()-cpu).Seconds()*1e3/float64(b.N), "cpu-ms/op")
}

// cpuTime is what this process has used of all processors: it tells the work
// also where others use the machine.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
