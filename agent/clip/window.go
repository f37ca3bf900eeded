package clip

import (
	"math"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// slack is how much too early a frame may be for its slot: media times are
// rounded to the ticks of the footage.
const slack = time.Millisecond

// kept is a frame that may become part of the clip.
type kept struct {
	frame *frame.Frame
	pic   lowRes
	sharp float64
}

// window is a clip in the making. It keeps at most max frames at any time,
// one for each slot of spacing; when a window outgrows its slots every other
// frame is let go and the slots become twice as long.
type window struct {
	start, end time.Duration
	ref        lowRes // picture at start
	moving     bool
	lastMotion time.Duration
	diffSum    float64 // of the looks within the window
	looks      int

	max     int
	spacing time.Duration
	slot    int64 // of the last kept frame
	kept    []kept
}

// begin starts the window with its first frame. It reuses the window's memory.
func (w *window) begin(f *frame.Frame, pic *lowRes, o Options) {
	w.start, w.end = f.Offset, f.Offset
	w.ref = *pic
	w.moving, w.lastMotion = false, f.Offset
	w.diffSum, w.looks = 0, 0
	w.max = o.MaxFrames
	w.spacing = o.Window / time.Duration(o.MaxFrames)
	w.slot = 0
	w.kept = w.kept[:0]
	w.keep(f, pic)
}

// note adds what was seen at one frame.
func (w *window) note(at time.Duration, s seen) {
	if !s.looked {
		return
	}
	w.diffSum += s.diff
	w.looks++
	if s.moving {
		w.moving, w.lastMotion = true, at
	}
}

// offer keeps the frame if a slot is waiting for one.
func (w *window) offer(f *frame.Frame, pic *lowRes) {
	slot := w.slotOf(f.Offset)
	if slot <= w.slot {
		return
	}
	if len(w.kept) >= w.max {
		if !w.thin() {
			return
		}
		if slot = w.slotOf(f.Offset); slot <= w.slot {
			return
		}
	}
	w.slot = slot
	w.keep(f, pic)
}

func (w *window) slotOf(at time.Duration) int64 {
	return int64((at - w.start + slack) / w.spacing)
}

func (w *window) keep(f *frame.Frame, pic *lowRes) {
	f.Retain()
	w.kept = append(w.kept, kept{frame: f, pic: *pic, sharp: sharpness(f)})
}

// thin lets every other frame go. It reports whether there is room now.
func (w *window) thin() bool {
	n := len(w.kept)
	if n < 2 {
		return false
	}
	// Frames rarer than the slots: the slots follow the frames.
	actual := (w.kept[n-1].frame.Offset - w.start) / time.Duration(n-1)
	w.spacing = 2 * max(w.spacing, actual)
	for i, k := range w.kept {
		if i%2 == 0 {
			w.kept[i/2] = k
		} else {
			k.frame.Release()
		}
	}
	clear(w.kept[(n+1)/2:])
	w.kept = w.kept[:(n+1)/2]
	w.slot = w.slotOf(w.kept[len(w.kept)-1].frame.Offset)
	return true
}

// absorb appends a window that follows without a gap and is too short to be a
// clip of its own. That window gives its frames away.
func (w *window) absorb(tail *window) {
	w.kept = append(w.kept, tail.kept...)
	clear(tail.kept)
	tail.kept = tail.kept[:0]
	for len(w.kept) > w.max {
		w.dropOne()
	}
	w.end = tail.end
	w.moving = w.moving || tail.moving
	w.diffSum += tail.diffSum
	w.looks += tail.looks
}

// dropOne lets the frame go whose neighbours are closest to one another, but
// never the first.
func (w *window) dropOne() {
	at, least := len(w.kept)-1, time.Duration(math.MaxInt64)
	for i := 1; i+1 < len(w.kept); i++ {
		if d := w.kept[i+1].frame.Offset - w.kept[i-1].frame.Offset; d < least {
			at, least = i, d
		}
	}
	w.kept[at].frame.Release()
	copy(w.kept[at:], w.kept[at+1:])
	w.kept[len(w.kept)-1] = kept{}
	w.kept = w.kept[:len(w.kept)-1]
}

// clip hands the window's frames over as a clip.
func (w *window) clip(t *thumbnailer) Clip {
	c := Clip{
		Start:  w.start,
		End:    w.end,
		Frames: make([]*frame.Frame, len(w.kept)),
		Best:   best(w.kept),
		Still:  !w.moving,
	}
	for i, k := range w.kept {
		c.Frames[i] = k.frame
	}
	if w.looks > 0 {
		c.Motion = float32(w.diffSum / float64(w.looks) / 255)
	}
	c.Thumbnail = t.encode(c.Frames[c.Best])
	clear(w.kept)
	w.kept = w.kept[:0]
	return c
}
