package tune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gembahq/gemba/agent/tune/head"
)

// ErrTooFewGrades is returned where there is nothing to learn from yet.
var ErrTooFewGrades = errors.New("too few graded pairs to learn from")

// Result is what training gave.
type Result struct {
	Head *head.Params[float32] // the best epoch by the questions kept for choosing
	// Epoch is which one that was, 0 the start; Epochs how many were run.
	Epoch, Epochs int
	Resumed       bool // it went on from a checkpoint
	OutOfTime     bool // the budget ended it
	Losses        []float64
	Choosing      []float64 // nDCG on the questions kept for choosing: at the start, then by epoch
	Counts        Counts
	Verdict       Verdict
}

// trainer is one run.
type trainer struct {
	data    *Dataset
	options Options
	crew    *crew

	params    *head.Params[float32]
	gradients [shards]*head.Params[float32]
	state     state
}

// state is what a checkpoint keeps beside the parameters.
type state struct {
	Epoch    int       `json:"epoch"` // running
	Batch    int       `json:"batch"` // of it, next to do
	Step     int       `json:"step"`
	Best     int       `json:"best"`
	Losses   []float64 `json:"losses"`
	Choosing []float64 `json:"choosing"`
	Partial  float64   `json:"partial"` // sum of losses of the running epoch
	Spent    float64   `json:"spent"`   // seconds

	adam adamW
	best []float32
}

// Run trains a head on graded pairs and judges it against Start. Runs with the
// same data, options and seed give the same head, whether or not they were
// interrupted and went on from their checkpoint. A time budget that ends a run
// is the one exception. The head in Start is not changed.
func Run(ctx context.Context, d *Dataset, o Options) (*Result, error) {
	o.setDefaults(d)
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := o.fit(d); err != nil {
		return nil, err
	}
	if d.Counts.Train == 0 || !d.learnable() {
		return nil, fmt.Errorf("%w: %d grades of %d questions, of which %d have clips of different grades in the part to learn from; grade more clips, also ones that do not fit", ErrTooFewGrades, d.Counts.Grades, d.Counts.Questions, d.Counts.Questions-d.Counts.NoContrast)
	}
	t := &trainer{data: d, options: o, crew: newCrew(), params: o.fresh()}
	defer t.crew.close()
	for i := range t.gradients {
		t.gradients[i] = head.NewParams[float32](o.Config)
	}
	t.state = state{adam: newAdamW(len(t.params.Values)), best: append([]float32(nil), t.params.Values...)}
	resumed, err := t.resume()
	if err != nil {
		return nil, err
	}
	if !resumed {
		t.state.Choosing = []float64{t.choosing()}
	}
	outOfTime, err := t.epochs(ctx)
	if err != nil {
		return nil, err
	}
	r := &Result{
		Head: head.NewParams[float32](o.Config), Epoch: t.state.Best, Epochs: len(t.state.Losses), Resumed: resumed, OutOfTime: outOfTime,
		Losses: t.state.Losses, Choosing: t.state.Choosing, Counts: d.Counts,
	}
	copy(r.Head.Values, t.state.best)
	r.Verdict, err = t.judge(r.Head)
	return r, err
}

// fit checks that the tokens fit the head and makes steps small enough for the
// memory allowed.
func (o *Options) fit(d *Dataset) error {
	var fixed int64
	rows, words := 0, 0
	for _, q := range d.Questions {
		if err := q.query.Check(o.Config); err != nil {
			return fmt.Errorf("question %q: %w", q.Text, err)
		}
		words = max(words, q.query.Valid)
		for _, p := range q.pairs {
			if err := d.clip(p).Check(o.Config); err != nil {
				return fmt.Errorf("a clip graded for %q: %w", q.Text, err)
			}
			rows = max(rows, d.clips[p.clip].Tokens.Rows)
		}
	}
	for _, f := range d.clips {
		fixed += int64(len(f.Tokens.Data) + 4*len(f.Vector) + 4*len(f.Plain))
	}
	// Parameters, their gradients by shard, both means, the best and a checkpoint's copy.
	fixed += int64(4 * (4 + shards + 8) * len(head.NewParams[float32](o.Config).Values))
	c := o.Config
	perToken := int64(4 * (3*c.VisualDims + 16*c.Inner + 8*c.Hidden + 3*c.Heads*words))
	perPair := 2 * (int64(rows+1)*perToken + int64(4*words*(3*c.TextDims+8*c.Inner)))
	room := (o.Memory - fixed) / perPair / 2 // the collector lets twice as much lie around
	if room < 2 {
		return fmt.Errorf("tune: %d MiB are too little for a head of this size on %d clips: at least %d MiB are needed", o.Memory>>20, len(d.clips), (fixed+4*perPair)>>20+1)
	}
	o.BatchPairs, o.PairsAtOnce = int(min(int64(o.BatchPairs), room)), int(min(int64(o.PairsAtOnce), room))
	return nil
}

// fresh is where training starts.
func (o *Options) fresh() *head.Params[float32] {
	if o.Start != nil && o.Start.Config == o.Config {
		return head.Convert[float32](o.Start)
	}
	p := head.NewParams[float32](o.Config)
	p.Init(o.Seed)
	if o.Start != nil { // the plain terms fit every size
		*p.Support, *p.Hub = *o.Start.Support, *o.Start.Hub
	}
	return p
}

