package eval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestCompareIsReproducible(t *testing.T) {
	a, b := noisy(1, 0, 50), noisy(2, 0.1, 50)
	x, err := Bootstrap{Seed: 7}.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	y, err := Bootstrap{Seed: 7}.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if x != y {
		t.Errorf("same seed, different results: %+v and %+v", x, y)
	}
	z, err := Bootstrap{Seed: 8}.Compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	if x.Low == z.Low && x.High == z.High {
		t.Errorf("different seeds gave the very same interval %+v", x)
	}
}

// TestCompareFindsWhatIsThere: a constant gain has an interval of no width, no
// gain an interval around 0.
func TestCompareFindsWhatIsThere(t *testing.T) {
	a := noisy(3, 0, 200)
	better := make([]float64, len(a))
	for i := range a {
		better[i] = a[i] + 0.25
	}
	c, err := Bootstrap{Resamples: 2000}.Compare(a, better)
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]Score{"difference": c.Difference, "low": c.Low, "high": c.High} {
		if math.Abs(float64(s)-0.25) > 1e-9 {
			t.Errorf("constant gain: %s = %v, want 0.25", what, s)
		}
	}
	if c.P > 0.01 {
		t.Errorf("constant gain: p = %v", c.P)
	}
	c, err = Bootstrap{Resamples: 2000}.Compare(a, a)
	if err != nil {
		t.Fatal(err)
	}
	if c.Difference != 0 || c.P != 1 {
		t.Errorf("no gain: %+v", c)
	}
}

// TestCompareCoverage checks the promise of an interval: over repeated samples
// of a known gain, about 95 % of the 95 % intervals hold it.
func TestCompareCoverage(t *testing.T) {
	const runs = 200
	held := 0
	for run := range runs {
		a, b := noisy(uint64(2*run+1000), 0, 60), noisy(uint64(2*run+1001), 0.3, 60)
		c, err := Bootstrap{Resamples: 500, Seed: uint64(run)}.Compare(a, b)
		if err != nil {
			t.Fatal(err)
		}
		if c.Low <= 0.3 && 0.3 <= c.High {
			held++
		}
	}
	if held < runs*88/100 || held == runs {
		t.Errorf("%d of %d intervals hold the true gain, want about 95 %%", held, runs)
	}
}

func TestCompareLeavesUndefinedOut(t *testing.T) {
	nan := math.NaN()
	c, err := Bootstrap{Resamples: 100}.Compare([]float64{1, nan, 0, 2}, []float64{2, 5, nan, 3})
	if err != nil {
		t.Fatal(err)
	}
	if c.Queries != 2 || c.LeftOut != 2 || c.Difference != 1 {
		t.Errorf("got %+v, want 2 queries, 2 left out, difference 1", c)
	}
}

func TestCompareRejects(t *testing.T) {
	one := []float64{1}
	for name, f := range map[string]func() (Comparison, error){
		"lengths":   func() (Comparison, error) { return Bootstrap{}.Compare(one, nil) },
		"empty":     func() (Comparison, error) { return Bootstrap{}.Compare(nil, nil) },
		"undefined": func() (Comparison, error) { return Bootstrap{}.Compare(one, []float64{math.NaN()}) },
		"level":     func() (Comparison, error) { return Bootstrap{Level: 1}.Compare(one, one) },
		"resamples": func() (Comparison, error) { return Bootstrap{Resamples: -1}.Compare(one, one) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func noisy(seed uint64, shift float64, n int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 99))
	out := make([]float64, n)
	for i := range out {
		out[i] = shift + rng.NormFloat64()*0.5
	}
	return out
}
