package agent

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gembahq/gemba/agent/clip"
	"github.com/gembahq/gemba/agent/encode"
)

// drainTime is how long a cancelled run may take to finish what was cut.
const drainTime = 20 * time.Second

// item is what travels between the stages: a clip of a job, or its end.
type item struct {
	job  *job
	clip clip.Clip
	end  bool
	// Set by the encode stage.
	embedding encode.ClipEmbedding
}

// pipeline is one run of the three stages.
type pipeline struct {
	im     *Importer
	cut    chan item   // decode to encode
	batch  chan []item // encode to append
	source context.Context
	drain  context.Context
	fail   context.CancelCauseFunc // ends the source, because a later stage cannot go on
	broken error                   // the append stage's; read when it has ended
}

// run takes jobs until the channel is closed or ctx is done, and returns when
// everything that was cut is in the index. Its error is the store's; a producer
// that still has jobs must then stop by itself.
func (im *Importer) run(ctx context.Context, jobs <-chan *job) error {
	source, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	drain, stopDrain := context.WithCancel(context.WithoutCancel(ctx))
	defer stopDrain()
	// Once the source is told to stop, the rest has a bounded time.
	watch := context.AfterFunc(source, func() { time.AfterFunc(drainTime, stopDrain) })
	defer watch()

	p := &pipeline{
		im: im, cut: make(chan item, 2*im.Batch), batch: make(chan []item, 1),
		source: source, drain: drain, fail: fail,
	}
	sink := make(chan struct{})
	go func() { defer close(sink); p.append() }()
	go func() { defer close(p.batch); p.encode() }()
	var workers sync.WaitGroup
	for range im.Workers {
		workers.Go(func() { p.decode(jobs) })
	}
	workers.Wait()
	close(p.cut)
	<-sink
	if p.broken != nil {
		return p.broken
	}
	if cause := context.Cause(source); cause != nil && ctx.Err() == nil {
		return cause
	}
	return nil
}

// stopped tells why a stage gives up on a clip, if the run is ending.
func (p *pipeline) stopped() error {
	if cause := context.Cause(p.source); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errStopped
}
