package query

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/gembahq/gemba/internal/vector"
)

// Calibration holds the weights of the first stage and the background photos
// against which a question's scores are judged. It comes from the pack.
type Calibration struct {
	Dims          int
	Background    []float32 // [M x Dims] row-major embeddings of unrelated photos; may be empty
	BackgroundHub []float32 // [M] hub term of each background photo; empty: 0

	Alpha     float32 // weight of the hub term for sentences
	AlphaWord float32 // the same for a bare word or a phrase of two words
	Beta      float32 // weight of what was negated; 0: negations are not split off
	BetaWorn  float32 // weight of the affirmed question where something worn is negated; 0: such questions are split as others are

	Confident float64 // lowest z of a confident answer
	Possible  float64 // lowest z of a possible answer
	Pool      int     // number of photos searched when these two were set; 0: 100
}

// defaultPool is what the recipe of the bundled pack takes.
const defaultPool = 100

// validate checks what New cannot repair.
func (c *Calibration) validate() error {
	if c.Dims <= 0 {
		return fmt.Errorf("calibration: dims is %d, want the pack's vector length", c.Dims)
	}
	if len(c.Background)%c.Dims != 0 {
		return fmt.Errorf("calibration: background has %d numbers, not a multiple of %d dims", len(c.Background), c.Dims)
	}
	rows := len(c.Background) / c.Dims
	if len(c.BackgroundHub) != 0 && len(c.BackgroundHub) != rows {
		return fmt.Errorf("calibration: %d hub terms for %d background photos", len(c.BackgroundHub), rows)
	}
	if c.Confident < c.Possible {
		return fmt.Errorf("calibration: confident threshold %g is below possible %g", c.Confident, c.Possible)
	}
	for _, v := range []float64{float64(c.Alpha), float64(c.AlphaWord), float64(c.Beta), float64(c.BetaWorn), c.Confident, c.Possible} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("calibration: a weight or threshold is not a finite number")
		}
	}
	return nil
}

// level is the distribution of one question's scores on the background photos. From
// 100 photos on mean is the one that the best hundredth of them implies.
type level struct {
	mean, std float64
	known     bool // false: no background set, nothing can be said
}

// tailZ is where the best hundredth of the background photos stands by definition.
// Some questions have a few photos among the background that nearly fit and others
// none, and what the best clip has to be better than are those few, not the mean of
// all: measured from the tail, present and absent things are told apart better
// (docs/evaluation.md, No match). It is 3 because that is what the plain z of the
// tail is on average, so that z keeps its scale.
const tailZ = 3

// level scores the background photos with the very formula of the clips.
func (c *Calibration) level(question []float32, alpha float32, negative []float32, beta float32) level {
	rows := len(c.Background) / c.Dims
	if rows < 2 || len(question) != c.Dims {
		return level{}
	}
	scores := make([]float32, rows)
	var sum, squares float64
	for r := range rows {
		row := c.Background[r*c.Dims : (r+1)*c.Dims]
		s := vector.Dot(question, row)
		if len(c.BackgroundHub) != 0 {
			s -= alpha * c.BackgroundHub[r]
		}
		if len(negative) == c.Dims {
			s -= beta * vector.Dot(negative, row)
		}
		scores[r] = s
		sum += float64(s)
		squares += float64(s) * float64(s)
	}
	mean := sum / float64(rows)
	variance := max(squares/float64(rows)-mean*mean, 0)
	// A flat background (all photos alike) must not make every clip infinitely good.
	l := level{mean: mean, std: max(math.Sqrt(variance), 1e-4), known: true}
	if tail := rows / 100; tail > 0 {
		slices.Sort(scores)
		var best float64
		for _, s := range scores[rows-tail:] {
			best += float64(s)
		}
		l.mean = best/float64(tail) - tailZ*l.std
	}
	return l
}

// z is how many standard deviations a score stands above the background.
func (l level) z(score float32) float64 {
	if !l.known {
		return 0
	}
	return (float64(score) - l.mean) / l.std
}

// bar is the lowest z for each level of confidence in one search.
type bar struct{ confident, possible float64 }

// bar adapts the thresholds to how much was searched: the best of many unrelated
// clips scores higher than the best of few. The chance that unrelated footage
// passes stays what it was when the thresholds were set.
func (c *Calibration) bar(covered *Coverage) bar {
	pool := c.Pool
	if pool <= 0 {
		pool = defaultPool
	}
	ratio := float64(pool) / independent(covered)
	return bar{confident: rescale(c.Confident, ratio), possible: rescale(c.Possible, ratio)}
}

// independent estimates how many unrelated pictures a search went through. Clips of
// one fixed camera resemble each other: their number counts by its square root.
func independent(covered *Coverage) float64 {
	clips, n := 0, 0.0
	for _, c := range covered.Cameras {
		clips += c.Clips
		n += math.Sqrt(float64(c.Clips))
	}
	if clips == 0 {
		return 1
	}
	// A filter by words leaves a part of each camera's clips.
	share := min(float64(covered.SearchedClips)/float64(clips), 1)
	return max(n*math.Sqrt(share), 1)
}

// rescale moves a threshold so that the best of n draws from a normal distribution
// passes it as often as the best of ratio*n passed the old one.
func rescale(threshold, ratio float64) float64 {
	below := math.Log(math.Erfc(-threshold/math.Sqrt2) / 2) // logarithm: one draw stays below
	if threshold > 0 {
		below = math.Log1p(-math.Erfc(threshold/math.Sqrt2) / 2)
	}
	if below *= ratio; below == 0 {
		return threshold // no finite index makes a difference out there
	}
	if below > -math.Ln2 {
		return quantile(-math.Expm1(below))
	}
	return -quantile(math.Exp(below))
}

// quantile is the value that a normal draw exceeds with probability tail, at most a
// half. math.Erfcinv would do but for tails below 1e-16, which it takes for 0.
func quantile(tail float64) float64 {
	low, high := 0.0, 40.0
	for range 60 {
		middle := (low + high) / 2
		if math.Erfc(middle/math.Sqrt2)/2 > tail {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// confidence names what z means. Without a background set nothing better than
// possible can be claimed.
func (b bar) confidence(l level, z float64) Confidence {
	switch {
	case !l.known:
		return Possible
	case z >= b.confident:
		return Confident
	case z >= b.possible:
		return Possible
	default:
		return Weak
	}
}

// HubTerms computes the hub term of each row: the mean of its k highest dot
// products with the bank. rows and bank are row-major [n x dims]. With fewer than
// k bank rows all of them count.
func HubTerms(bank, rows []float32, dims, k int) []float32 {
	if dims <= 0 {
		return nil
	}
	n, bankRows := len(rows)/dims, len(bank)/dims
	out := make([]float32, n)
	k = min(k, bankRows)
	if k <= 0 {
		return out
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), n))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			products := make([]float32, bankRows)
			for r := w; r < n; r += workers {
				row := rows[r*dims : (r+1)*dims]
				for b := range products {
					products[b] = vector.Dot(row, bank[b*dims:(b+1)*dims])
				}
				slices.Sort(products)
				var sum float64
				for _, p := range products[bankRows-k:] {
					sum += float64(p)
				}
				out[r] = float32(sum / float64(k))
			}
		})
	}
	wg.Wait()
	return out
}