// learnable reports whether any question to learn from has contrast.
func (d *Dataset) learnable() bool {
	for i := range d.Questions {
		if d.Questions[i].Part == Train && d.Questions[i].contrast() {
			return true
		}
	}
	return false
}

// epochs trains until the last epoch, the end of the time allowed, or ctx is done.
func (t *trainer) epochs(ctx context.Context) (outOfTime bool, err error) {
	began, spent := t.options.now(), t.state.Spent
	// How many steps there are depends on the shuffle, so each epoch counts as
	// the longest it can be; the schedule runs by share of epochs.
	for t.state.Epoch < t.options.Epochs {
		batches := t.data.batches(t.options.Seed, t.state.Epoch, t.options.BatchPairs, t.options.PairsAtOnce)
		for t.state.Batch < len(batches) {
			if err := ctx.Err(); err != nil {
				return false, errors.Join(fmt.Errorf("training was interrupted: %w", err), t.save())
			}
			t.state.Spent = spent + t.options.now().Sub(began).Seconds()
			if t.options.Time > 0 && t.state.Spent >= t.options.Time.Seconds() {
				return true, nil
			}
			loss, err := t.step(batches)
			if err != nil {
				return false, err
			}
			t.state.Partial += loss
			t.state.Batch++
			t.state.Step++
			if t.state.Batch < len(batches) && t.state.Step%t.options.CheckpointEvery == 0 {
				if err := t.save(); err != nil {
					return false, err
				}
			}
			if t.options.Progress != nil {
				t.options.Progress(Progress{t.state.Epoch + 1, t.options.Epochs, t.state.Step, len(batches) * t.options.Epochs, loss})
			}
		}
		t.endEpoch(len(batches))
		if err := t.save(); err != nil {
			return false, err
		}
	}
	return false, nil
}

// endEpoch keeps the parameters where they answer the questions kept for
// choosing better than before. Without such questions the last epoch is kept.
func (t *trainer) endEpoch(batches int) {
	s := &t.state
	s.Losses = append(s.Losses, s.Partial/float64(batches))
	ndcg := t.choosing()
	s.Epoch, s.Batch, s.Partial = s.Epoch+1, 0, 0
	if best := s.Choosing[s.Best]; math.IsNaN(ndcg) || ndcg < 0 || ndcg > best {
		s.Best = s.Epoch
		copy(s.best, t.params.Values)
	}
	s.Choosing = append(s.Choosing, ndcg)
	t.options.Logger.Info("epoch of tuning", "epoch", s.Epoch, "loss", s.Losses[s.Epoch-1], "ndcg_choosing", ndcg)
}

// step learns from one batch.
func (t *trainer) step(batches [][]sample) (float64, error) {
	batch := batches[t.state.Batch]
	tapes := make([]*head.Tape[float32], len(batch))
	var errs [shards]error
	t.crew.do(func(shard int) {
		for i := shard; i < len(batch); i += shards {
			var drop *head.Dropout
			if t.options.Dropout > 0 {
				drop = &head.Dropout{Rate: t.options.Dropout, Rand: rand.New(rand.NewPCG(t.options.Seed^0x64726f70, uint64(t.state.Step)<<20|uint64(i)))}
			}
			tape, err := t.params.Train(t.data.Questions[batch[i].question].query, t.data.clip(batch[i].pair), drop)
			if err != nil {
				errs[shard] = err
				return
			}
			tapes[i] = tape
		}
	})
	if err := errors.Join(errs[:]...); err != nil {
		return 0, err
	}
	scores := make([]float32, len(batch))
	for i, tape := range tapes {
		if scores[i] = tape.Score; scores[i] != scores[i] || math.IsInf(float64(scores[i]), 0) {
			return 0, fmt.Errorf("tune: a score is no longer finite at step %d: train with a lower rate", t.state.Step)
		}
	}
	loss, slopes, terms := t.options.Loss.gradedLoss(batch, scores)
	if terms == 0 {
		return 0, nil // nothing to compare in this batch
	}
	t.crew.do(func(shard int) {
		clear(t.gradients[shard].Values)
		for i := shard; i < len(batch); i += shards {
			if slopes[i] != 0 {
				tapes[i].Backward(t.gradients[shard], slopes[i])
			}
		}
	})
	sum := t.gradients[0]
	for _, g := range t.gradients[1:] {
		for i, v := range g.Values {
			sum.Values[i] += v
		}
	}
	for _, v := range sum.Values {
		if v != v || math.IsInf(float64(v), 0) {
			return 0, fmt.Errorf("tune: a gradient is no longer finite at step %d: train with a lower rate", t.state.Step)
		}
	}
	// The first epoch warms up.
	factor := schedule(t.state.Epoch*1000+t.state.Batch*1000/len(batches), 1000, t.options.Epochs*1000)
	t.state.adam.step(t.params, sum, func(k head.Kind) float64 {
		if k == head.Scalar {
			return factor * t.options.RateScalars
		}
		return factor * t.options.Rate
	}, t.options.Decay)
	return loss, nil
}
