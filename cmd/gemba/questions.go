package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/internal/vector"
)

// question is a text as the first stage asks it: score = vector . photo - alpha *
// hub. Negation is not split off: a caption or label that says "without" is
// taken by its own words, as the first stage's figures are defined.
type question struct {
	vector []float32
	alpha  float32
}

// encodeQuestions encodes texts, each with the pack's weight of the hub term
// for its kind: a sentence, or a bare word or two.
func (a *app) encodeQuestions(ctx context.Context, m model, texts []string) ([]question, error) {
	c := m.Calibration()
	bar := a.startProgress("questions")
	defer bar.end()
	questions := make([]question, len(texts))
	for i, text := range texts {
		e, err := m.EncodeText(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("encode %.60q: %w", text, err)
		}
		if len(e.Vector) != c.Dims {
			return nil, fmt.Errorf("encode %.60q: the model gave %d numbers, the pack says %d", text, len(e.Vector), c.Dims)
		}
		questions[i] = question{vector: e.Vector, alpha: c.Alpha}
		if q := query.Parse(text); q.Bare && len(q.Without) == 0 {
			questions[i].alpha = c.AlphaWord
		}
		bar.set(int64(i+1), int64(len(texts)), fmt.Sprintf("%d of %d", i+1, len(texts)), 0)
	}
	return questions, nil
}

// firstStage is the score that ranks photos for a question.
func (set *photoSet) firstStage(q *question, photo int) float32 {
	return vector.Dot(q.vector, set.vectors[photo]) - q.alpha*set.hubs[photo]
}

// forEach calls do for 0..n-1 on all CPUs. Each worker has a buffer of size
// scores for itself. It stops early when ctx ends.
func forEach(ctx context.Context, n, size int, do func(i int, scores []float32)) error {
	var wg sync.WaitGroup
	workers := max(1, min(runtime.GOMAXPROCS(0), n))
	for w := range workers {
		wg.Go(func() {
			scores := make([]float32, size)
			for i := w; i < n && ctx.Err() == nil; i += workers {
				do(i, scores)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
