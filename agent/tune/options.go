package tune

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index/vfs"
)

// Options say how to train. Zero fields take the defaults named beside them.
type Options struct {
	Config head.Config // sizes of a fresh head; zero: head.SmallConfig over the tokens given
	// Start is the head that answers now: training goes on from it where the
	// sizes agree, and it is what the candidate must beat. Nil: the first stage.
	Start *head.Params[float32]

	Loss        SMS     // zero: DefaultSMS
	Epochs      int     // 10
	BatchPairs  int     // 64 graded pairs a step, questions kept whole
	PairsAtOnce int     // 24 of one question's pairs in a step, drawn anew each epoch
	Rate        float64 // 3e-4: peak rate of weights
	RateScalars float64 // 1e-2: peak rate of gates and terms, which start at zero and are few
	Decay       float64 // 0.01, of weights alone
	Dropout     float64 // 0.1; below 0: none
	Seed        uint64

	Time   time.Duration // budget; 0: none. The best epoch so far stands when it ends.
	Memory int64         // bytes; 400 MiB. Steps are made smaller to stay within it.

	FS         vfs.FS // nil: the machine's
	Checkpoint string // file to go on from after a kill; "" keeps none
	// CheckpointEvery is how many steps lie between checkpoints: 20. The end of
	// each epoch is one too.
	CheckpointEvery int

	MinHeldOut int // 10: questions with a defined nDCG below which nothing is promoted

	Logger *slog.Logger
	// Progress, if set, is called after each step.
	Progress func(Progress)

	now func() time.Time
}

// Progress is how far training is.
type Progress struct {
	Epoch, Epochs int
	Step, Steps   int // of all epochs
	Loss          float64
}

func (o *Options) setDefaults(d *Dataset) {
	set := func(f *float64, v float64) {
		if *f == 0 {
			*f = v
		}
	}
	setInt := func(f *int, v int) {
		if *f == 0 {
			*f = v
		}
	}
	if o.Loss == (SMS{}) {
		o.Loss = DefaultSMS()
	}
	setInt(&o.Epochs, 10)
	setInt(&o.BatchPairs, 64)
	setInt(&o.PairsAtOnce, 24)
	setInt(&o.CheckpointEvery, 20)
	setInt(&o.MinHeldOut, 10)
	set(&o.Rate, 3e-4)
	set(&o.RateScalars, 1e-2)
	set(&o.Decay, 0.01)
	set(&o.Dropout, 0.1)
	o.Dropout = max(o.Dropout, 0)
	if o.Memory == 0 {
		o.Memory = 400 << 20
	}
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.now == nil {
		o.now = time.Now
	}
	if o.Config == (head.Config{}) {
		if o.Config = head.SmallConfig(); o.Start != nil {
			o.Config = o.Start.Config
		}
		if len(d.Questions) > 0 {
			q := d.Questions[0]
			o.Config.TextDims, o.Config.Embedding = q.query.Tokens.Cols, len(q.query.Vector)
			o.Config.VisualDims = d.clips[q.pairs[0].clip].Tokens.Dims
		}
	}
}

func (o *Options) check() error {
	if err := o.Config.Check(); err != nil {
		return err
	}
	if o.Epochs < 1 || o.BatchPairs < 2 || o.PairsAtOnce < 2 || o.CheckpointEvery < 1 || o.MinHeldOut < 1 {
		return fmt.Errorf("tune: epochs (%d), checkpoint steps (%d) and held-out questions (%d) must be at least 1, pairs a step (%d, %d) at least 2",
			o.Epochs, o.CheckpointEvery, o.MinHeldOut, o.BatchPairs, o.PairsAtOnce)
	}
	if !(o.Rate > 0 && o.Rate < 1) || !(o.RateScalars > 0 && o.RateScalars < 1) || !(o.Decay >= 0 && o.Decay < 1) || !(o.Dropout < 1) || !(o.Loss.Gamma > 0) || !(o.Loss.Tau >= 0) {
		return fmt.Errorf("tune: rates (%v, %v), decay (%v) and dropout (%v) must lie between 0 and 1, gamma (%v) above 0, tau (%v) not below", o.Rate, o.RateScalars, o.Decay, o.Dropout, o.Loss.Gamma, o.Loss.Tau)
	}
	return nil
}
