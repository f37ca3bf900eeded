package clip

import (
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

const (
	// shortest is the least length of a clip at a change of scene, and of the
	// last clip of the footage where there is one before it to join.
	shortest = time.Second
	// settle is how long nothing must have moved for motion to have ended.
	settle = time.Second
	// longestStep is the longest wait for the next frame that is not a gap by
	// itself: cameras save bandwidth with key frames up to 20 s apart.
	longestStep = 30 * time.Second
	// longestUsual is the longest distance of frames that can become the usual
	// one: a source may send a picture a minute, and every wait is its step. Two
	// long breaks in a row are no such source.
	longestUsual = 2 * time.Minute
	// firstStep is assumed to follow a frame as long as there was only one.
	firstStep = time.Second
	// knownSteps is the number of frames after which the usual step is known
	// well enough to tell a gap of some seconds.
	knownSteps = 8
)

// Cutter cuts the frames of one source into clips. It is not safe for
// concurrent use.
//
//	             step, gap                  looks
//	Push(f) ──> in order? ──> low-res ──> motion, cut ──┬─> close the window ──> held back ──> []Clip
//	                                                    └─> keep f if a slot waits
//
// The window closed last is held back until the one after it is old enough to
// stand alone, because a tail shorter than a second joins it.
type Cutter struct {
	o       Options
	sampler sampler
	motion  motion
	thumbs  thumbnailer

	pic     lowRes
	cur     *window // nil before the first frame of a stretch
	held    *window // closed, not handed out yet; ends where cur starts
	spare   []*window
	last    time.Duration // offset of the last frame
	step    time.Duration // usual time from frame to frame
	steps   int
	dropped int64
}

// NewCutter returns a Cutter for one source. It refuses options out of range.
func NewCutter(o Options) (*Cutter, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Cutter{o: o, motion: motion{threshold: o.MotionThreshold}, step: firstStep, last: -1}, nil
}

// Push takes the next frame and returns the clips that it completes, mostly
// none. The caller keeps its reference to the frame and releases it after the
// call: the Cutter retains what it needs. The clips are the caller's; it
// releases each.
//
// Frames that are not valid, or whose Offset is negative or not after the last
// one, are left out and counted (Dropped).
func (c *Cutter) Push(f *frame.Frame) []Clip {
	if !f.Valid() || f.Offset < 0 || f.Offset <= c.last {
		c.dropped++
		return nil
	}
	at := f.Offset
	var out []Clip
	if c.cur != nil {
		step := at - c.last
		if c.isGap(step) {
			out = c.finish(out, c.last+min(c.step, c.o.Window))
			step = min(step, longestUsual)
		}
		c.learn(step)
	}
	c.last = at

	c.sampler.read(f, &c.pic)
	if c.cur == nil {
		c.motion.restart()
		c.motion.next(at, &c.pic, &c.pic)
		c.begin(f)
		return out
	}

	s := c.motion.next(at, &c.pic, &c.cur.ref)
	if c.boundary(at, s) {
		out = c.close(out, at)
		c.begin(f)
		if s.cut {
			// The jump from one scene to the next is nobody's motion.
			s.moving = false
			s.looked = false
		}
		c.cur.note(at, s)
		return out
	}
	c.cur.note(at, s)
	c.cur.offer(f, &c.pic)
	if c.held != nil && at-c.cur.start >= shortest {
		out = c.handOut(out)
	}
	return out
}

// Flush ends the footage and returns the clips that were still open. The end
// of the last one is estimated from the usual distance of the frames. The
// Cutter may be used again for frames with later offsets.
func (c *Cutter) Flush() []Clip {
	return c.FlushAt(c.last + min(c.step, c.o.Window))
}

// FlushAt is Flush for footage whose end is known, from its header for
// example. A header may lie: an end that is not after the last frame, or so
// late that frames must be missing, is replaced by an estimate.
func (c *Cutter) FlushAt(end time.Duration) []Clip {
	if c.cur == nil {
		return nil
	}
	if end <= c.last || end > c.last+max(c.o.Window, 2*c.step) {
		end = c.last + min(c.step, c.o.Window)
	}
	return c.finish(nil, end)
}

// Close drops everything that is still open.
func (c *Cutter) Close() {
	for _, w := range []*window{c.held, c.cur} {
		if w == nil {
			continue
		}
		for _, k := range w.kept {
			k.frame.Release()
		}
	}
	c.held, c.cur, c.spare = nil, nil, nil
}

// Dropped returns the number of frames that Push left out.
func (c *Cutter) Dropped() int64 { return c.dropped }

// boundary decides whether a new window begins with the frame at this time.
func (c *Cutter) boundary(at time.Duration, s seen) bool {
	age := at - c.cur.start
	switch {
	case s.cut && age >= shortest:
		return true
	case c.cur.moving:
		ended := s.looked && !s.moving && at-c.cur.lastMotion >= settle
		return age >= c.o.Window || ended && age >= c.o.Window/2
	case s.moving:
		// A window that was never looked at is not known to be still.
		return age >= c.o.Window || age >= c.o.Window/2 && c.cur.looks > 0
	case s.drifted:
		return age >= c.o.Window
	default:
		return age >= c.o.StillEvery
	}
}

// isGap tells whether the footage pauses for so long that no clip may span it.
func (c *Cutter) isGap(step time.Duration) bool {
	if step <= 2*c.o.Window {
		return false
	}
	if c.steps >= knownSteps && step > knownSteps*c.step {
		return true
	}
	return step > longestStep && step > 2*c.step
}

// learn follows the usual distance of the frames, slowly enough that single
// pauses do not matter.
func (c *Cutter) learn(step time.Duration) {
	if c.steps == 0 {
		c.step = step
	} else {
		c.step += (min(step, 4*c.step) - c.step) / 8
	}
	c.step = max(c.step, 1)
	c.steps++
}

func (c *Cutter) begin(f *frame.Frame) {
	if n := len(c.spare); n > 0 {
		c.cur, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		c.cur = &window{}
	}
	c.cur.begin(f, &c.pic, c.o)
}

// close ends the current window at the start of the next and holds it back.
func (c *Cutter) close(out []Clip, end time.Duration) []Clip {
	if c.held != nil {
		out = c.handOut(out)
	}
	c.cur.end = end
	c.held, c.cur = c.cur, nil
	return out
}

// finish ends the current window at the end of a stretch of footage and hands
// out everything.
func (c *Cutter) finish(out []Clip, end time.Duration) []Clip {
	c.cur.end = end
	if c.held != nil && end-c.cur.start < shortest {
		c.held.absorb(c.cur)
		c.spare = append(c.spare, c.cur)
		c.cur = nil
		return c.handOut(out)
	}
	out = c.close(out, end)
	return c.handOut(out)
}

func (c *Cutter) handOut(out []Clip) []Clip {
	out = append(out, c.held.clip(&c.thumbs))
	c.spare = append(c.spare, c.held)
	c.held = nil
	return out
}
