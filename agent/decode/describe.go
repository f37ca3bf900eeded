package decode

import (
	"time"

	"github.com/asticode/go-astiav"

	"github.com/gembahq/gemba/agent/frame"
)

// info describes the input.
func (in *input) info() Info {
	p := in.video.CodecParameters()
	w, h := square(p.Width(), p.Height(), in.aspect())
	t := in.turn()
	if t.swap {
		w, h = h, w
	}
	i := Info{
		Codec:        p.CodecID().Name(),
		Width:        w,
		Height:       h,
		Rotation:     t.degrees(),
		FrameRate:    in.frameRate(),
		Duration:     in.duration(),
		Container:    in.container(),
		CreationTime: in.creationTime(),
	}
	for _, s := range in.fc.Streams() {
		if p := s.CodecParameters(); p.MediaType() == astiav.MediaTypeAudio {
			i.HasAudio, i.AudioCodec = true, p.CodecID().Name()
			break
		}
	}
	return i
}

// turn is how the container says the picture has to be laid.
func (in *input) turn() turn {
	m, ok := in.video.CodecParameters().SideData().DisplayMatrix().Get()
	if !ok {
		return turn{}
	}
	var v [9]int32
	for i := range v {
		v[i] = int32(m[i])
	}
	return turnOf(v)
}

// aspect is the width of a pixel by its height, 0 if not stated.
func (in *input) aspect() float64 {
	r := in.fc.GuessSampleAspectRatio(in.video, nil)
	if r.Num() <= 0 || r.Den() <= 0 {
		return 0
	}
	return r.Float64()
}

func (in *input) frameRate() float64 {
	r := in.fc.GuessFrameRate(in.video, nil)
	if r.Num() <= 0 || r.Den() <= 0 {
		return 0
	}
	return r.Float64()
}

// frameStep is the usual distance of two frames.
func (in *input) frameStep() time.Duration {
	if fps := in.frameRate(); fps >= 0.01 && fps <= 1000 {
		return time.Duration(float64(time.Second) / fps)
	}
	return 40 * time.Millisecond
}

func (in *input) duration() time.Duration {
	if d := in.video.Duration(); d > 0 && d != noStamp {
		return in.ticks.duration(d)
	}
	// In microseconds.
	if d := in.fc.Duration(); d > 0 && d != noStamp {
		return ticks{1, 1_000_000}.duration(d)
	}
	return 0
}

// plausibleFrom is the earliest creation time that is believed: before it, a
// recorder's clock was never set.
var plausibleFrom = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func (in *input) creationTime() time.Time {
	for _, d := range []*astiav.Dictionary{in.fc.Metadata(), in.video.Metadata()} {
		if d == nil {
			continue
		}
		for _, key := range []string{"creation_time", "date"} {
			if e := d.Get(key, nil, 0); e != nil {
				if t, ok := parseCreationTime(e.Value()); ok {
					return t
				}
			}
		}
	}
	return time.Time{}
}

func parseCreationTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			if t.Before(plausibleFrom) || t.Year() > 2100 {
				return time.Time{}, false
			}
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func newScaler(in *input, short int, pool *frame.Pool) scaler {
	return scaler{pool: pool, short: short, turn: in.turn(), aspect: in.aspect()}
}
