package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
)

// refine lets the refiner re-order the best of the first stage, in place. They
// stay above all others. Where the refiner fails the first stage's order stands;
// that is logged, not returned: an answer is better than none.
func (e *Engine) refine(ctx context.Context, p *plan, hits []ranked) {
	top := hits[:min(len(hits), e.options.RefineTop)]
	if len(top) == 0 {
		return
	}
	refined, err := e.askRefiner(ctx, p, top)
	if err != nil {
		if ctx.Err() == nil {
			e.options.Logger.Warn("refinement failed, the first stage answers", "error", err)
		}
		return
	}
	for i := range top {
		top[i].score, top[i].support, top[i].refined = refined[i].Score, refined[i].Support, true
	}
	slices.SortFunc(top, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.hit.Score, a.hit.Score), cmp.Compare(a.hit.ID, b.hit.ID))
	})
}

func (e *Engine) askRefiner(ctx context.Context, p *plan, top []ranked) ([]Refined, error) {
	candidates := make([]Candidate, len(top))
	for i, h := range top {
		clip, err := e.store.Clip(ctx, h.hit.ID)
		if err != nil {
			return nil, fmt.Errorf("read candidate %s: %w", h.hit.ID, err)
		}
		candidates[i] = Candidate{ID: h.hit.ID, FirstStage: h.hit.Score, Hub: clip.Hub, Vector: clip.Vector, Plain: clip.Plain, Tokens: clip.Tokens}
	}
	q := RefineQuery{Text: p.refineText, Embedding: p.embedding, Alpha: p.search.Alpha}
	refined, err := e.options.Refiner.Refine(ctx, q, candidates)
	if err != nil {
		return nil, err
	}
	if len(refined) != len(candidates) {
		return nil, fmt.Errorf("the refiner gave %d scores for %d candidates", len(refined), len(candidates))
	}
	for i, r := range refined {
		if math.IsNaN(float64(r.Score)) || math.IsInf(float64(r.Score), 0) {
			return nil, fmt.Errorf("the refiner gave a score that is not finite for clip %s", candidates[i].ID)
		}
	}
	return refined, nil
}
