package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/asticode/go-astiav"

	"github.com/gembahq/gemba/agent/frame"
)

// FrameAt returns the frame that is shown at a media time: the last one whose
// Offset (as Reader gives it) is not later. Before the first frame that is the
// first, after the end the last. shortSide is as in Options. The frame belongs
// to no pool.
func FrameAt(ctx context.Context, url string, at time.Duration, shortSide int) (*frame.Frame, error) {
	c, err := openCursor(ctx, url)
	if err != nil {
		return nil, err
	}
	defer c.close()
	if err := c.in.decodable(); err != nil {
		return nil, wrap("open", c.in.name, err)
	}
	f, err := c.frameAt(ctx, max(at, 0), shortSide)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, wrap("read", c.in.name, err)
	}
	return f, nil
}

func (c *cursor) frameAt(ctx context.Context, at time.Duration, shortSide int) (*frame.Frame, error) {
	if err := c.begin(ctx); err != nil {
		return nil, errors.Unwrap(err)
	}
	// A millisecond of grace, for times that were rounded on their way.
	at += time.Millisecond
	for back := time.Duration(0); ; back = max(2*back, time.Second/2) {
		start, err := c.position(ctx, at-back)
		if err != nil {
			return nil, err
		}
		f, err := c.decodeTo(ctx, at, shortSide)
		if err != nil {
			return nil, err
		}
		// Containers without stamps of showing, and damage, may let the key
		// frame before the time be shown after it.
		if f.Offset <= at || start <= 0 || back > at {
			return f, nil
		}
	}
}

// decodeTo decodes from the current position on and returns the last frame
// shown at or before a media time, or the first of all.
func (c *cursor) decodeTo(ctx context.Context, at time.Duration, shortSide int) (*frame.Frame, error) {
	dec, err := newDecoder(c.in, Options{})
	if err != nil {
		return nil, err
	}
	defer dec.free()
	held := astiav.AllocFrame()
	if held == nil {
		return nil, errors.New("out of memory for a picture")
	}
	defer held.Free()

	var (
		about  facts
		shown  time.Duration
		have   bool
		places = offsets{ticks: c.in.ticks, base: c.pkts.base, step: c.in.frameStep()}
	)
	for !have || shown <= at {
		pic, err := dec.next(ctx, c.pkts)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		offset, ok := places.next(dec.facts.stamp())
		if !ok {
			continue
		}
		if have && offset > at {
			break
		}
		// The picture must outlive the decoder's next.
		held.Unref()
		held.MoveRef(pic)
		about, shown, have = dec.facts, offset, true
	}
	if !have {
		if dec.lastError != nil {
			return nil, fmt.Errorf("%w: %w", ErrNoFrame, dec.lastError)
		}
		return nil, ErrNoFrame
	}
	s := newScaler(c.in, shortSide, nil)
	defer s.free()
	f, err := s.scale(held, &about)
	if err != nil {
		return nil, err
	}
	f.Offset, f.Key = shown, about.key()
	return f, nil
}
