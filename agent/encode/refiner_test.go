package encode

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// openBundled opens the shipped pack with its refinement.
func openBundled(t testing.TB) (*Encoder, *Refiner) {
	t.Helper()
	e := newEncoder(t, openPack(t, bundled))
	r, err := NewRefiner(e, 2)
	if err != nil {
		t.Fatal(err)
	}
	if r == nil {
		t.Fatal("the bundled pack has no refinement")
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return e, r
}

// someClips makes clips with random tokens near those of pictures.
func someClips(m *Manifest, n, frames int) []RefineClip {
	rng := rand.New(rand.NewPCG(7, 11))
	clips := make([]RefineClip, n)
	for i := range clips {
		rows := frames * m.Tokens.Rows()
		c := RefineClip{
			FirstStage: 0.3 - float32(i)*1e-3, Hub: rng.Float32() / 4, Vector: make([]float32, m.Dims),
			TokenRows: rows, TokenDims: m.Tokens.Dims, TokenScale: 0.004, Tokens: make([]int8, rows*m.Tokens.Dims),
		}
		for d := range c.Vector {
			c.Vector[d] = float32(rng.NormFloat64())
		}
		norm := float32(norm(c.Vector))
		for d := range c.Vector {
			c.Vector[d] /= norm
		}
		for k := range c.Tokens {
			c.Tokens[k] = int8(rng.IntN(255) - 127)
		}
		clips[i] = c
	}
	return clips
}

const asked = "a worker with a yellow helmet beside a forklift"

func refine(t testing.TB, r *Refiner, clips []RefineClip) []RefinedClip {
	t.Helper()
	out, err := r.Refine(context.Background(), asked, clips, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(clips) {
		t.Fatalf("%d answers for %d clips", len(out), len(clips))
	}
	return out
}

// The score of a pair is the same to the last bit whatever other clips there
// are, in which order and how many.
func TestRefineEachPairAlone(t *testing.T) {
	_, r := openBundled(t)
	m := r.encoder.pack.manifest
	clips := slices.Concat(someClips(m, 40, 8), someClips(m, 3, 1), someClips(m, 4, 11))
	all := refine(t, r, clips)
	for i := range clips {
		if alone := refine(t, r, clips[i:i+1])[0]; alone.Score != all[i].Score || !slices.Equal(alone.Support, all[i].Support) {
			t.Errorf("clip %d scores %v alone, %v among %d", i, alone.Score, all[i].Score, len(clips))
		}
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(clips))
	mixed := make([]RefineClip, len(clips))
	for to, from := range order {
		mixed[to] = clips[from]
	}
	for to, c := range refine(t, r, mixed) {
		if want := all[order[to]].Score; c.Score != want {
			t.Errorf("clip %d scores %v in another order, %v before", order[to], c.Score, want)
		}
	}
}

func TestRefineIgnoresTheOrderOfCellsAndFrames(t *testing.T) {
	_, r := openBundled(t)
	clip := someClips(r.encoder.pack.manifest, 1, 8)[0]
	want := refine(t, r, []RefineClip{clip})[0]
	for seed := range uint64(5) {
		order := rand.New(rand.NewPCG(seed, 3)).Perm(clip.TokenRows)
		mixed := clip
		mixed.Tokens = nil
		for _, row := range order {
			mixed.Tokens = append(mixed.Tokens, clip.Tokens[row*clip.TokenDims:(row+1)*clip.TokenDims]...)
		}
		got := refine(t, r, []RefineClip{mixed})[0]
		if math.Abs(float64(got.Score-want.Score)) > 1e-6 {
			t.Errorf("score %v with rows in order %v, %v before", got.Score, order, want.Score)
		}
		for to, from := range order {
			if math.Abs(float64(got.Cells[to]-want.Cells[from])) > 1e-5 {
				t.Fatalf("what was looked at did not move with the rows: %v, %v before", got.Cells, want.Cells)
			}
		}
	}
}

// The outputs are what the formula says, computed from the very same int8.
func TestRefineFormula(t *testing.T) {
	e, r := openBundled(t)
	text, err := e.EncodeText(context.Background(), asked)
	if err != nil {
		t.Fatal(err)
	}
	w := r.weigh(text)
	sum := float32(0)
	for i, x := range w.weights {
		if sum += x; text.WordOf[i] < 0 && x != 0 {
			t.Errorf("special token %d has weight %v", i, x)
		}
	}
	if math.Abs(float64(sum)-1) > 1e-5 {
		t.Errorf("weights add up to %v", sum)
	}
	clips := someClips(e.pack.manifest, 3, 2)
	for i, got := range refine(t, r, clips) {
		support := reference(text.Tokens, &clips[i])
		words := make([]float64, len(text.Words))
		for k, s := range support {
			if at := text.WordOf[k]; at >= 0 {
				words[at] = max(words[at], s)
			}
		}
		if !near(got.Support, words, 1e-5) {
			t.Errorf("clip %d: support %v, want %v", i, got.Support, words)
		}
		cells := float32(0)
		for _, c := range got.Cells {
			cells += c
		}
		if math.Abs(float64(cells)-1) > 1e-4 {
			t.Errorf("clip %d: shares add up to %v", i, cells)
		}
	}
}

// reference is sup_k of every word token in float64.
func reference(words [][]float32, c *RefineClip) []float64 {
	out := make([]float64, len(words))
	for k, word := range words {
		w := make([]float64, len(word))
		for d, x := range word {
			w[d] = float64(x)
		}
		unit(w)
		var rows [][]float64
		var weights []float64
		total := 0.0
		for n := range c.TokenRows {
			u := make([]float64, c.TokenDims)
			for d := range u {
				u[d] = float64(c.Tokens[n*c.TokenDims+d]) * float64(c.TokenScale)
			}
			unit(u)
			cos := 0.0
			for d := range u {
				cos += u[d] * w[d]
			}
			rows, weights = append(rows, u), append(weights, math.Exp(25*cos))
			total += weights[n]
		}
		context := make([]float64, c.TokenDims)
		for n, u := range rows {
			for d := range u {
				context[d] += weights[n] / total * u[d]
			}
		}
		unit(context)
		for d := range w {
			out[k] += w[d] * context[d]
		}
	}
	return out
}

func TestRefineBudget(t *testing.T) {
	_, r := openBundled(t)
	clips := someClips(r.encoder.pack.manifest, 3*refineChunk+1, 1)
	clock := time.Unix(1000, 0)
	looks := 0
	r.now = func() time.Time { looks++; return clock.Add(time.Duration(looks) * time.Second) }
	for budget, want := range map[time.Duration]int{-time.Hour: refineChunk, 2 * time.Second: 2 * refineChunk, time.Hour: len(clips)} {
		looks = 0
		out, err := r.Refine(context.Background(), asked, clips, clock.Add(budget))
		if err != nil || len(out) != want {
			t.Errorf("budget %v: %d clips, want %d (%v)", budget, len(out), want, err)
		}
	}
}

func TestRefineIdentityKeepsScores(t *testing.T) {
	_, r := openBundled(t)
	spec := *r.spec
	spec.Identity = true
	r.spec = &spec
	clips := someClips(r.encoder.pack.manifest, 30, 2)
	for i, c := range refine(t, r, clips) {
		if c.Score != clips[i].FirstStage {
			t.Errorf("clip %d: score %v, first stage %v", i, c.Score, clips[i].FirstStage)
		}
		if len(c.Support) == 0 {
			t.Errorf("clip %d is not explained", i)
		}
	}
}

func TestRefineWithoutTokens(t *testing.T) {
	_, r := openBundled(t)
	clips := someClips(r.encoder.pack.manifest, 2, 1)
	clips[0].TokenRows, clips[0].TokenDims, clips[0].Tokens = 0, 0, nil
	out := refine(t, r, clips)
	if out[0].Score != clips[0].FirstStage || out[0].Support != nil {
		t.Errorf("a clip without tokens: %+v", out[0])
	}
}

func TestRefineRefuses(t *testing.T) {
	_, r := openBundled(t)
	nan := float32(math.NaN())
	for name, change := range map[string]func(*RefineClip){
		"tokens cut off":    func(c *RefineClip) { c.Tokens = c.Tokens[1:] },
		"tokens of another": func(c *RefineClip) { c.TokenDims /= 2; c.TokenRows *= 2 },
		"vector too short":  func(c *RefineClip) { c.Vector = c.Vector[1:] },
		"score no number":   func(c *RefineClip) { c.FirstStage = nan },
		"scale no number":   func(c *RefineClip) { c.TokenScale = nan },
	} {
		t.Run(name, func(t *testing.T) {
			clips := someClips(r.encoder.pack.manifest, 1, 1)
			change(&clips[0])
			if _, err := r.Refine(context.Background(), asked, clips, time.Time{}); err == nil {
				t.Error("taken")
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Refine(ctx, asked, someClips(r.encoder.pack.manifest, 1, 1), time.Time{}); err == nil {
		t.Error("a cancelled call ran")
	}
}

func BenchmarkRefine(b *testing.B) {
	_, r := openBundled(b)
	for name, n := range map[string]int{"100x32": 100, "200x32": 200} {
		clips := someClips(r.encoder.pack.manifest, n, 8)
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				refine(b, r, clips)
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
		})
	}
}
