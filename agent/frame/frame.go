package frame

import (
	"sync/atomic"
	"time"
)

// Frame is one decoded picture: upright, square pixels, RGB.
//
// A frame from a Pool is reference counted. Whoever gets it owns one
// reference and gives it back with Release; whoever keeps it longer than the
// call that handed it over takes an own one with Retain. After its last
// Release the pixels belong to the next picture: nothing of the frame may be
// touched. Pixels are written once, by the producer, and only read afterwards.
//
// A frame made by hand (no Pool) is left to the garbage collector: Retain and
// Release do nothing.
type Frame struct {
	// Pix holds the picture as RGB, 3 bytes a pixel, Height rows of exactly
	// 3*Width bytes, top row first.
	Pix []byte
	// Width and Height are in pixels.
	Width, Height int
	// Offset is the media time since the first frame of the source. It never
	// goes back within a source, whatever the stamps in the footage did.
	Offset time.Duration
	// Time is the moment the picture was taken (UTC); zero while the source
	// has no mapping from media time to the clock.
	Time time.Time
	// Key tells that the footage holds this frame as a key frame.
	Key bool

	pool *Pool
	refs atomic.Int32
}

// Retain takes one more reference.
func (f *Frame) Retain() {
	if f == nil || f.pool == nil {
		return
	}
	f.refs.Add(1)
}

// Release gives one reference back. The last one returns the pixels to the
// pool. A Release too many is ignored as long as the frame has not been handed
// out again.
func (f *Frame) Release() {
	if f == nil || f.pool == nil {
		return
	}
	for {
		n := f.refs.Load()
		if n <= 0 {
			return
		}
		if f.refs.CompareAndSwap(n, n-1) {
			if n == 1 {
				f.pool.put(f)
			}
			return
		}
	}
}

// Valid reports whether Pix has the size that Width and Height promise.
func (f *Frame) Valid() bool {
	return f != nil && f.Width > 0 && f.Height > 0 && len(f.Pix) == 3*f.Width*f.Height
}
