package eval

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Estimate is a figure with its bootstrap interval. All three are undefined where
// there was nothing to average.
type Estimate struct {
	Value Score `json:"value"`
	Low   Score `json:"low"`
	High  Score `json:"high"`
	N     int   `json:"n"` // queries it rests on
}

// Mean estimates the mean of what can be scored: NaN is left out.
func (o Bootstrap) Mean(values []float64) Estimate {
	defined := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(defined) == 0 {
		return Estimate{Value: undefined(), Low: undefined(), High: undefined()}
	}
	e := Estimate{Value: Score(meanOf(defined)), N: len(defined)}
	e.Low, e.High = o.interval(func(rng *rand.Rand) float64 { return meanOf(resample(rng, defined)) })
	return e
}

// AUC estimates the area under the curve; both sides are resampled.
func (o Bootstrap) AUC(positive, negative []float64) Estimate {
	e := Estimate{Value: AUC(positive, negative), N: len(positive) + len(negative)}
	if !e.Value.Defined() {
		return Estimate{Value: undefined(), Low: undefined(), High: undefined(), N: e.N}
	}
	e.Low, e.High = o.interval(func(rng *rand.Rand) float64 {
		return float64(AUC(resample(rng, positive), resample(rng, negative)))
	})
	return e
}

// interval is the percentile interval of a statistic. It draws a tenth of what
// Compare draws: its ends are read off a chart.
func (o Bootstrap) interval(statistic func(*rand.Rand) float64) (low, high Score) {
	if o.Resamples <= 0 {
		o.Resamples = 1000
	}
	if !(o.Level > 0 && o.Level < 1) {
		o.Level = 0.95
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x67656d6261))
	drawn := make([]float64, o.Resamples)
	for i := range drawn {
		drawn[i] = statistic(rng)
	}
	slices.Sort(drawn)
	tail := (1 - o.Level) / 2
	return Score(quantile(drawn, tail)), Score(quantile(drawn, 1-tail))
}

func resample(rng *rand.Rand, values []float64) []float64 {
	out := make([]float64, len(values))
	for i := range out {
		out[i] = values[rng.IntN(len(values))]
	}
	return out
}
