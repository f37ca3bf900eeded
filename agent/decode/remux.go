package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/asticode/go-astiav"
)

// Remux copies the part of a source between two media times into an MP4 that
// browsers play and seek in before it is loaded: nothing is re-encoded, the
// index comes first. The part begins at the key frame at or before from, with
// stamp 0, and ends after to. offset is how far into the result from lies.
// Sound is kept if it is AAC.
//
// The result is written beside dst under another name and renamed when it is
// complete; an error leaves dst as it was. ErrNotPlayable if no browser plays
// the codec.
func Remux(ctx context.Context, src string, from, to time.Duration, dst string) (offset time.Duration, err error) {
	from = max(from, 0)
	if to < from {
		return 0, fmt.Errorf("cut %s: the end, %v, lies before the start, %v", redact(src), to, from)
	}
	c, err := openCursor(ctx, src)
	if err != nil {
		return 0, err
	}
	defer c.close()
	if err := c.in.playable(); err != nil {
		return 0, wrap("cut", c.in.name, err)
	}
	offset, err = c.remux(ctx, from, to, dst, true)
	if err != nil && ctx.Err() == nil && len(c.also) > 0 {
		// Sound that does not fit is no reason to show nothing.
		if err = c.restart(ctx); err == nil {
			offset, err = c.remux(ctx, from, to, dst, false)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return 0, wrap("cut", c.in.name, err)
	}
	return offset, nil
}

// playable returns ErrNotPlayable unless browsers play the video in an MP4.
func (in *input) playable() error {
	switch id := in.video.CodecParameters().CodecID(); id {
	case astiav.CodecIDH264, astiav.CodecIDHevc, astiav.CodecIDVp9, astiav.CodecIDAv1:
		if (in.raw() || in.container() == "avi") && in.delay() > 0 {
			return fmt.Errorf("%w: this %s does not say when its pictures are shown, and they are not stored in that order", ErrNotPlayable, in.container())
		}
		return nil
	default:
		return fmt.Errorf("%w: it is %s", ErrNotPlayable, id.Name())
	}
}

func (c *cursor) remux(ctx context.Context, from, to time.Duration, dst string, sound bool) (time.Duration, error) {
	c.also = nil
	if sound {
		c.also = c.in.aac()
	}
	if err := c.begin(ctx); err != nil {
		return 0, errors.Unwrap(err)
	}
	start, err := c.position(ctx, from+time.Millisecond)
	if err != nil {
		return 0, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(dst), ".cut-*.tmp")
	if err != nil {
		return 0, err
	}
	tmp.Close()
	defer os.Remove(tmp.Name()) // no longer there after the rename
	w, err := newMP4Writer(tmp.Name(), c.in, c.also)
	if err != nil {
		return 0, err
	}
	if err := c.copy(ctx, w, to); err != nil {
		w.abort()
		return 0, err
	}
	if err := w.finish(); err != nil {
		return 0, err
	}
	if err := os.Rename(tmp.Name(), dst); err != nil {
		return 0, err
	}
	return max(from-start, 0), nil
}

// aac lists the first AAC track, if there is one.
func (in *input) aac() []int {
	for _, s := range in.fc.Streams() {
		if p := s.CodecParameters(); p.MediaType() == astiav.MediaTypeAudio && p.CodecID() == astiav.CodecIDAac && p.SampleRate() > 0 {
			return []int{s.Index()}
		}
	}
	return nil
}

// copy writes packets from the current position on until decoding reaches to.
func (c *cursor) copy(ctx context.Context, w *mp4Writer, to time.Duration) error {
	p := c.pkts
	if err := p.next(ctx); err != nil {
		return err
	}
	zero := p.stamp()
	if zero == noStamp {
		return errors.New("the footage has no time stamps")
	}
	end := addClamped(p.base, c.in.ticks.of(to))
	// Containers that store stamps of showing only (MKV): libav finds out the
	// others, but for the first few.
	next := subClamped(zero, int64(c.in.delay())*p.step)
	for {
		if p.pkt.StreamIndex() != c.in.index {
			if err := w.sound(p.pkt, p.repair.shift, zero); err != nil {
				return err
			}
		} else {
			at := p.pkt.Dts()
			if at == noStamp {
				at = p.stamp()
			}
			if at != noStamp && at > end && w.frames > 0 {
				return nil
			}
			// Pictures shown before the key frame need those before it.
			if s := p.stamp(); s != noStamp && s >= zero {
				if p.pkt.Dts() == noStamp {
					p.pkt.SetDts(min(next, s))
					next += p.step
				}
				if err := w.video(p.pkt, zero); err != nil {
					return err
				}
			}
		}
		for {
			if err := p.read(ctx); err != nil {
				if errors.Is(err, io.EOF) && w.frames > 0 {
					return nil
				}
				return err
			}
			if p.pkt.StreamIndex() != c.in.index || p.admit() {
				break
			}
		}
	}
}
