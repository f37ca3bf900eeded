package rerank

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

var tiny = head.Config{VisualDims: 4, TextDims: 4, Embedding: 3, Inner: 4, Heads: 2, Hidden: 6, Sharpness: 25}

type fixed struct{ scorer *head.Scorer }

func (f fixed) Scorer() *head.Scorer { return f.scorer }

type questions struct{ err error }

func (q questions) HeadQuery(context.Context, string) (head.Query[float32], error) {
	return head.Query[float32]{
		Tokens: head.Matrix[float32]{Rows: 2, Cols: 4, Data: []float32{1, 0, 0, 0, 0, 1, 0, 0}}, Valid: 2, End: 1,
		Weights: []float32{1, 0}, Vector: []float32{1, 0, 0},
	}, q.err
}

// pack adds one to every score, and knows support.
type pack struct{ err error }

func (p pack) Refine(_ context.Context, _ query.RefineQuery, c []query.Candidate) ([]query.Refined, error) {
	out := make([]query.Refined, len(c))
	for i := range c {
		out[i] = query.Refined{Score: c[i].FirstStage + 1, Support: []float32{0.5}}
	}
	return out, p.err
}

func scorer(support float32) *head.Scorer {
	p := head.NewParams[float32](tiny)
	p.Init(1)
	*p.Support = support
	return head.NewScorer(p)
}

func candidates(n int) []query.Candidate {
	rng := rand.New(rand.NewPCG(1, 2))
	out := make([]query.Candidate, n)
	for i := range out {
		out[i] = query.Candidate{ID: index.ID(i + 1), FirstStage: float32(n - i), Vector: []float32{0.5, 0, 0}, Tokens: index.Tokens{Rows: 2, Dims: 4, Scale: 0.01}}
		for range 8 {
			out[i].Tokens.Data = append(out[i].Tokens.Data, int8(rng.IntN(200)-100))
		}
	}
	out[n-1].Tokens = index.Tokens{}
	return out
}

func TestHeadCorrectsThePack(t *testing.T) {
	c := candidates(30)
	r := &Refiner{Pack: pack{}, Heads: fixed{scorer(2)}, Questions: questions{}}
	got, err := r.Refine(context.Background(), query.RefineQuery{}, c)
	if err != nil || len(got) != len(c) {
		t.Fatal(len(got), err)
	}
	q, _ := questions{}.HeadQuery(context.Background(), "")
	for i, g := range got {
		want := c[i].FirstStage + 1
		if c[i].Tokens.Rows > 0 {
			one, err := scorer(2).Score(q, []head.Clip[float32]{Clip(c[i].Tokens, c[i].Vector, nil, want, 0)})
			if err != nil {
				t.Fatal(err)
			}
			if want = one[0].Score; want == c[i].FirstStage+1 {
				t.Error("the head has no say")
			}
		}
		if g.Score != want || g.Support == nil {
			t.Errorf("candidate %d: %+v, want %v", i, g, want)
		}
	}
}

func TestWithoutAHeadThePackAnswers(t *testing.T) {
	c := candidates(5)
	for name, r := range map[string]*Refiner{
		"no head":            {Pack: pack{}, Heads: fixed{}, Questions: questions{}},
		"a head of zeros":    {Pack: pack{}, Heads: fixed{scorer(0)}, Questions: questions{}},
		"a failing question": {Pack: pack{}, Heads: fixed{scorer(1)}, Questions: questions{errors.New("no words")}},
	} {
		got, err := r.Refine(context.Background(), query.RefineQuery{}, c)
		if err != nil || len(got) != len(c) {
			t.Fatalf("%s: %d %v", name, len(got), err)
		}
		for i := range got {
			if got[i].Score != c[i].FirstStage+1 {
				t.Errorf("%s: %+v", name, got[i])
			}
		}
	}
	if got, err := (&Refiner{Heads: fixed{}, Questions: questions{}}).Refine(context.Background(), query.RefineQuery{}, c); err != nil || len(got) != 0 {
		t.Error("without a head and a refiner there is nothing to refine by", got, err)
	}
	if got, err := (&Refiner{Heads: fixed{scorer(1)}, Questions: questions{}}).Refine(context.Background(), query.RefineQuery{}, c); err != nil || len(got) != len(c) {
		t.Error("a head alone refines", got, err)
	}
	broken := errors.New("model file is damaged")
	if _, err := (&Refiner{Pack: pack{broken}, Heads: fixed{scorer(1)}, Questions: questions{}}).Refine(context.Background(), query.RefineQuery{}, c); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestTimeEnds(t *testing.T) {
	c := candidates(2*step + 1)
	end := time.Unix(100, 0)
	clock := end.Add(-time.Second)
	r := &Refiner{Pack: pack{}, Heads: fixed{scorer(1)}, Questions: questions{}, now: func() time.Time { clock = clock.Add(800 * time.Millisecond); return clock }}
	got, err := r.Refine(context.Background(), query.RefineQuery{Until: end}, c)
	if err != nil || len(got) != 2*step {
		t.Errorf("%d candidates were refined, %v", len(got), err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Refine(ctx, query.RefineQuery{}, c); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
