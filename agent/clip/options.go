package clip

import (
	"fmt"
	"time"
)

// The ranges and defaults of Options.
const (
	DefaultWindow          = 4 * time.Second
	MinWindow              = 2 * time.Second
	MaxWindow              = 10 * time.Second
	DefaultMaxFrames       = 8
	MaxMaxFrames           = 64
	DefaultStillEvery      = time.Minute
	DefaultMotionThreshold = 0.002
)

// Options say how to cut. The zero value of each field means its default.
type Options struct {
	// Window is the nominal length of a clip with motion, MinWindow to
	// MaxWindow. A clip may be as short as half of it where motion begins or
	// ends, and as short as a second where the scene changes at once.
	Window time.Duration
	// MaxFrames is the largest number of frames a clip keeps, 1 to
	// MaxMaxFrames.
	MaxFrames int
	// StillEvery is the longest stretch without motion that one clip stands
	// for; at least Window.
	StillEvery time.Duration
	// MotionThreshold is the share of the picture (0 to 1, 1 excluded) that
	// has to change between two looks to count as motion.
	MotionThreshold float64
}

func (o Options) withDefaults() (Options, error) {
	if o.Window == 0 {
		o.Window = DefaultWindow
	}
	if o.MaxFrames == 0 {
		o.MaxFrames = DefaultMaxFrames
	}
	if o.StillEvery == 0 {
		o.StillEvery = max(DefaultStillEvery, o.Window)
	}
	if o.MotionThreshold == 0 {
		o.MotionThreshold = DefaultMotionThreshold
	}
	switch {
	case o.Window < MinWindow || o.Window > MaxWindow:
		return o, fmt.Errorf("clip window %v: must be %v to %v", o.Window, MinWindow, MaxWindow)
	case o.MaxFrames < 1 || o.MaxFrames > MaxMaxFrames:
		return o, fmt.Errorf("%d frames a clip: must be 1 to %d", o.MaxFrames, MaxMaxFrames)
	case o.StillEvery < o.Window:
		return o, fmt.Errorf("one clip of a still scene every %v: must be at least the window, %v", o.StillEvery, o.Window)
	case !(o.MotionThreshold > 0 && o.MotionThreshold < 1):
		return o, fmt.Errorf("motion threshold %v: must be above 0 and below 1", o.MotionThreshold)
	}
	return o, nil
}
