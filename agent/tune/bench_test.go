package tune

import (
	"context"
	"syscall"
	"testing"

	"github.com/gembahq/gemba/agent/tune/head"
)

// What a box does at night: 1,000 graded pairs of 100 questions, 10 epochs, tokens
// and embeddings as wide as the bundled pack's.
func BenchmarkTune(b *testing.B) {
	d := newSite(1, 128, 384).dataset(b, 100, 10, true)
	config := head.SmallConfig()
	for _, f := range d.clips {
		if f.Tokens.Rows != 8 {
			b.Fatal("tokens")
		}
	}
	// 8 frames of 2x2 cells: the made clips have 8 cells, which are repeated.
	for i := range d.clips {
		t := &d.clips[i].Tokens
		for range 2 {
			t.Data, t.Rows = append(t.Data, t.Data...), 2*t.Rows
		}
	}
	b.ResetTimer()
	for range b.N {
		before := usage()
		r, err := Run(context.Background(), d, Options{Config: config})
		if err != nil {
			b.Fatal(err)
		}
		after := usage()
		b.ReportMetric(b.Elapsed().Minutes()/float64(b.N), "minutes/op")
		b.ReportMetric(float64(after.Utime.Nano()+after.Stime.Nano()-before.Utime.Nano()-before.Stime.Nano())/60e9, "cpu-minutes/op")
		b.ReportMetric(float64(after.Maxrss)/1024, "peak-MiB")
		b.ReportMetric(float64(r.Verdict.After-r.Verdict.Before), "ndcg-gain")
	}
}

func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u
}
