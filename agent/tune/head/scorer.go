package head

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// Scorer answers with a head, fast. It is safe for concurrent use; the
// parameters must not change any more.
type Scorer struct {
	params       *Params[float32]
	inV          packed
	outV, outT   packed
	visual, text packedStream
	work         sync.Pool // *workspace
}

type packedStream struct{ q, o, gate, up, down packed }

// NewScorer prepares parameters for answering.
func NewScorer(p *Params[float32]) *Scorer {
	stream := func(s Stream[float32]) packedStream {
		return packedStream{pack(s.Q), pack(s.O), pack(s.Gate), pack(s.Up), pack(s.Down)}
	}
	s := &Scorer{params: p, inV: pack(p.InV), outV: pack(p.OutV), outT: pack(p.OutT), visual: stream(p.Visual), text: stream(p.Text)}
	s.work.New = func() any { return new(workspace) }
	return s
}

// Config has the sizes of the head.
func (s *Scorer) Config() Config { return s.params.Config }

// Identity reports whether the head leaves every score as it is.
func (s *Scorer) Identity() bool { return s.params.Identity() }

// Result is the judgement of one pair.
type Result struct {
	Score     float32
	Support   []float32       // sup_k per word token, -1 to 1
	Attention Matrix[float32] // a_kn: where in the clip each word looked
}

// Score scores clips for a question. The score of a pair does not depend, to
// the last bit, on which others are scored with it.
func (s *Scorer) Score(q Query[float32], clips []Clip[float32]) ([]Result, error) {
	prepared, err := s.Prepare(q)
	if err != nil {
		return nil, err
	}
	return prepared.Score(clips)
}

// Prepared is a question whose side of the work is done.
type Prepared struct {
	scorer *Scorer
	query  Query[float32]
	words  Matrix[float32] // unit
	looks  packed          // words, as the support term multiplies cells with them

	keys, values []packed    // of the words, per head
	ask          [][]float32 // per head: what the end of text asks of a cell's x
	end          []float32   // y of the end of text, which the residual carries
}

// Prepare does what depends on the question alone.
func (s *Scorer) Prepare(q Query[float32]) (*Prepared, error) {
	c := s.params.Config
	if err := q.Check(c); err != nil {
		return nil, err
	}
	words := q.Tokens.first(q.Valid)
	r := &Prepared{scorer: s, query: q, words: unitRows(words)}
	r.looks = newPacked(c.TextDims, words.Rows, r.words.Data, c.TextDims, 1, nil)
	if s.params.BlockOff() {
		return r, nil
	}
	normed, _, _ := s.params.NormT.forward(words)
	y := s.params.InT.forward(normed)
	k, v := s.params.Visual.K.forward(y), s.params.Visual.V.forward(y)
	r.end = y.Row(q.End)
	asks := s.params.Text.Q.forward(Matrix[float32]{1, c.Inner, r.end}).Data
	width := c.Inner / c.Heads
	for h := range c.Heads {
		lo := h * width
		r.keys = append(r.keys, newPacked(width, words.Rows, k.Data[lo:], c.Inner, 1, nil))
		r.values = append(r.values, newPacked(words.Rows, width, v.Data[lo:], 1, c.Inner, nil))
		// q . (W x + b) = (W' q) . x + q . b, and what is the same for all cells
		// has no say after the softmax.
		ask := make([]float32, c.Inner)
		for o := lo; o < lo+width; o++ {
			axpy(ask, asks[o], s.params.Text.K.Weight[o*c.Inner:(o+1)*c.Inner])
		}
		r.ask = append(r.ask, ask)
	}
	return r, nil
}

// chunk is how many clips one goroutine takes at once. What has one row a clip
// is computed for all of them together.
const chunk = 8

// Score scores clips, on all processors.
func (r *Prepared) Score(clips []Clip[float32]) ([]Result, error) {
	var bad error
	for i := range clips {
		if err := clips[i].Check(r.scorer.params.Config); err != nil {
			bad = errors.Join(bad, err)
		}
	}
	if bad != nil {
		return nil, bad
	}
	out := make([]Result, len(clips))
	chunks := (len(clips) + chunk - 1) / chunk
	var next atomic.Int64
	work := func() {
		w := r.scorer.work.Get().(*workspace)
		defer r.scorer.work.Put(w)
		for {
			i := int(next.Add(1)-1) * chunk
			if i >= len(clips) {
				return
			}
			to := min(i+chunk, len(clips))
			r.chunk(w, clips[i:to], out[i:to])
		}
	}
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), chunks) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
	return out, nil
}
