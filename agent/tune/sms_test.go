package tune

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func drawBatch(t *rapid.T) (similarity, relevancy [][]float64, positive []float64) {
	b := rapid.IntRange(2, 6).Draw(t, "batch")
	similarity, relevancy = square(b), square(b)
	for i := range b {
		for j := range b {
			similarity[i][j] = rapid.Float64Range(-1, 1).Draw(t, "s")
			relevancy[i][j] = rapid.SampledFrom([]float64{0, 1. / 3, 2. / 3, 1}).Draw(t, "r")
		}
		positive = append(positive, relevancy[i][i])
	}
	return similarity, relevancy, positive
}

// The gradient is the slope of the loss wherever no term is at a kink.
func TestSMSGradientIsSlope(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, r, p := drawBatch(t)
		sms := DefaultSMS()
		loss, grad, err := sms.Loss(s, r, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		i, j := rapid.IntRange(0, len(s)-1).Draw(t, "i"), rapid.IntRange(0, len(s)-1).Draw(t, "j")
		const step = 1e-7
		at := s[i][j]
		s[i][j] = at + step
		up, _, _ := sms.Loss(s, r, p, nil)
		s[i][j] = at - step
		down, _, _ := sms.Loss(s, r, p, nil)
		if right, left := (up-loss)/step, (loss-down)/step; math.Abs(right-left) < 1e-6 && math.Abs(right-grad[i][j]) > 1e-6 {
			t.Fatalf("gradient %v, slope %v", grad[i][j], right)
		}
	})
}

// What is not known changes nothing, whatever stands in its place.
func TestSMSLeavesUnknownPairsOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, r, p := drawBatch(t)
		known := make([][]bool, len(s))
		for i := range known {
			known[i] = make([]bool, len(s))
			for j := range known[i] {
				known[i][j] = rapid.Bool().Draw(t, "known")
			}
		}
		loss, grad, err := DefaultSMS().Loss(s, r, p, known)
		if err != nil {
			t.Fatal(err)
		}
		for i := range known {
			for j := range known[i] {
				if !known[i][j] {
					if grad[i][j] != 0 {
						t.Fatalf("an unknown pair has gradient %v", grad[i][j])
					}
					s[i][j], r[i][j] = 0.77, 0.5
				}
			}
		}
		if again, _, _ := DefaultSMS().Loss(s, r, p, known); again != loss {
			t.Fatalf("loss %v became %v", loss, again)
		}
	})
}

func TestSMSOneHotIsMaxMargin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, r, p := drawBatch(t)
		for i := range r {
			for j := range r {
				r[i][j] = 0
			}
			r[i][i], p[i] = 1, 1
		}
		a, _, _ := SMS{Gamma: 0.2, Tau: 0.1}.Loss(s, r, p, nil)
		b, _, _ := MaxMargin(s, 0.2)
		if math.Abs(a-b) > 1e-12 {
			t.Fatalf("sms %v, max-margin %v", a, b)
		}
	})
}

func TestLossRefusesBadInput(t *testing.T) {
	good := [][]float64{{0.5, 0.1}, {0.2, 0.4}}
	nan := [][]float64{{0.5, math.NaN()}, {0.2, 0.4}}
	for name, c := range map[string]struct {
		s, r  [][]float64
		p     []float64
		known [][]bool
		want  string
	}{
		"empty":             {s: nil, want: "empty"},
		"not square":        {s: [][]float64{{1, 2}}, p: []float64{1}, want: "entries"},
		"NaN":               {s: nan, p: []float64{1, 1}, want: "finite"},
		"infinite":          {s: [][]float64{{math.Inf(1), 0}, {0, 0}}, p: []float64{1, 1}, want: "finite"},
		"relevancy NaN":     {s: good, r: nan, p: []float64{1, 1}, want: "finite"},
		"relevancy above 1": {s: good, r: [][]float64{{1, 2}, {0, 1}}, p: []float64{1, 1}, want: "between 0 and 1"},
		"relevancy rows":    {s: good, r: [][]float64{{1, 0}}, p: []float64{1, 1}, want: "rows"},
		"positive count":    {s: good, p: []float64{1}, want: "positive"},
		"positive NaN":      {s: good, p: []float64{1, math.NaN()}, want: "between 0 and 1"},
		"mask rows":         {s: good, p: []float64{1, 1}, known: [][]bool{{true}}, want: "mask"},
		"mask row":          {s: good, p: []float64{1, 1}, known: [][]bool{{true}, {true}}, want: "mask"},
	} {
		if _, _, err := DefaultSMS().Loss(c.s, c.r, c.p, c.known); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
	if _, err := Cosines([][]float64{{1, 2}}, [][]float64{{1}}); err == nil {
		t.Error("cosines of different widths")
	}
	if _, err := Cosines(nil, nil); err == nil {
		t.Error("cosines of nothing")
	}
}
