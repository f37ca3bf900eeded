package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/url"

	"github.com/gembahq/gemba/index"
)

// ErrNoExplanation means that the pack has no refinement, and so nothing that
// tells which words a picture shows.
var ErrNoExplanation = errors.New("the pack in use cannot explain answers")

// Explanation says why a clip is, or is not, an answer to a question.
type Explanation struct {
	Words []WordSupport
	Frame int // the frame that shows most of it
	// Heat tells for each frame and each of its Rows x Columns cells, row by row,
	// how much it has to do with the question: 0 to 1, the hottest cell of the
	// clip being 1. All 0 if no word was looked for.
	Heat          [][]float32
	Rows, Columns int
}

// Explain compares a clip with a question, whether or not it was found by it.
// Errors are *InvalidError, index.ErrNotFound, ErrNoTextModel, ErrNoExplanation,
// the context's, or failures of the store or the model.
func (e *Engine) Explain(ctx context.Context, question string, id index.ID) (*Explanation, error) {
	if e.options.Refiner == nil {
		return nil, ErrNoExplanation
	}
	r := Request{Query: question}
	if err := r.check(e.options.MaxLimit); err != nil {
		return nil, err
	}
	clip, err := e.store.Clip(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read clip %s: %w", id, err)
	}
	p := &plan{}
	if err := e.planWords(ctx, &r, p); err != nil {
		return nil, err
	}
	q := RefineQuery{Text: p.refineText, Embedding: p.embedding, Alpha: p.search.Alpha}
	refined, err := e.options.Refiner.Refine(ctx, q, []Candidate{newCandidate(clip, 0)})
	if err != nil {
		return nil, fmt.Errorf("explain clip %s: %w", id, err)
	}
	heat := [][]float32{}
	if len(refined) == 1 {
		heat = byFrame(refined[0].Cells, max(len(clip.FrameOffsets), 1))
	}
	if len(heat) == 0 {
		return nil, ErrNoExplanation
	}
	f := newFinding(refined[0], len(heat))
	x := &Explanation{Words: e.words(p.embedding.Words, f.support), Frame: max(f.frame, 0), Heat: heat}
	x.Rows = max(int(math.Round(math.Sqrt(float64(len(heat[0]))))), 1)
	x.Columns = len(heat[0]) / x.Rows
	if x.Rows*x.Columns != len(heat[0]) {
		x.Rows, x.Columns = 1, len(heat[0])
	}
	scale(heat)
	return x, nil
}

// heatmapURL is where the heat over a frame of a result can be seen.
func (e *Engine) heatmapURL(p *plan, ev event, frame int) string {
	return HeatmapURL(e.options.BaseURL, ev.best.ID.String(), p.question, frame)
}

// HeatmapURL is where the heat of a question over a frame of a clip can be seen.
func HeatmapURL(base, clip, question string, frame int) string {
	return fmt.Sprintf("%s/clips/%s/heatmap?query=%s&frame=%d", base, clip, url.QueryEscape(question), frame)
}

// scale makes the highest value 1.
func scale(heat [][]float32) {
	top := float32(0)
	for _, cells := range heat {
		for _, c := range cells {
			top = max(top, c)
		}
	}
	if top <= 0 {
		return
	}
	for _, cells := range heat {
		for i := range cells {
			cells[i] /= top
		}
	}
}

// words pairs the words of the question with their support.
func (e *Engine) words(texts []string, support []float32) []WordSupport {
	out := make([]WordSupport, len(texts))
	for i, text := range texts {
		out[i].Text = text
		if len(support) != len(texts) {
			continue
		}
		s := min(max(support[i], 0), 1)
		out[i].Support = &s
		if shows(text) {
			seen := s >= e.options.SupportThreshold
			out[i].Supported = &seen
		}
	}
	return out
}
