package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/index/query"
)

// refineScores replaces the first stage's scores of all photos for one text by
// scores that rank as a search ranks with refinement: the best k by the refiner,
// above all others. No time limit: what is measured is the order.
func (set *photoSet) refineScores(ctx context.Context, r query.Refiner, text string, alpha float32, scores []float32, k int) error {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	top := order[:min(k, len(order))]
	candidates := make([]query.Candidate, len(top))
	for i, p := range top {
		candidates[i] = query.Candidate{
			ID: index.ID(p + 1), FirstStage: scores[p], Hub: set.hubs[p], Vector: set.vectors[p], Plain: set.plain[p], Tokens: set.tokens[p],
		}
	}
	refined, err := r.Refine(ctx, query.RefineQuery{Text: text, Alpha: alpha}, candidates)
	if err != nil {
		return fmt.Errorf("refine %.60q: %w", text, err)
	}
	if len(refined) != len(top) {
		return fmt.Errorf("refine %.60q: %d scores for %d photos", text, len(refined), len(top))
	}
	places := make([]int, len(top))
	for i := range places {
		places[i] = i
	}
	// Stable: photos that the refiner finds equal keep the first stage's order.
	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(refined[b].Score, refined[a].Score) })
	final := make([]int, len(top))
	for to, from := range places {
		final[to] = top[from]
	}
	copy(order, final)
	for place, p := range order {
		scores[p] = float32(len(order) - place)
	}
	return nil
}

// pairedGain compares two lists of figures of the same questions.
func pairedGain(first, refined []float64) (eval.Comparison, error) {
	return eval.Bootstrap{}.Compare(first, refined)
}

// within turns ranks into 1 where a rank is at most k and 0 elsewhere: their mean
// is the recall at k.
func within(ranks []int, k int) []float64 {
	out := make([]float64, len(ranks))
	for i, r := range ranks {
		if r != eval.Unranked && r <= k {
			out[i] = 1
		}
	}
	return out
}

func floats(scores []eval.Score) []float64 {
	out := make([]float64, len(scores))
	for i, s := range scores {
		out[i] = float64(s)
	}
	return out
}

// describe writes a comparison for people, in points.
func describe(name string, c eval.Comparison) string {
	return fmt.Sprintf("%s %+.2f points (%+.2f to %+.2f)", name, 100*float64(c.Difference), 100*float64(c.Low), 100*float64(c.High))
}
