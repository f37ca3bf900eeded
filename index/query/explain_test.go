package query

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index"
)

// pieceRefiner gives every clip the same judgement, and at most `most` of them.
type pieceRefiner struct {
	answer Refined
	most   int
	got    RefineQuery
	asked  int
}

func (r *pieceRefiner) Refine(_ context.Context, q RefineQuery, candidates []Candidate) ([]Refined, error) {
	r.got, r.asked = q, len(candidates)
	out := slices.Repeat([]Refined{r.answer}, min(len(candidates), r.most))
	for i, c := range candidates[:len(out)] {
		out[i].Score = -c.FirstStage // upside down
	}
	return out, nil
}

func TestRefinerOutOfTime(t *testing.T) {
	store := &memStore{}
	var all []index.ID
	for i := range 5 {
		all = append(all, store.add("gate", time.Duration(i)*time.Hour, 1-float32(i)/10, 0, 0, 0))
	}
	refiner := &pieceRefiner{most: 3}
	e := newEngine(t, store, func(o *Options) { o.Refiner = refiner })
	r := search(t, e, Request{Query: "car", Refine: true})
	var got []string
	for _, item := range r.Items {
		got = append(got, item.ClipID)
	}
	want := []string{all[2].String(), all[1].String(), all[0].String(), all[3].String(), all[4].String()}
	if !slices.Equal(got, want) {
		t.Errorf("order %v, want the three that were reached first, then the others as they were: %v", got, want)
	}
	if r.Refined != 3 || refiner.asked != 5 || refiner.got.Until.IsZero() {
		t.Errorf("%d of %d refined, until %v", r.Refined, refiner.asked, refiner.got.Until)
	}
	if r.Items[2].Z != search(t, e, Request{Query: "car"}).Items[0].Z {
		t.Error("the confidence of a clip changed with its place")
	}
}

func TestWordsFoundAndMatchedFrame(t *testing.T) {
	store := &memStore{}
	id := store.add("gate", 0, 1, 0, 0, 0)
	refiner := &pieceRefiner{most: 1, answer: Refined{Support: []float32{0.5, 0.9, 0.1}, Cells: []float32{0.4, 0.1, 0, 0, 0.1, 0.2, 0.1, 0.1}}}
	e := newEngine(t, store, func(o *Options) { o.Refiner, o.SupportThreshold = refiner, 0.3 })
	r := search(t, e, Request{Query: "car with worker", Refine: true, Explain: true})
	item := r.Items[0]
	if item.MatchedFrame.N != 0 || !item.MatchedFrame.Time.Equal(noon) {
		t.Errorf("matched frame %+v, want the first: most was found there", item.MatchedFrame)
	}
	if want := "/api/v1/clips/" + id.String() + "/heatmap?query=car+with+worker&frame=0"; item.MatchedFrame.HeatmapURL != want {
		t.Errorf("heat map at %q, want %q", item.MatchedFrame.HeatmapURL, want)
	}
	car, with, worker := item.Words[0], item.Words[1], item.Words[2]
	if car.Supported == nil || !*car.Supported || worker.Supported == nil || *worker.Supported || with.Supported != nil || with.Support == nil {
		t.Errorf("words %+v", item.Words)
	}
	if plain := search(t, e, Request{Query: "car"}).Items[0]; plain.MatchedFrame.N != 1 || plain.MatchedFrame.HeatmapURL != "" || plain.Words[0].Support != nil {
		t.Errorf("not refined: %+v", plain)
	}
}

func TestExplain(t *testing.T) {
	store := &memStore{}
	id := store.add("gate", 0, 1, 0, 0, 0)
	refiner := &pieceRefiner{most: 1, answer: Refined{Support: []float32{0.5}, Cells: []float32{0.1, 0.1, 0, 0, 0.1, 0.4, 0.2, 0.1}}}
	e := newEngine(t, store, func(o *Options) { o.Refiner, o.SupportThreshold = refiner, 0.3 })
	x, err := e.Explain(context.Background(), "car without helmet", id)
	if err != nil {
		t.Fatal(err)
	}
	if refiner.got.Text != "car" {
		t.Errorf("explained %q, want the positive part", refiner.got.Text)
	}
	if x.Frame != 1 || x.Rows != 2 || x.Columns != 2 || len(x.Heat) != 2 || x.Heat[1][1] != 1 || x.Heat[0][0] != 0.25 {
		t.Errorf("explanation %+v", x)
	}
	if len(x.Words) != 1 || x.Words[0].Supported == nil || !*x.Words[0].Supported {
		t.Errorf("words %+v", x.Words)
	}

	if _, err := e.Explain(context.Background(), "car", 99); !errors.Is(err, index.ErrNotFound) {
		t.Errorf("a clip that is not there: %v", err)
	}
	var invalid *InvalidError
	if _, err := e.Explain(context.Background(), "", id); !errors.As(err, &invalid) || invalid.Field != "query" {
		t.Errorf("no question: %v", err)
	}
	if _, err := e.Explain(context.Background(), strings.Repeat("a", MaxQueryBytes+1), id); !errors.As(err, &invalid) {
		t.Errorf("a long question: %v", err)
	}
	refiner.answer.Cells = refiner.answer.Cells[:5]
	if _, err := e.Explain(context.Background(), "car", id); !errors.Is(err, ErrNoExplanation) {
		t.Errorf("cells that are no frames: %v", err)
	}
	if _, err := newEngine(t, store, nil).Explain(context.Background(), "car", id); !errors.Is(err, ErrNoExplanation) {
		t.Errorf("no refinement: %v", err)
	}
}
