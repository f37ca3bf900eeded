package head

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// drawPair is a random head with a random pair.
func drawPair(t *rapid.T) (*world, *Params[float64], Query[float64], Clip[float64]) {
	w := newWorld(rapid.Uint64().Draw(t, "seed"))
	q := w.query(tiny, rapid.IntRange(1, 7).Draw(t, "words"))
	c := w.clip(tiny, rapid.IntRange(1, 9).Draw(t, "cells"))
	return w, w.params(tiny), q, c
}

func score(t *rapid.T, p *Params[float64], q Query[float64], c Clip[float64]) float64 {
	s, err := p.Score(q, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAllZeroIsTheFirstStage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, p, q, c := drawPair(t)
		*p.GateV, *p.GateT, *p.Support, *p.Hub = 0, 0, 0, 0
		if s := score(t, p, q, c); math.Float64bits(s) != math.Float64bits(c.FirstStage) {
			t.Fatalf("score %v, first stage %v", s, c.FirstStage)
		}
		q32, c32 := narrow(q, c)
		fast, err := NewScorer(Convert[float32](p)).Score(q32, []Clip[float32]{c32})
		if err != nil || math.Float32bits(fast[0].Score) != math.Float32bits(c32.FirstStage) {
			t.Fatalf("score %v (%v), first stage %v", fast, err, c32.FirstStage)
		}
	})
}

func TestPaddingHasNoSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, p, q, c := drawPair(t)
		before := score(t, p, q, c)
		extra := rapid.IntRange(1, 4).Draw(t, "padding")
		noise := w.numbers(extra * 8)
		noise[0] = math.NaN()
		q.Tokens = Matrix[float64]{q.Valid + extra, tiny.TextDims, append(q.Tokens.Data, noise[:extra*tiny.TextDims]...)}
		c.Tokens = Matrix[float64]{c.Valid + extra, tiny.VisualDims, append(c.Tokens.Data, noise[:extra*tiny.VisualDims]...)}
		if after := score(t, p, q, c); after != before {
			t.Fatalf("padding changed the score from %v to %v", before, after)
		}
	})
}

func TestOrderOfCellsHasNoSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, p, q, c := drawPair(t)
		before := score(t, p, q, c)
		shuffled := newMatrix[float64](c.Valid, tiny.VisualDims)
		for to, from := range w.rng.Perm(c.Valid) {
			copy(shuffled.Row(to), c.Tokens.Row(from))
		}
		c.Tokens = shuffled
		if after := score(t, p, q, c); math.Abs(after-before) > 1e-12 {
			t.Fatalf("order changed the score from %v to %v", before, after)
		}
	})
}

// The score of a pair is the same, bit by bit, whoever else is scored with it.
func TestOtherCandidatesHaveNoSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, p, q, _ := drawPair(t)
		q32, _ := narrow(q, w.clip(tiny, 1))
		var clips []Clip[float32]
		for range rapid.IntRange(1, 12).Draw(t, "clips") {
			_, c := narrow(q, w.clip(tiny, 1+w.rng.IntN(9)))
			clips = append(clips, c)
		}
		s := NewScorer(Convert[float32](p))
		together, err := s.Score(q32, clips)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(clips)) {
			alone, err := s.Score(q32, clips[i:i+1])
			if err != nil || alone[0].Score != together[i].Score {
				t.Fatalf("alone %v (%v), together %v", alone, err, together[i])
			}
		}
	})
}

// The fast form gives what the reference gives.
func TestScorerIsTheReference(t *testing.T) {
	sizes := []Config{tiny, {VisualDims: 33, TextDims: 33, Embedding: 30, Inner: 24, Heads: 3, Hidden: 50, Sharpness: 25},
		{VisualDims: 9, TextDims: 17, Embedding: 30, Inner: 24, Heads: 3, Hidden: 50, Sharpness: 25}, SmallConfig()}
	rapid.Check(t, func(t *rapid.T) {
		config := rapid.SampledFrom(sizes).Draw(t, "sizes")
		w := newWorld(rapid.Uint64().Draw(t, "seed"))
		p := w.params(config)
		q, c := w.query(config, rapid.IntRange(1, 12).Draw(t, "words")), w.clip(config, rapid.IntRange(1, 34).Draw(t, "cells"))
		want, err := p.Forward(q, c)
		if err != nil {
			t.Fatal(err)
		}
		q32, c32 := narrow(q, c)
		got, err := NewScorer(Convert[float32](p)).Score(q32, []Clip[float32]{c32})
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(float64(got[0].Score) - want.Score); !(d <= 1e-5) {
			t.Fatalf("fast score %v, reference %v", got[0].Score, want.Score)
		}
		for k, s := range got[0].Support {
			if math.Abs(float64(s)-want.WordSupport[k]) > 1e-5 {
				t.Fatalf("support of word %d is %v, want %v", k, s, want.WordSupport[k])
			}
		}
	})
}

// The fast functions against the exact ones, over the range they meet.
func TestFastFunctions(t *testing.T) {
	for x := -12.0; x <= 12; x += 1. / 512 {
		if got, want := float64(fastGELU(float32(x))), gelu(x); math.Abs(got-want) > 1e-6*max(1, math.Abs(x)) {
			t.Fatalf("gelu(%v) is %v, want %v", x, got, want)
		}
	}
	for x := -100.0; x <= 0; x += 1. / 512 {
		if got, want := float64(fastExp(float32(x))), math.Exp(x); math.Abs(got-want) > 1e-6*want+1e-37 {
			t.Fatalf("exp(%v) is %v, want %v", x, got, want)
		}
	}
}
