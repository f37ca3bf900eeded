package cycle

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/agent/tune/heads"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/vfs"
)

const dims = 16

// plain is a place where question n asks for thing n%8. A clip "n-g" shows as
// much of it as its grade g says; its embedding says nothing.
type plain struct{}

func axis(n int, strength float32) []float32 {
	v := make([]float32, dims)
	v[n%8] = strength
	v[8+n%8] = float32(math.Sqrt(float64(1 - strength*strength)))
	return v
}

func (plain) Question(_ context.Context, text string) (head.Query[float32], float32, error) {
	var n int
	if _, err := fmt.Sscanf(text, "question %d", &n); err != nil {
		return head.Query[float32]{}, 0, err
	}
	return head.Query[float32]{
		Tokens: head.Matrix[float32]{Rows: 2, Cols: dims, Data: append(axis(n, 1), axis(n+3, 0)...)}, Valid: 2, End: 1,
		Weights: []float32{1, 0}, Vector: axis(n, 1),
	}, 0, nil
}

func (plain) Clip(_ context.Context, id string) (tune.Footage, error) {
	var n, grade int
	if _, err := fmt.Sscanf(id, "%d-%d", &n, &grade); err != nil {
		return tune.Footage{}, err
	}
	rng := rand.New(rand.NewPCG(uint64(n), uint64(grade)))
	noise := rng.Float32()
	f := tune.Footage{Vector: axis(n, noise), Tokens: index.Tokens{Rows: 1, Dims: dims, Scale: 1. / 127}}
	for _, v := range axis(n, float32(grade)/3) {
		f.Tokens.Data = append(f.Tokens.Data, int8(127*v))
	}
	return f, nil
}

func newCycle(t *testing.T, fsys vfs.FS, sense bool) *Cycle {
	t.Helper()
	store, err := heads.Open(heads.Options{Dir: "data/heads", FS: fsys, Pack: "p"})
	if err != nil {
		t.Fatal(err)
	}
	var grades []tune.Grade
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range 80 {
		for g := range 4 {
			grade := g
			if !sense {
				grade = rng.IntN(4)
			}
			grades = append(grades, tune.Grade{Query: fmt.Sprintf("question %d", n), Clip: fmt.Sprintf("%d-%d", n, g), Grade: grade})
		}
	}
	return &Cycle{
		Grades: func() []tune.Grade { return grades }, Source: plain{}, Heads: store, Dir: "data/tune", FS: fsys,
		Options: tune.Options{Config: head.Config{VisualDims: dims, TextDims: dims, Embedding: dims, Inner: 8, Heads: 2, Hidden: 8, Sharpness: 25}, Epochs: 5, BatchPairs: 16, RateScalars: 0.05},
	}
}

func memory(t *testing.T) *vfs.Mem {
	t.Helper()
	fsys := vfs.NewMem()
	if err := fsys.MkdirAll("data"); err != nil {
		t.Fatal(err)
	}
	return fsys
}

// From feedback to a head that answers; the next run starts there, and does not
// promote what is no better.
func TestFeedbackBecomesAHead(t *testing.T) {
	fsys := memory(t)
	c := newCycle(t, fsys, true)
	r, err := c.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if r.Head != 1 || c.Heads.Scorer() == nil {
		t.Fatalf("%+v", r.Verdict)
	}
	if _, about, _ := c.Heads.Current(); about.Pairs != 320 || about.Pack != "p" {
		t.Errorf("%+v", about)
	}
	if _, err := fsys.Size("data/tune/checkpoint"); err == nil {
		t.Error("the checkpoint is left")
	}
	if again, err := c.Run(context.Background()); err != nil || again.Verdict.Before < r.Verdict.After-1e-6 {
		t.Errorf("%+v %v", again, err)
	}
}

func TestNothingIsPromotedWithoutReason(t *testing.T) {
	c := newCycle(t, memory(t), false)
	r, err := c.Run(context.Background())
	if err != nil || r.Head != 0 || c.Heads.Scorer() != nil {
		t.Fatalf("%+v %v", r, err)
	}
	c.Grades = func() []tune.Grade { return nil }
	if _, err := c.Run(context.Background()); !errors.Is(err, tune.ErrTooFewGrades) {
		t.Error(err)
	}
}

// Where the head cannot be kept, the old order answers, and the next run ends
// with the same head without training again.
func TestDiskFullWhilePromoting(t *testing.T) {
	fsys := memory(t)
	c := newCycle(t, fsys, true)
	steps := 0
	c.Options.Progress = func(p tune.Progress) {
		if steps++; p.Epoch == p.Epochs {
			fsys.SetHook(func(op vfs.Op, name string) error {
				if op == vfs.OpMkdir {
					return errors.New("no room")
				}
				return nil
			})
		}
	}
	if _, err := c.Run(context.Background()); err == nil || c.Heads.Scorer() != nil {
		t.Fatal("a head answers that could not be kept")
	}
	fsys.SetHook(nil)
	steps, c.Options.Progress = 0, func(tune.Progress) { steps++ }
	if r, err := c.Run(context.Background()); err != nil || !r.Resumed || r.Head != 1 || steps != 0 {
		t.Errorf("%+v %v after %d more steps", r, err, steps)
	}
}
