package tune

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index"
)

// site is a made place: things have directions in token space and in the shared
// space; clips show a few things, questions ask for two. The clip's embedding
// tells what it shows with noise, its tokens clearly, so there is something to learn.
type site struct {
	tokens, space [][]float64
	shows         map[string][]int
	asks          map[string][]int
	noise         float64
	gone          map[string]bool
	dims, width   int
	seed          uint64
}

func newSite(seed uint64, dims, width int) *site {
	s := &site{shows: map[string][]int{}, asks: map[string][]int{}, gone: map[string]bool{}, noise: 0.35, dims: dims, width: width, seed: seed}
	rng := rand.New(rand.NewPCG(seed, 1))
	for range 12 {
		s.tokens = append(s.tokens, direction(rng, dims))
		s.space = append(s.space, direction(rng, width))
	}
	return s
}

func direction(rng *rand.Rand, n int) []float64 {
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64() / math.Sqrt(float64(n))
	}
	return v
}

// of is a generator that depends on a name alone.
func (s *site) of(name string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(s.seed, h))
}

func (s *site) Question(_ context.Context, text string) (head.Query[float32], float32, error) {
	rng := s.of(text)
	things := s.asks[text]
	q := head.Query[float32]{Tokens: head.Matrix[float32]{Rows: len(things) + 2, Cols: s.dims}, Valid: len(things) + 2, End: len(things) + 1}
	vector := make([]float64, s.width)
	for row := range q.Valid {
		token, weight := direction(rng, s.dims), float32(0)
		if row > 0 && row <= len(things) {
			weight = 1 / float32(len(things))
			for i, v := range s.tokens[things[row-1]] {
				token[i] = v + 0.2*token[i]
			}
			for i, v := range s.space[things[row-1]] {
				vector[i] += v
			}
		}
		q.Weights = append(q.Weights, weight)
		for _, v := range token {
			q.Tokens.Data = append(q.Tokens.Data, float32(v))
		}
	}
	q.Vector = unit32(vector)
	return q, 0.5, nil
}

func (s *site) Clip(_ context.Context, id string) (Footage, error) {
	if s.gone[id] {
		return Footage{}, fmt.Errorf("clip %s: %w", id, ErrGone)
	}
	rng := s.of(id)
	f := Footage{Hub: float32(rng.Float64()), Tokens: index.Tokens{Rows: 8, Dims: s.dims, Scale: 1. / 127}}
	vector := direction(rng, s.width)
	for i := range vector {
		vector[i] *= s.noise * 6
	}
	for row := range f.Tokens.Rows {
		token := direction(rng, s.dims)
		if things := s.shows[id]; len(things) > 0 {
			for i, v := range s.tokens[things[row%len(things)]] {
				token[i] = v + 0.4*token[i]
			}
		}
		for _, v := range token {
			f.Tokens.Data = append(f.Tokens.Data, int8(max(-127, min(127, math.Round(v*127)))))
		}
	}
	for _, thing := range s.shows[id] {
		for i, v := range s.space[thing] {
			vector[i] += v
		}
	}
	f.Vector = unit32(vector)
	return f, nil
}

func unit32(v []float64) []float32 {
	var s float64
	for _, x := range v {
		s += x * x
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = float32(x / math.Sqrt(s))
	}
	return out
}

// grades asks questions and grades clips for each. truth: by what the clips
// show; otherwise at random.
func (s *site) grades(questions, clipsEach int, truth bool) []Grade {
	rng := rand.New(rand.NewPCG(s.seed, 2))
	var out []Grade
	for i := range questions {
		a := rng.IntN(len(s.tokens))
		b := (a + 1 + rng.IntN(len(s.tokens)-1)) % len(s.tokens)
		text := fmt.Sprintf("question %d about %d and %d", i, a, b)
		s.asks[text] = []int{a, b}
		for j := range clipsEach {
			clip := fmt.Sprintf("%d-%d", i, j)
			grade := j % 4
			switch {
			case grade == 3:
				s.shows[clip] = []int{a, b}
			case grade > 0:
				s.shows[clip] = []int{a, (b + 1 + rng.IntN(3)) % len(s.tokens)}
			default:
				s.shows[clip] = []int{(a + 1 + rng.IntN(3)) % len(s.tokens), (b + 4) % len(s.tokens)}
			}
			if !truth {
				grade = rng.IntN(4)
			}
			out = append(out, Grade{Query: text, Clip: clip, Grade: grade})
		}
	}
	return out
}

func (s *site) dataset(t testing.TB, questions, clipsEach int, truth bool) *Dataset {
	t.Helper()
	d, err := Collect(context.Background(), s.grades(questions, clipsEach, truth), s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// small is a head that trains in no time.
func small(dims, width int) head.Config {
	return head.Config{VisualDims: dims, TextDims: dims, Embedding: width, Inner: 16, Heads: 2, Hidden: 24, Sharpness: 25}
}
