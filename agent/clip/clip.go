package clip

import (
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// Clip is a window of one source.
type Clip struct {
	// Start is the media time of the clip's first frame, End the Start of the
	// clip that follows without a gap, or the moment the footage ends. The
	// clip of a still scene spans the whole stretch it stands for.
	Start, End time.Duration
	// Frames are at most Options.MaxFrames frames of [Start, End), in order,
	// about evenly spaced and never none. The clip owns a reference to each.
	Frames []*frame.Frame
	// Best is the index in Frames of the most representative one.
	Best int
	// Motion is the mean low-resolution difference between looks some tenths
	// of a second apart, 0 (nothing ever changed) to 1 (black to white).
	Motion float32
	// Still tells that no motion was seen within the clip.
	Still bool
	// Thumbnail is Frames[Best] as a JPEG, at most 512 pixels wide.
	Thumbnail []byte
}

// Release gives the clip's frames back to their pool.
func (c Clip) Release() {
	for _, f := range c.Frames {
		f.Release()
	}
}
