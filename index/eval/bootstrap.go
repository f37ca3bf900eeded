package eval

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Bootstrap says how to resample. The zero value means 10,000 resamples, 95 %
// and seed 0: the same input always gives the same interval.
type Bootstrap struct {
	Resamples int
	Level     float64
	Seed      uint64
}

// Comparison is the difference of two systems on the same queries.
type Comparison struct {
	// Difference is mean(b) - mean(a) over the queries both can score.
	Difference Score `json:"difference"`
	// Low and High bound the percentile interval of the difference.
	Low  Score `json:"low"`
	High Score `json:"high"`
	// P is the two-sided bootstrap p-value of "no difference".
	P Score `json:"p"`
	// Queries is how many pairs were compared, LeftOut how many were not
	// because one side is undefined.
	Queries int `json:"queries"`
	LeftOut int `json:"left_out"`
}

// Compare resamples queries (pairs stay together) and returns how much better
// b is than a, with a confidence interval. a[i] and b[i] are the figures of
// query i; NaN on either side leaves the pair out.
func (o Bootstrap) Compare(a, b []float64) (Comparison, error) {
	if len(a) != len(b) {
		return Comparison{}, fmt.Errorf("compare %d queries with %d: the two lists must hold the same queries", len(a), len(b))
	}
	if o.Resamples == 0 {
		o.Resamples = 10000
	}
	if o.Level == 0 {
		o.Level = 0.95
	}
	if o.Resamples < 0 || !(o.Level > 0 && o.Level < 1) {
		return Comparison{}, fmt.Errorf("bootstrap of %d resamples at level %v: the first must be positive, the second between 0 and 1", o.Resamples, o.Level)
	}
	diffs := make([]float64, 0, len(a))
	for i := range a {
		if d := b[i] - a[i]; !math.IsNaN(d) {
			diffs = append(diffs, d)
		}
	}
	if len(diffs) == 0 {
		return Comparison{}, errors.New("no query is defined in both lists: nothing to compare")
	}
	c := Comparison{Queries: len(diffs), LeftOut: len(a) - len(diffs)}
	c.Difference = Score(meanOf(diffs))

	rng := rand.New(rand.NewPCG(o.Seed, 0x67656d6261)) // the second word only separates this use from others
	means := make([]float64, o.Resamples)
	atMostZero, atLeastZero := 0, 0
	for r := range means {
		var sum float64
		for range diffs {
			sum += diffs[rng.IntN(len(diffs))]
		}
		means[r] = sum / float64(len(diffs))
		if means[r] <= 0 {
			atMostZero++
		}
		if means[r] >= 0 {
			atLeastZero++
		}
	}
	slices.Sort(means)
	tail := (1 - o.Level) / 2
	c.Low, c.High = Score(quantile(means, tail)), Score(quantile(means, 1-tail))
	// One is added so that a finite number of resamples never claims p = 0.
	c.P = Score(min(1, 2*float64(min(atMostZero, atLeastZero)+1)/float64(o.Resamples+1)))
	return c, nil
}

func meanOf(v []float64) float64 {
	var sum float64
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

// quantile interpolates linearly in sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i >= len(sorted)-1 {
		return sorted[len(sorted)-1]
	}
	f := at - float64(i)
	return sorted[i]*(1-f) + sorted[i+1]*f
}
