package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"testing"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/cycle"
	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/agent/tune/heads"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/index/vfs"
)

// threeWords reads every text as start, two words, end.
type threeWords struct{ unknown []string }

func (w threeWords) EncodeText(_ context.Context, text string) (encode.TextEmbedding, error) {
	return encode.TextEmbedding{
		Vector: []float32{1, 0}, IDs: []int{101, 5, 7, 102}, WordOf: []int{-1, 0, 1, -1}, Words: []string{"red", "car"}, Unknown: w.unknown,
		Tokens: [][]float32{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {1, 1, 0}},
	}, nil
}

type oneClip struct{ clip index.Clip }

func (o oneClip) Clip(_ context.Context, id index.ID) (index.Clip, error) {
	if id != 7 {
		return index.Clip{}, fmt.Errorf("read: %w", index.ErrNotFound)
	}
	return o.clip, nil
}

type plusOne struct{}

func (plusOne) Refine(_ context.Context, _ query.RefineQuery, c []query.Candidate) ([]query.Refined, error) {
	out := make([]query.Refined, len(c))
	for i := range c {
		out[i].Score = c[i].FirstStage + 1
	}
	return out, nil
}

func TestTuningSource(t *testing.T) {
	ctx := context.Background()
	clip := index.Clip{Vector: []float32{1, 0}, Hub: 0.5, Tokens: index.Tokens{Rows: 1, Dims: 3, Scale: 1, Data: []int8{1, 2, 3}}, PackHash: [32]byte{1}}
	s := &tuningSource{text: threeWords{}, clips: oneClip{clip}, idf: []float32{0, 0, 0, 0, 0, 1, 0, 3}, alpha: 0.7, alphaWord: 0.3, packHash: [32]byte{1}, pack: plusOne{}}

	q, alpha, err := s.Question(ctx, "the red car stands there")
	if err != nil || alpha != 0.7 || q.Valid != 4 || q.End != 3 || q.Tokens.Cols != 3 || len(q.Tokens.Data) != 12 {
		t.Fatalf("%+v %v %v", q, alpha, err)
	}
	for i, want := range []float32{0, 0.25, 0.75, 0} {
		if math.Abs(float64(q.Weights[i]-want)) > 1e-6 {
			t.Errorf("weights %v", q.Weights)
		}
	}
	if _, alpha, err := s.Question(ctx, "car"); err != nil || alpha != 0.3 {
		t.Errorf("a bare word: alpha %v, %v", alpha, err)
	}
	if _, _, err := s.Question(ctx, "a worker without a helmet"); !errors.Is(err, tune.ErrUnsuited) {
		t.Error(err)
	}
	s.text = threeWords{[]string{"red", "car"}}
	if _, _, err := s.Question(ctx, "赤い車"); !errors.Is(err, tune.ErrUnsuited) {
		t.Error(err)
	}
	s.text = threeWords{}

	f, err := s.Clip(ctx, index.ID(7).String())
	if err != nil || f.Hub != 0.5 || f.Tokens.Rows != 1 {
		t.Fatal(f, err)
	}
	for _, id := range []string{index.ID(8).String(), "rubbish"} {
		if _, err := s.Clip(ctx, id); !errors.Is(err, tune.ErrGone) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if scores, err := s.Base(ctx, "car", []tune.Footage{f}, []float32{0.25}); err != nil || scores[0] != 1.25 {
		t.Error(scores, err)
	}
	s.pack, s.packHash = nil, [32]byte{2}
	if _, err := s.Clip(ctx, index.ID(7).String()); !errors.Is(err, tune.ErrGone) {
		t.Errorf("a clip of another pack: %v", err)
	}
	if scores, err := s.Base(ctx, "car", []tune.Footage{f}, []float32{0.25}); err != nil || scores[0] != 0.25 {
		t.Error(scores, err)
	}
}

// Training happens once for every so many new grades, not again and again.
func TestTuningLooksOnceForNewGrades(t *testing.T) {
	fsys := vfs.NewMem()
	if err := fsys.MkdirAll("data"); err != nil {
		t.Fatal(err)
	}
	store, err := heads.Open(heads.Options{Dir: "data/heads", FS: fsys})
	if err != nil {
		t.Fatal(err)
	}
	var grades []tune.Grade
	asked := 0
	u := &tuning{
		cycle: &cycle.Cycle{Grades: func() []tune.Grade { return grades }, Source: countingSource{&asked}, Heads: store, Dir: "data/tune", FS: fsys},
		file:  "data/tune/last.json", fsys: fsys, logger: slog.New(slog.DiscardHandler),
	}
	look := func(want int) {
		t.Helper()
		asked = 0
		u.look(context.Background())
		if asked != want {
			t.Errorf("%d clips were read with %d grades, want %d", asked, len(grades), want)
		}
	}
	look(0)
	add := func(n int) {
		for range n {
			grades = append(grades, tune.Grade{Query: "q", Clip: fmt.Sprint(len(grades)), Grade: 1})
		}
	}
	add(tuneAfter - 1)
	look(0)
	add(1)
	look(tuneAfter)
	look(0) // noted, though there was too little to learn from
	add(tuneAfter)
	look(2 * tuneAfter)
	if err := vfs.WriteFileAtomic(fsys, u.file, []byte("rubbish")); err != nil {
		t.Fatal(err)
	}
	look(2 * tuneAfter)
}

type countingSource struct{ asked *int }

func (c countingSource) Clip(context.Context, string) (tune.Footage, error) {
	*c.asked++
	return tune.Footage{}, tune.ErrGone
}

func (countingSource) Question(context.Context, string) (q head.Query[float32], alpha float32, err error) {
	return q, 0, tune.ErrUnsuited
}
