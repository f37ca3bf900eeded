package decode

import (
	"context"
	"errors"
	"io"
	"time"
)

// cursor finds places in a source by media time.
type cursor struct {
	address string
	in      *input
	pkts    *packets
	also    []int // tracks wanted beside the video
	seeks   bool  // places can be found by stamp
	moved   bool  // the position is no longer the first key frame
}

// openCursor opens the source and reads up to the first key frame, which fixes
// media time.
func openCursor(ctx context.Context, address string) (*cursor, error) {
	c := &cursor{address: address}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	c.seeks = c.in.indexed()
	if !c.seeks && c.in.local && !c.in.raw() {
		jumps, err := stampsJump(ctx, address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.seeks = !jumps
	}
	return c, nil
}

func (c *cursor) open(ctx context.Context) error {
	in, err := openInput(ctx, c.address, "")
	if err != nil {
		return err
	}
	c.in = in
	if c.pkts, err = newPackets(in); err != nil {
		c.close()
		return wrap("open", in.name, err)
	}
	return nil
}

// begin reads up to the first key frame, once the tracks have been chosen.
func (c *cursor) begin(ctx context.Context) error {
	c.pkts.only(false, c.also...)
	err := c.pkts.next(ctx)
	if errors.Is(err, io.EOF) {
		err = ErrNoFrame
	}
	if err != nil {
		return wrap("read", c.in.name, err)
	}
	c.pkts.unread()
	c.moved = false
	return nil
}

func (c *cursor) close() {
	if c.pkts != nil {
		c.pkts.free()
	}
	if c.in != nil {
		c.in.close()
	}
}

// restart opens the source anew, at its first key frame.
func (c *cursor) restart(ctx context.Context) error {
	c.close()
	if err := c.open(ctx); err != nil {
		return err
	}
	return c.begin(ctx)
}

// media is the media time of a stamp.
func (c *cursor) media(stamp int64) time.Duration {
	return c.in.ticks.duration(subClamped(stamp, c.pkts.base))
}

// position goes to the last key frame shown at or before a media time, or the
// first of all if there is none: the next packet is its. It returns its media
// time.
func (c *cursor) position(ctx context.Context, at time.Duration) (time.Duration, error) {
	target := addClamped(c.pkts.base, c.in.ticks.of(at))
	if c.moved && !c.seeks {
		if err := c.restart(ctx); err != nil {
			return 0, err
		}
	}
	c.moved = true
	if c.seeks {
		start, err := c.approach(ctx, target)
		if err == nil {
			if key, err := c.lastKey(ctx, target); err == nil {
				if err := c.pkts.seek(start); err == nil && c.skipTo(ctx, key) == nil {
					return c.media(key), nil
				}
			}
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
		// Not every file can be searched, whatever its container promises.
		if err := c.restart(ctx); err != nil {
			return 0, err
		}
	}
	key, err := c.lastKey(ctx, target)
	if err != nil {
		return 0, err
	}
	if err := c.restart(ctx); err != nil {
		return 0, err
	}
	c.moved = true
	if err := c.skipTo(ctx, key); err != nil {
		return 0, err
	}
	if key == noStamp {
		return 0, nil
	}
	return max(c.media(key), 0), nil
}

// approach seeks to a key frame at or before the target and returns where it
// sought. Containers find places by decoding order, by index entries or by
// bisection, so the first try may come out too late.
func (c *cursor) approach(ctx context.Context, target int64) (int64, error) {
	for back := time.Duration(0); ; back = max(2*back, time.Second) {
		to := max(subClamped(target, c.in.ticks.of(back)), c.pkts.base)
		if err := c.pkts.seek(to); err != nil {
			return 0, err
		}
		if err := c.pkts.next(ctx); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		} else if err == nil {
			if at := c.pkts.stamp(); at != noStamp && at <= target {
				c.pkts.unread()
				return to, nil
			}
		}
		if to <= c.pkts.base {
			return 0, ErrNoFrame
		}
	}
}

// lastKey reads on and returns the stamp of the last key frame shown at or
// before the target; of the first one met if all come later.
func (c *cursor) lastKey(ctx context.Context, target int64) (int64, error) {
	key := int64(noStamp)
	first := true
	limit := addClamped(target, c.in.ticks.of(maxReorder))
	for {
		err := c.pkts.next(ctx)
		if errors.Is(err, io.EOF) && !first {
			return key, nil
		}
		if err != nil {
			return 0, err
		}
		at := c.pkts.stamp()
		if c.pkts.key() || first {
			if first || at != noStamp && at <= target {
				key = at
			} else if at != noStamp && at > target {
				return key, nil
			}
			first = false
		}
		if dts := c.pkts.pkt.Dts(); dts != noStamp && dts > limit {
			return key, nil
		}
	}
}

// skipTo reads on until the packet with the stamp is the next.
func (c *cursor) skipTo(ctx context.Context, stamp int64) error {
	for {
		if err := c.pkts.next(ctx); err != nil {
			return err
		}
		if stamp == noStamp || c.pkts.stamp() == stamp {
			c.pkts.unread()
			return nil
		}
	}
}
