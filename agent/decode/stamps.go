package decode

import (
	"math"
	"math/bits"
	"time"
)

// noStamp is libav's mark for a missing time stamp.
const noStamp = math.MinInt64

// ticks converts between the stamps of a track and media time.
type ticks struct{ num, den int64 } // seconds per tick

func (k ticks) duration(t int64) time.Duration {
	return time.Duration(mulDiv(t, k.num*int64(time.Second), k.den))
}

func (k ticks) of(d time.Duration) int64 {
	return mulDiv(int64(d), k.den, k.num*int64(time.Second))
}

// mulDiv is a*b/c, rounded down, for b >= 0 and c > 0. What does not fit is
// cut off at the largest number: stamps are foreign bytes.
func mulDiv(a, b, c int64) int64 {
	if b < 0 || c <= 0 {
		return 0
	}
	neg := a < 0
	u := uint64(a)
	if neg {
		u = -u
	}
	quo := uint64(math.MaxInt64)
	if hi, lo := bits.Mul64(u, uint64(b)); hi < uint64(c) {
		var rem uint64
		quo, rem = bits.Div64(hi, lo, uint64(c))
		if neg && rem > 0 {
			quo++
		}
	}
	v := int64(min(quo, math.MaxInt64))
	if neg {
		return -v
	}
	return v
}

const (
	// slackBack is how far decoding stamps may go back without having jumped:
	// sloppy muxers.
	slackBack = time.Second
	// maxPause is the longest pause between packets of an indexed container
	// (MP4, MKV, AVI) that is taken for true: a time-lapse recorder.
	maxPause = 24 * time.Hour
	// maxStreamPause is the same for streams without an index (MPEG-TS, RTSP),
	// whose stamps start anew where two recordings meet.
	maxStreamPause = 10 * time.Minute
	// maxReorder is how far a picture may be shown after it is decoded.
	maxReorder = 20 * time.Second
)

// stampRepair makes the stamps of one track's packets continuous. It works in
// ticks and in decoding order.
//
// Where a stamp jumps, the packet is put one step after the one before. Only
// when the next packet agrees with the jump the rest of the track is moved for
// good; a single odd stamp changes nothing else.
type stampRepair struct {
	back, pause int64 // limits in ticks

	have    bool
	last    int64 // decoding stamp of the packet before, repaired
	step    int64 // usual distance
	shift   int64 // added to every stamp
	doubt   bool  // the packet before jumped
	alt     int64 // shift that would make its jump true
	repairs int64
	jumps   int64 // shifts adopted
}

func newStampRepair(k ticks, pause time.Duration) *stampRepair {
	return &stampRepair{back: max(k.of(slackBack), 1), pause: max(k.of(pause), 1), step: max(k.of(40*time.Millisecond), 1)}
}

// fix returns the packet's stamps repaired. Missing ones stay missing.
func (r *stampRepair) fix(pts, dts int64) (int64, int64) {
	at := dts
	if at == noStamp {
		at = pts
	}
	if at == noStamp {
		return pts, dts
	}
	pts, dts, at = limited(pts), limited(dts), limited(at)
	if !r.have {
		r.have, r.last = true, at
		return pts, dts
	}
	shift := r.shift
	switch {
	case r.plausible(at, shift):
		r.doubt = false
	case r.doubt && r.plausible(at, r.alt):
		r.shift, shift, r.doubt = r.alt, r.alt, false
		r.jumps++
	default:
		// One step on from the packet before, and the same shift on trial.
		shift = subClamped(r.last+r.step, at)
		r.alt, r.doubt = shift, true
		r.repairs++
	}
	now := addClamped(at, shift)
	if d := now - r.last; d > 0 && !r.doubt {
		r.step += (min(d, 4*r.step) - r.step) / 8
		r.step = max(r.step, 1)
	}
	r.last = now
	return shifted(pts, shift), shifted(dts, shift)
}

func (r *stampRepair) plausible(at, shift int64) bool {
	d := subClamped(addClamped(at, shift), r.last)
	return d >= -r.back && d <= r.pause
}

func shifted(t, by int64) int64 {
	if t == noStamp {
		return t
	}
	return addClamped(t, by)
}

// limited keeps foreign stamps so small that no shift of them is cut off.
func limited(t int64) int64 {
	if t == noStamp {
		return t
	}
	return min(max(t, -stampLimit/8), stampLimit/8)
}

// Stamps are kept within a quarter of the range of int64, so that differences
// of two cannot overflow.
const stampLimit = math.MaxInt64 / 4

func clamp(t int64) int64         { return min(max(t, -stampLimit), stampLimit) }
func addClamped(a, b int64) int64 { return clamp(clamp(a) + clamp(b)) }
func subClamped(a, b int64) int64 { return clamp(clamp(a) - clamp(b)) }

// offsets turns the presentation stamps of decoded frames, in the order they
// are shown, into offsets that always grow.
type offsets struct {
	ticks   ticks
	base    int64 // stamp of offset 0
	have    bool
	last    time.Duration
	step    time.Duration
	repairs int64
}

// maxOffset is longer than any footage; what lies beyond is nonsense.
const maxOffset = time.Duration(1) << 61

// at returns the offset of a stamp, which may lie before 0.
func (o *offsets) at(stamp int64) time.Duration {
	return min(o.ticks.duration(subClamped(stamp, o.base)), maxOffset)
}

// next returns the offset of the next frame. ok is false for frames that lie
// before offset 0: leading pictures that refer to what came before the file.
func (o *offsets) next(stamp int64) (at time.Duration, ok bool) {
	switch {
	case stamp == noStamp:
		at = 0
		if o.have {
			at = o.last + o.step
		}
		o.repairs++
	default:
		at = o.at(stamp)
		if at < 0 {
			return 0, false
		}
		if o.have && at <= o.last {
			// A millisecond, not a step: else a single repeated stamp would
			// push every later frame ahead of its own.
			at = o.last + time.Millisecond
			o.repairs++
		} else if o.have {
			o.step += (min(at-o.last, 4*o.step) - o.step) / 8
		}
	}
	o.have, o.last = true, at
	return at, true
}
