package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/gembahq/gemba/index"
)

// refine lets the refiner re-order the best of the first stage, in place, and
// returns how many it got to: they stay above all others. Where the refiner fails
// the first stage's order stands; that is logged, not returned: an answer is
// better than none.
func (e *Engine) refine(ctx context.Context, p *plan, hits []ranked) int {
	top := hits[:min(len(hits), p.refineTop)]
	if len(top) == 0 {
		return 0
	}
	refined, frames, err := e.askRefiner(ctx, p, top)
	if err != nil {
		if ctx.Err() == nil {
			e.options.Logger.Warn("refinement failed, the first stage answers", "error", err)
		}
		return 0
	}
	top = top[:len(refined)]
	for i, r := range refined {
		top[i].score, top[i].refined = r.Score, true
		top[i].found = newFinding(r, frames[i])
	}
	slices.SortFunc(top, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(b.hit.Score, a.hit.Score), cmp.Compare(a.hit.ID, b.hit.ID))
	})
	return len(top)
}

// askRefiner returns the refiner's answers, fewer than top where the time for it
// ran out, and the number of frames of each clip.
func (e *Engine) askRefiner(ctx context.Context, p *plan, top []ranked) ([]Refined, []int, error) {
	q := RefineQuery{Text: p.refineText, Embedding: p.embedding, Alpha: p.search.Alpha}
	if e.options.RefineBudget > 0 {
		// Reading the candidates counts too.
		q.Until = time.Now().Add(e.options.RefineBudget)
	}
	candidates, frames := make([]Candidate, len(top)), make([]int, len(top))
	for i, h := range top {
		clip, err := e.store.Clip(ctx, h.hit.ID)
		if err != nil {
			return nil, nil, fmt.Errorf("read candidate %s: %w", h.hit.ID, err)
		}
		candidates[i], frames[i] = newCandidate(clip, h.hit.Score), len(clip.FrameOffsets)
	}
	refined, err := e.options.Refiner.Refine(ctx, q, candidates)
	if err != nil {
		return nil, nil, err
	}
	if len(refined) > len(candidates) {
		return nil, nil, fmt.Errorf("the refiner gave %d scores for %d candidates", len(refined), len(candidates))
	}
	for i, r := range refined {
		if math.IsNaN(float64(r.Score)) || math.IsInf(float64(r.Score), 0) {
			return nil, nil, fmt.Errorf("the refiner gave a score that is not finite for clip %s", candidates[i].ID)
		}
	}
	return refined, frames, nil
}

func newCandidate(c index.Clip, firstStage float32) Candidate {
	return Candidate{ID: c.ID, FirstStage: firstStage, Hub: c.Hub, Vector: c.Vector, Plain: c.Plain, Tokens: c.Tokens}
}

// finding is what the refiner tells of a clip beside its score.
type finding struct {
	support []float32 // per word of the question
	frame   int       // the frame most looked at, -1: not known
}

func newFinding(r Refined, frames int) *finding {
	f := &finding{support: r.Support, frame: -1}
	best := float32(0)
	for n, cells := range byFrame(r.Cells, frames) {
		sum := float32(0)
		for _, c := range cells {
			sum += c
		}
		if sum > best {
			best, f.frame = sum, n
		}
	}
	return f
}

// byFrame cuts cells, frame after frame, into one list a frame. It is empty if
// they don't go into so many frames.
func byFrame(cells []float32, frames int) [][]float32 {
	if frames < 1 || len(cells) == 0 || len(cells)%frames != 0 {
		return nil
	}
	return slices.Collect(slices.Chunk(cells, len(cells)/frames))
}
