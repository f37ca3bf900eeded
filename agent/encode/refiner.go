package encode

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/gembahq/gemba/internal/npy"
)

const (
	// refineChunk is how many clips go through the model between two looks at the
	// clock.
	refineChunk = 25
	// refineStep rounds the number of cells of a run up. Clips meet only others
	// of the same rounded number, so that a clip's score never depends on its
	// company, not even in the last bit.
	refineStep = 32
)

// Refiner runs a pack's refinement: it scores the best clips of the first stage
// again, word by word against cell by cell. It is safe for concurrent use.
type Refiner struct {
	encoder   *Encoder
	spec      *RefineSpec
	session   *session
	idf       []float32
	rarest    float32 // weight of a token that idf doesn't have
	threshold float32
	now       func() time.Time
}

// NewRefiner loads the refinement of e's pack, on the CPU: its runs take
// milliseconds. It is nil for a pack without one. Close it before e.
//
// Errors wrap ErrPack, ErrRuntime or ErrModel and name the file.
func NewRefiner(e *Encoder, threads int) (*Refiner, error) {
	p := e.pack
	spec := p.manifest.Refine
	if spec == nil {
		return nil, nil
	}
	r := &Refiner{encoder: e, spec: spec, threshold: float32(spec.Support.Threshold), now: time.Now}
	if err := r.readIDF(p); err != nil {
		return nil, fmt.Errorf("open pack %s: %w: %s: %w", p.dir, ErrPack, spec.IDF, err)
	}
	if threads < 1 {
		threads = runtime.GOMAXPROCS(0)
	}
	options, err := sessionOptions(CPU, threads, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRuntime, err)
	}
	file := filepath.Join(p.dir, spec.File)
	inputs := slices.DeleteFunc([]string{
		spec.Inputs.WordTokens, spec.Inputs.WordWeights, spec.Inputs.Text, spec.Inputs.VisualTokens,
		spec.Inputs.VisualMask, spec.Inputs.Vectors, spec.Inputs.FirstStage, spec.Inputs.Hub,
	}, func(name string) bool { return name == "" })
	r.session, err = newSession(file, inputs, []string{spec.Outputs.Score, spec.Outputs.Support, spec.Outputs.Attention}, options, 2)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: copy the pack again, or use one made for this version of gemba", ErrModel, err)
	}
	if err := r.probe(); err != nil {
		return nil, errors.Join(e.mismatch(file, err), r.session.close())
	}
	return r, nil
}

