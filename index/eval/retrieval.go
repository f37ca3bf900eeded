package eval

import (
	"math"
	"slices"
)

// Unranked is the rank of something that was not found at all. It counts as
// worse than any real rank.
const Unranked = 0

// Recall sums up the ranks of the right answers: the share of queries whose
// right answer is among the first 1, 5 and 10, and the median rank.
type Recall struct {
	R1         Score `json:"r1"`
	R5         Score `json:"r5"`
	R10        Score `json:"r10"`
	MedianRank Score `json:"median_rank"`
}

// NewRecall computes Recall from one rank (1 is best, Unranked if not found)
// per query. Without queries every figure is undefined; the median is
// undefined too if it falls on queries that found nothing.
func NewRecall(ranks []int) Recall {
	return Recall{
		R1:         RecallAt(ranks, 1),
		R5:         RecallAt(ranks, 5),
		R10:        RecallAt(ranks, 10),
		MedianRank: MedianRank(ranks),
	}
}

// RecallAt is the share of queries with a rank of k or better.
func RecallAt(ranks []int, k int) Score {
	if len(ranks) == 0 {
		return undefined()
	}
	return Score(float64(CountWithin(ranks, k)) / float64(len(ranks)))
}

// CountWithin counts the queries with a rank of k or better.
func CountWithin(ranks []int, k int) int {
	n := 0
	for _, r := range ranks {
		if r != Unranked && r <= k {
			n++
		}
	}
	return n
}

// MedianRank is the middle rank, or the mean of the two middle ranks.
func MedianRank(ranks []int) Score {
	if len(ranks) == 0 {
		return undefined()
	}
	sorted := make([]float64, len(ranks))
	for i, r := range ranks {
		if r == Unranked {
			sorted[i] = math.Inf(1)
		} else {
			sorted[i] = float64(r)
		}
	}
	slices.Sort(sorted)
	m := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	if math.IsInf(m, 1) {
		return undefined()
	}
	return Score(m)
}

// MeanReciprocalRank averages 1/rank; what was not found adds 0.
func MeanReciprocalRank(ranks []int) Score {
	if len(ranks) == 0 {
		return undefined()
	}
	var sum float64
	for _, r := range ranks {
		if r != Unranked {
			sum += 1 / float64(r)
		}
	}
	return Score(sum / float64(len(ranks)))
}

// BestRank returns the rank of the best of the relevant candidates when all
// candidates are ordered by descending score, ties by lower index first.
// Without relevant candidates it is Unranked.
func BestRank(scores []float32, relevant []int) int {
	best := -1
	for _, i := range relevant {
		if best < 0 || scores[i] > scores[best] || (scores[i] == scores[best] && i < best) {
			best = i
		}
	}
	if best < 0 {
		return Unranked
	}
	rank := 1
	for i, s := range scores {
		if s > scores[best] || (s == scores[best] && i < best) {
			rank++
		}
	}
	return rank
}

// AveragePrecision is the textbook measure: the mean, over the relevant
// candidates, of the share of relevant candidates at and above its rank.
// ranks holds the ranks of the relevant candidates that were found, total the
// number of relevant candidates there are; those not found add 0. Undefined
// if total is 0.
func AveragePrecision(ranks []int, total int) Score {
	if total <= 0 {
		return undefined()
	}
	found := make([]int, 0, len(ranks))
	for _, r := range ranks {
		if r != Unranked {
			found = append(found, r)
		}
	}
	slices.Sort(found)
	var sum float64
	for i, r := range found {
		sum += float64(i+1) / float64(r)
	}
	return Score(sum / float64(total))
}

// RelevantRanks returns the ranks of the relevant candidates, ascending, when
// all candidates are ordered by descending score, ties by lower index first.
func RelevantRanks(scores []float32, relevant func(i int) bool) []int {
	var r ranking
	wide := make([]float64, len(scores))
	for i, s := range scores {
		wide[i] = float64(s)
	}
	var ranks []int
	for k, i := range r.sort(wide) {
		if relevant(int(i)) {
			ranks = append(ranks, k+1)
		}
	}
	return ranks
}

// Mean averages scores, leaving out the undefined ones.
func Mean(scores []Score) Score {
	values := make([]float64, len(scores))
	for i, s := range scores {
		values[i] = float64(s)
	}
	m, _ := meanScore(values, false)
	return m
}

// AUC is the probability that a value drawn from positive is above one drawn
// from negative, ties counting half (the area under the ROC curve). Undefined
// if either is empty or holds NaN.
func AUC(positive, negative []float64) Score {
	if len(positive) == 0 || len(negative) == 0 {
		return undefined()
	}
	neg := slices.Clone(negative)
	slices.Sort(neg) // NaN sorts first
	if math.IsNaN(neg[0]) {
		return undefined()
	}
	var wins float64
	for _, p := range positive {
		if math.IsNaN(p) {
			return undefined()
		}
		below, _ := slices.BinarySearch(neg, p)
		notAbove := below
		for notAbove < len(neg) && neg[notAbove] == p {
			notAbove++
		}
		wins += float64(below) + float64(notAbove-below)/2
	}
	return Score(wins / float64(len(positive)) / float64(len(neg)))
}
