package searchmodel

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

type clipRefiner struct {
	text  string
	clips []encode.RefineClip
	until time.Time
	err   error
}

func (r *clipRefiner) Refine(_ context.Context, text string, clips []encode.RefineClip, until time.Time) ([]encode.RefinedClip, error) {
	r.text, r.clips, r.until = text, clips, until
	return []encode.RefinedClip{{Score: 0.7, Support: []float32{0.2}, Cells: []float32{1}}}, r.err
}

func TestRefiner(t *testing.T) {
	model := &clipRefiner{}
	until := time.Unix(100, 0)
	tokens := index.Tokens{Rows: 1, Dims: 2, Scale: 0.5, Data: []int8{1, 2}}
	out, err := Refiner{model}.Refine(context.Background(), query.RefineQuery{Text: "a hat", Until: until}, []query.Candidate{
		{FirstStage: 0.3, Hub: 0.1, Vector: []float32{1}, Plain: []float32{2}, Tokens: tokens},
		{FirstStage: 0.2, Vector: []float32{3}},
	})
	if err != nil || len(out) != 1 || out[0].Score != 0.7 || len(out[0].Support) != 1 || len(out[0].Cells) != 1 {
		t.Errorf("answer %+v, %v: want what was reached", out, err)
	}
	first, second := model.clips[0], model.clips[1]
	if model.text != "a hat" || !model.until.Equal(until) || first.FirstStage != 0.3 || first.Hub != 0.1 || first.TokenRows != 1 ||
		first.TokenDims != 2 || first.TokenScale != 0.5 || !slices.Equal(first.Tokens, tokens.Data) {
		t.Errorf("the model was given %+v", model)
	}
	if first.Vector[0] != 2 || second.Vector[0] != 3 {
		t.Errorf("vectors %v and %v, want the plain view, or the only one", first.Vector, second.Vector)
	}
	model.err = errors.New("no memory")
	if _, err := (Refiner{model}).Refine(context.Background(), query.RefineQuery{}, nil); !errors.Is(err, model.err) {
		t.Errorf("error %v", err)
	}
}

func TestUseRefinerWithoutOne(t *testing.T) {
	var o query.Options
	UseRefiner(&o, nil)
	if o.Refiner != nil {
		t.Error("a pack without refinement became a refiner")
	}
}
