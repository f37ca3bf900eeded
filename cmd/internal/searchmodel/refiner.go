package searchmodel

import (
	"context"
	"time"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index/query"
)

// ClipRefiner scores found clips again; *encode.Refiner implements it.
type ClipRefiner interface {
	Refine(ctx context.Context, text string, clips []encode.RefineClip, until time.Time) ([]encode.RefinedClip, error)
}

// Refiner lets the query engine ask a pack's refinement. It implements
// query.Refiner.
type Refiner struct{ Model ClipRefiner }

// Refine implements query.Refiner.
func (r Refiner) Refine(ctx context.Context, q query.RefineQuery, candidates []query.Candidate) ([]query.Refined, error) {
	clips := make([]encode.RefineClip, len(candidates))
	for i, c := range candidates {
		vector := c.Plain
		if vector == nil {
			vector = c.Vector
		}
		clips[i] = encode.RefineClip{
			FirstStage: c.FirstStage, Hub: c.Hub, Vector: vector,
			TokenRows: c.Tokens.Rows, TokenDims: c.Tokens.Dims, TokenScale: c.Tokens.Scale, Tokens: c.Tokens.Data,
		}
	}
	found, err := r.Model.Refine(ctx, q.Text, clips, q.Until)
	if err != nil {
		return nil, err
	}
	out := make([]query.Refined, len(found))
	for i, f := range found {
		out[i] = query.Refined{Score: f.Score, Support: f.Support, Cells: f.Cells}
	}
	return out, nil
}

// UseRefiner sets an engine up with a pack's refinement; r may be nil.
func UseRefiner(o *query.Options, r *encode.Refiner) {
	if r == nil {
		return
	}
	o.Refiner, o.RefineTop, o.SupportThreshold = Refiner{r}, r.Top(), r.Threshold()
}
