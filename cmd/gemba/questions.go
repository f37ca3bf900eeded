package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// planQuestions turns texts into the searches that the real engine makes of
// them: negation split off, the hub term weighted by the kind of question.
// This way photos are scored exactly as clips are.
func (a *app) planQuestions(ctx context.Context, m model, texts []string) ([]index.Search, error) {
	var recorder recordingStore
	engine, err := query.New(&recorder, m, query.Options{Calibration: m.Calibration()})
	if err != nil {
		return nil, fmt.Errorf("use the pack: %w", err)
	}
	bar := a.startProgress("questions")
	defer bar.end()
	plans := make([]index.Search, len(texts))
	for i, text := range texts {
		recorder.asked = false
		if _, err := engine.Search(ctx, query.Request{Query: text, Limit: 1}); err != nil {
			return nil, fmt.Errorf("understand %.60q: %w", text, err)
		}
		if !recorder.asked {
			return nil, fmt.Errorf("understand %.60q: the engine made no search of it", text)
		}
		plans[i] = recorder.last
		bar.set(int64(i+1), int64(len(texts)), fmt.Sprintf("%d of %d", i+1, len(texts)), 0)
	}
	return plans, nil
}

// recordingStore is a query.Store without clips that keeps what it was asked.
type recordingStore struct {
	last  index.Search
	asked bool
}

func (s *recordingStore) Search(_ context.Context, q index.Search) ([]index.Hit, index.SearchStats, error) {
	s.last, s.asked = q, true
	return nil, index.SearchStats{}, nil
}

func (s *recordingStore) Clip(_ context.Context, id index.ID) (index.Clip, error) {
	return index.Clip{}, fmt.Errorf("clip %s: %w", id, index.ErrNotFound)
}

func (s *recordingStore) Coverage(context.Context, index.Filter) ([]index.CameraCoverage, int, int, error) {
	return nil, 0, 0, nil
}

// similarity is what a question and a photo have in common, without the hub
// term: the part that compares across questions about one photo.
func similarity(q *index.Search, vector []float32) float32 {
	s := dot(q.Vector, vector)
	if q.Negative != nil {
		s -= q.Beta * dot(q.Negative, vector)
	}
	return s
}

// firstStage is the score that ranks photos for a question.
func (set *photoSet) firstStage(q *index.Search, photo int) float32 {
	return similarity(q, set.vectors[photo]) - q.Alpha*set.hubs[photo]
}

func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
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