func (r *Refiner) readIDF(p *Pack) error {
	root, err := os.OpenRoot(p.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	f, _, err := openRegular(root, r.spec.IDF)
	if err != nil {
		return err
	}
	defer f.Close()
	idf, err := npy.Read[float32](f)
	if err != nil {
		return err
	}
	if len(idf.Shape) != 1 || len(idf.Data) == 0 {
		return fmt.Errorf("an array of shape %v, want one weight for each token", idf.Shape)
	}
	for id, w := range idf.Data {
		if !(w >= 0 && w <= 1000) {
			return fmt.Errorf("token %d has weight %v, want 0 to 1000", id, w)
		}
		r.rarest = max(r.rarest, w)
	}
	r.idf = idf.Data
	return nil
}

// probe runs two clips of different length: names, types and shapes are right if
// the model accepts them and answers as the manifest says.
func (r *Refiner) probe() error {
	m := r.encoder.pack.manifest
	word := make([]float32, m.Tokens.Dims)
	word[0] = 1
	w := refineWords{tokens: slices.Concat(word, word), weights: []float32{0, 1}, wordOf: []int{-1, 0}, words: 1, vector: make([]float32, m.Dims)}
	w.vector[0] = 1
	clips := make([]RefineClip, 2)
	for i := range clips {
		clips[i] = RefineClip{Vector: w.vector, TokenRows: i + 1, TokenDims: m.Tokens.Dims, TokenScale: 1, Tokens: make([]int8, (i+1)*m.Tokens.Dims)}
		clips[i].Tokens[0] = 1
	}
	out := make([]RefinedClip, len(clips))
	if err := r.run(context.Background(), &w, clips, []int{0, 1}, refineStep, out); err != nil {
		return err
	}
	for _, c := range out {
		if !(math.Abs(float64(c.Support[0])-1) < 0.05) {
			return fmt.Errorf("output %s is %.3g for a word that equals the picture, expected 1", r.spec.Outputs.Support, c.Support[0])
		}
	}
	return nil
}

// Identity says that the refinement leaves every score as it is: what it tells
// serves explanation alone.
func (r *Refiner) Identity() bool { return r.spec.Identity }

// Top is how many of the best clips are worth refining.
func (r *Refiner) Top() int { return r.spec.Top }

// Threshold is the support from which on a word counts as seen.
func (r *Refiner) Threshold() float32 { return r.threshold }

// Close waits for running calls, then frees the model.
func (r *Refiner) Close() error { return r.session.close() }

// Refine scores clips, best of the first stage first, against a text. It goes
// through them in their order and stops at `until` (zero: never), but not before
// some are done: the result may be shorter than clips, and those left out keep
// their order below it. A clip's score doesn't depend on the others.
//
// Errors are ErrInput for a clip that doesn't fit the pack, ErrNoWords, ctx's
// error, ErrClosed, or what the runtime says.
func (r *Refiner) Refine(ctx context.Context, text string, clips []RefineClip, until time.Time) ([]RefinedClip, error) {
	m := r.encoder.pack.manifest
	for i := range clips {
		if err := clips[i].check(m.Tokens, m.Dims); err != nil {
			return nil, fmt.Errorf("refine: %w: clip %d: %w", ErrInput, i, err)
		}
	}
	t, err := r.encoder.EncodeText(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("refine: %w", err)
	}
	if len(t.Tokens) != len(t.IDs) {
		return nil, fmt.Errorf("refine: %w: the text model gives no tokens", ErrModel)
	}
	w := r.weigh(t)
	out := make([]RefinedClip, len(clips))
	for at := 0; at < len(clips); at += refineChunk {
		if at > 0 && !until.IsZero() && !r.now().Before(until) {
			return out[:at], nil
		}
		end := min(at+refineChunk, len(clips))
		if err := r.chunk(ctx, &w, clips[at:end], out[at:end]); err != nil {
			return nil, fmt.Errorf("refine: %w", err)
		}
	}
	return out, nil
}

// chunk scores clips, those of about equal length in one run.
func (r *Refiner) chunk(ctx context.Context, w *refineWords, clips []RefineClip, out []RefinedClip) error {
	byLength := map[int][]int{}
	for i, c := range clips {
		if c.TokenRows == 0 {
			out[i].Score = c.FirstStage
			continue
		}
		n := (c.TokenRows + refineStep - 1) / refineStep * refineStep
		byLength[n] = append(byLength[n], i)
	}
	for n, chosen := range byLength {
		if err := r.run(ctx, w, clips, chosen, n, out); err != nil {
			return err
		}
	}
	return nil
}

// run scores the chosen clips, each padded to n token rows.
func (r *Refiner) run(ctx context.Context, w *refineWords, clips []RefineClip, chosen []int, n int, out []RefinedClip) (err error) {
	m := r.encoder.pack.manifest
	k, l, t, d := len(chosen), len(w.weights), m.Tokens.Dims, m.Dims
	visual, mask := make([]float32, k*n*t), make([]float32, k*n)
	vectors, first, hub := make([]float32, k*d), make([]float32, k), make([]float32, k)
	for row, i := range chosen {
		c := &clips[i]
		for j, v := range c.Tokens {
			visual[row*n*t+j] = float32(v) * c.TokenScale
		}
		for j := range c.TokenRows {
			mask[row*n+j] = 1
		}
		copy(vectors[row*d:], c.Vector)
		first[row], hub[row] = c.FirstStage, c.Hub
	}
	var inputs []ort.Value
	defer func() {
		for _, v := range inputs {
			_ = v.Destroy()
		}
	}()
	in := r.spec.Inputs
	for _, tensor := range []struct {
		name  string
		data  []float32
		shape []int64
	}{
		{in.WordTokens, w.tokens, []int64{int64(l), int64(t)}},
		{in.WordWeights, w.weights, []int64{int64(l)}},
		{in.Text, w.vector, []int64{int64(d)}},
		{in.VisualTokens, visual, []int64{int64(k), int64(n), int64(t)}},
		{in.VisualMask, mask, []int64{int64(k), int64(n)}},
		{in.Vectors, vectors, []int64{int64(k), int64(d)}},
		{in.FirstStage, first, []int64{int64(k)}},
		{in.Hub, hub, []int64{int64(k)}},
	} {
		if tensor.name == "" {
			continue
		}
		v, err := ort.NewTensor(ort.NewShape(tensor.shape...), tensor.data)
		if err != nil {
			return err
		}
		inputs = append(inputs, v)
	}
	got, err := r.session.run(ctx, inputs...)
	if err != nil {
		return err
	}
	for i, want := range [][]int64{{int64(k)}, {int64(k), int64(l)}, {int64(k), int64(l), int64(n)}} {
		if !got[i].has(want...) {
			return fmt.Errorf("output %s is %v, expected %v", r.session.outputs[i], got[i].shape, want)
		}
	}
	score, support, attention := got[0].data, got[1].data, got[2].data
	for row, i := range chosen {
		if !finite(score[row]) {
			return fmt.Errorf("%w: output %s is %v", ErrModel, r.spec.Outputs.Score, score[row])
		}
		out[i] = r.judge(w, score[row], support[row*l:(row+1)*l], attention[row*l*n:(row+1)*l*n], n, clips[i].TokenRows)
		if r.spec.Identity {
			out[i].Score = clips[i].FirstStage
		}
	}
	return nil
}
