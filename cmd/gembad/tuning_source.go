package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/internal/npy"
)

// tuningSource gives training and the tuned head what they need of questions and
// clips: tokens and embeddings, nothing else.
type tuningSource struct {
	text interface {
		EncodeText(ctx context.Context, text string) (encode.TextEmbedding, error)
	}
	clips interface {
		Clip(ctx context.Context, id index.ID) (index.Clip, error)
	}
	idf              []float32     // inverse document frequency of each token; nil: all words count alike
	alpha, alphaWord float32       // of the first stage
	pack             query.Refiner // the pack's own refinement; nil: none
	packHash         [32]byte
}

// HeadQuery is a question as the head sees it.
func (s *tuningSource) HeadQuery(ctx context.Context, text string) (head.Query[float32], error) {
	e, err := s.text.EncodeText(ctx, text)
	if err != nil {
		return head.Query[float32]{}, err
	}
	if len(e.Tokens) == 0 {
		return head.Query[float32]{}, errors.New("the pack has no word tokens")
	}
	q := head.Query[float32]{
		Tokens: head.Matrix[float32]{Rows: len(e.Tokens), Cols: len(e.Tokens[0])},
		Valid:  len(e.Tokens), End: len(e.Tokens) - 1, Vector: e.Vector, Weights: make([]float32, len(e.Tokens)),
	}
	var rarest, sum float32 = 1, 0
	for _, w := range s.idf {
		rarest = max(rarest, w)
	}
	for i, row := range e.Tokens {
		q.Tokens.Data = append(q.Tokens.Data, row...)
		if e.WordOf[i] < 0 {
			continue
		}
		q.Weights[i] = rarest
		if id := e.IDs[i]; id >= 0 && id < len(s.idf) {
			q.Weights[i] = s.idf[id]
		}
		sum += q.Weights[i]
	}
	for i := range q.Weights {
		if sum > 0 {
			q.Weights[i] /= sum
		}
	}
	return q, nil
}

// Question is a graded question. One that is asked by what must not be there is
// ordered by a difference that the head does not know.
func (s *tuningSource) Question(ctx context.Context, text string) (head.Query[float32], float32, error) {
	parsed := query.Parse(text)
	if len(parsed.Without) > 0 || parsed.Positive == "" {
		return head.Query[float32]{}, 0, tune.ErrUnsuited
	}
	e, err := s.text.EncodeText(ctx, parsed.Positive)
	switch {
	case errors.Is(err, encode.ErrNoWords), err == nil && len(e.Words) > 0 && len(e.Unknown) >= len(e.Words):
		return head.Query[float32]{}, 0, tune.ErrUnsuited
	case err != nil:
		return head.Query[float32]{}, 0, err
	}
	alpha := s.alpha
	if parsed.Bare {
		alpha = s.alphaWord
	}
	q, err := s.HeadQuery(ctx, parsed.Positive)
	return q, alpha, err
}

// Clip is a graded clip. One of another pack has tokens that mean something else.
func (s *tuningSource) Clip(ctx context.Context, text string) (tune.Footage, error) {
	id, err := index.ParseID(text)
	if err != nil {
		return tune.Footage{}, fmt.Errorf("%w: %w", tune.ErrGone, err)
	}
	c, err := s.clips.Clip(ctx, id)
	switch {
	case errors.Is(err, index.ErrNotFound), err == nil && (c.PackHash != s.packHash || c.Tokens.Rows == 0):
		return tune.Footage{}, tune.ErrGone
	case err != nil:
		return tune.Footage{}, err
	}
	return tune.Footage{Tokens: c.Tokens, Vector: c.Vector, Plain: c.Plain, Hub: c.Hub}, nil
}

// Base is what answers without a tuned head: the pack's refinement.
func (s *tuningSource) Base(ctx context.Context, text string, clips []tune.Footage, firstStage []float32) ([]float32, error) {
	if s.pack == nil {
		return firstStage, nil
	}
	candidates := make([]query.Candidate, len(clips))
	for i, c := range clips {
		candidates[i] = query.Candidate{FirstStage: firstStage[i], Hub: c.Hub, Vector: c.Vector, Plain: c.Plain, Tokens: c.Tokens}
	}
	refined, err := s.pack.Refine(ctx, query.RefineQuery{Text: query.Parse(text).Positive}, candidates)
	if err != nil {
		return nil, err
	}
	out := make([]float32, len(refined))
	for i, r := range refined {
		out[i] = r.Score
	}
	return out, nil
}

// wordWeights reads how rare the pack says each token is; nil if it does not say.
func wordWeights(p *encode.Pack) ([]float32, error) {
	r := p.Manifest().Refine
	if r == nil {
		return nil, nil
	}
	f, err := os.Open(filepath.Join(p.Dir(), r.IDF))
	if err != nil {
		return nil, fmt.Errorf("read the word weights of the pack: %w", err)
	}
	defer f.Close()
	a, err := npy.Read[float32](f)
	if err != nil {
		return nil, fmt.Errorf("read the word weights of the pack, %s: %w", r.IDF, err)
	}
	return a.Data, nil
}
