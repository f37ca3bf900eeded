package decode

import (
	"context"
	"sync"

	"github.com/gembahq/gemba/agent/frame"
)

// ahead decodes in a goroutine of its own, a few frames before they are asked
// for.
//
//	goroutine: Reader.next ──> frames (bounded) ──> Reader.Next
type ahead struct {
	frames chan *frame.Frame // closed after the last
	err    error             // why it ended; set before frames is closed
	cancel context.CancelCauseFunc
	done   chan struct{}
	once   sync.Once
}

func startAhead(r *Reader, n int) *ahead {
	ctx, cancel := context.WithCancelCause(context.Background())
	a := &ahead{frames: make(chan *frame.Frame, n), cancel: cancel, done: make(chan struct{})}
	go a.run(ctx, r)
	return a
}

func (a *ahead) run(ctx context.Context, r *Reader) {
	defer close(a.done)
	defer close(a.frames)
	for {
		f, err := r.next(ctx)
		if err != nil {
			a.err = err
			return
		}
		select {
		case a.frames <- f:
		case <-ctx.Done():
			f.Release()
			a.err = context.Cause(ctx)
			return
		}
	}
}

func (a *ahead) next(ctx context.Context) (*frame.Frame, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case f, ok := <-a.frames:
		if !ok {
			return nil, a.err
		}
		return f, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// close ends the goroutine and gives the frames back that nobody took.
func (a *ahead) close() {
	a.once.Do(func() {
		a.cancel(ErrClosed)
		for f := range a.frames {
			f.Release()
		}
		<-a.done
	})
}
