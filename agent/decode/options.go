package decode

import (
	"runtime"

	"github.com/gembahq/gemba/agent/frame"
)

// Mode says which frames are decoded.
type Mode int

const (
	// Full decodes every frame.
	Full Mode = iota
	// KeyFrames decodes key frames only, which costs a small part of Full.
	// How many that are is the recorder's choice: Probe tells.
	KeyFrames
)

// DefaultShortSide is the shorter side of delivered frames, in pixels, if
// Options name none: enough for the model's 224 and for a thumbnail.
const DefaultShortSide = 288

// Options for Open. The zero value decodes every frame at DefaultShortSide.
type Options struct {
	Mode Mode
	// MaxFPS is the largest number of frames delivered per second of media
	// time. Others are decoded but dropped before they are scaled. 0: every
	// frame.
	MaxFPS float64
	// ShortSide is the length that the shorter side of a picture is scaled
	// down to, never up. 0: DefaultShortSide; negative: pictures keep their
	// size.
	ShortSide int
	// Threads is the number of decoding threads. 0: one per processor, at most
	// four; one for key frames, where more only cost.
	Threads int
	// Pool lends the frames. nil: they are left to the garbage collector.
	Pool *frame.Pool
	// Transport is how RTSP is carried: "tcp" (also if empty) or "udp".
	Transport string
	// ReadAhead is the number of frames decoded in a goroutine of the Reader's
	// own before Next asks for them, so that decoding and the caller's work
	// overlap. 0: Next decodes.
	ReadAhead int
}

// bigPicture is the number of pixels from which one thread decodes: each
// further one holds another picture.
const bigPicture = 16 << 20

func (o Options) threads(pixels int) int {
	switch {
	case o.Mode == KeyFrames || pixels > bigPicture:
		return 1
	case o.Threads > 0:
		return min(o.Threads, 16)
	default:
		return min(runtime.NumCPU(), 4)
	}
}
