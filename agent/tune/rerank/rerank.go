package rerank

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// Heads says which head answers now; nil for none. *heads.Store is one.
type Heads interface{ Scorer() *head.Scorer }

// Questions turns a question into what the head sees.
type Questions interface {
	HeadQuery(ctx context.Context, text string) (head.Query[float32], error)
}

// Refiner orders candidates. It is safe for concurrent use.
type Refiner struct {
	Pack      query.Refiner // the pack's own; nil: the first stage's scores
	Heads     Heads
	Questions Questions
	Logger    *slog.Logger // nil: none

	now func() time.Time
}

// step is how many candidates are scored between two looks at the clock.
const step = 25

var _ query.Refiner = (*Refiner)(nil)

// Refine scores candidates in their order: all of them, or the first ones where
// time ran out.
func (r *Refiner) Refine(ctx context.Context, q query.RefineQuery, candidates []query.Candidate) ([]query.Refined, error) {
	scorer := r.Heads.Scorer()
	refined, err := r.pack(ctx, q, candidates, scorer != nil)
	if err != nil || scorer == nil || scorer.Identity() || len(refined) == 0 {
		return refined, err
	}
	scores, err := r.head(ctx, scorer, q, candidates[:len(refined)], refined)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, err
	default:
		if r.Logger != nil {
			r.Logger.Warn("the tuned head failed, the pack's order answers", "error", err)
		}
		return refined, nil
	}
	for i, s := range scores {
		refined[i].Score = s
	}
	return refined[:len(scores)], nil
}

// pack asks the pack's refiner. Without one the first stage's scores stand in if
// a head is to correct them.
func (r *Refiner) pack(ctx context.Context, q query.RefineQuery, candidates []query.Candidate, needed bool) ([]query.Refined, error) {
	if r.Pack != nil {
		return r.Pack.Refine(ctx, q, candidates)
	}
	if !needed {
		return nil, nil
	}
	out := make([]query.Refined, len(candidates))
	for i, c := range candidates {
		out[i].Score = c.FirstStage
	}
	return out, nil
}

// head lets the head correct scores. A clip without tokens keeps its own.
func (r *Refiner) head(ctx context.Context, scorer *head.Scorer, q query.RefineQuery, candidates []query.Candidate, refined []query.Refined) ([]float32, error) {
	question, err := r.Questions.HeadQuery(ctx, q.Text)
	if err != nil {
		return nil, err
	}
	prepared, err := scorer.Prepare(question)
	if err != nil {
		return nil, err
	}
	now := time.Now
	if r.now != nil {
		now = r.now
	}
	scores := make([]float32, 0, len(candidates))
	for at := 0; at < len(candidates); at += step {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if at > 0 && !q.Until.IsZero() && now().After(q.Until) {
			break
		}
		to := min(at+step, len(candidates))
		var clips []head.Clip[float32]
		for i := at; i < to; i++ {
			scores = append(scores, refined[i].Score)
			if candidates[i].Tokens.Rows > 0 {
				clips = append(clips, Clip(candidates[i].Tokens, candidates[i].Vector, candidates[i].Plain, refined[i].Score, candidates[i].Hub))
			}
		}
		results, err := prepared.Score(clips)
		if err != nil {
			return nil, err
		}
		for i := at; i < to; i++ {
			if candidates[i].Tokens.Rows == 0 {
				continue
			}
			score := results[0].Score
			if results = results[1:]; score != score || math.IsInf(float64(score), 0) {
				return nil, fmt.Errorf("the tuned head gave %v for clip %s", score, candidates[i].ID)
			}
			scores[i] = score
		}
	}
	return scores, nil
}

// Clip is a stored clip as the head sees it. plain may be nil, then vector's
// direction stands in for it.
func Clip(tokens index.Tokens, vector, plain []float32, score, hub float32) head.Clip[float32] {
	cells := head.Matrix[float32]{Rows: tokens.Rows, Cols: tokens.Dims, Data: make([]float32, len(tokens.Data))}
	for i, v := range tokens.Data {
		cells.Data[i] = tokens.Scale * float32(v)
	}
	if plain == nil {
		var s float64
		for _, v := range vector {
			s += float64(v) * float64(v)
		}
		plain = make([]float32, len(vector))
		for i, v := range vector {
			plain[i] = v / float32(max(math.Sqrt(s), 1e-8))
		}
	}
	return head.Clip[float32]{Tokens: cells, Valid: cells.Rows, Vector: plain, FirstStage: score, Hub: hub}
}
