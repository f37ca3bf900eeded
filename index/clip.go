package index

import (
	"fmt"
	"math"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/gembahq/gemba/index/quant"
	"github.com/gembahq/gemba/index/segment"
)

// Tokens are the visual tokens of a clip: Rows vectors of Dims numbers, each
// Scale times its int8.
type Tokens struct {
	Rows, Dims int // at most 255, 65535
	Scale      float32
	Data       []int8 // Rows*Dims
}

// Source says where a clip's footage lies.
type Source struct {
	Key    string        // content fingerprint of the footage file, "" for live
	Path   string        // of the footage file
	Offset time.Duration // media time of the clip's start in Path
}

// Clip is some seconds of one camera.
type Clip struct {
	ID       ID     // given by Append
	Camera   string // id, as in the configuration
	Start    time.Time
	Duration time.Duration // kept to the microsecond, at most 71 minutes
	Still    bool          // nothing moved
	Motion   float32       // 0 to 1

	// Vector is the clip's embedding, kept as float16; its width is that of
	// the pack. Plain is the plain view's embedding, nil if there is one view.
	Vector, Plain []float32
	Hub           float32 // hub term, subtracted with a query's alpha
	Tokens        Tokens

	Labels       []string
	Note         string
	FrameOffsets []time.Duration // from Start
	Best         int             // index of the most representative frame
	Source       Source

	PackHash  [32]byte // zero on Append: that of the store
	Thumbnail []byte   // JPEG; kept on Append, not filled by reads
}

// End is when the clip ends.
func (c *Clip) End() time.Time { return c.Start.Add(c.Duration) }

const (
	maxLabels    = 256
	maxLabel     = 256      // bytes
	maxThumbnail = 16 << 20 // bytes
)

var cameraID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// ValidCamera reports whether a camera id can be stored: lower-case letters,
// digits, - and _, at most 64, the first no sign.
func ValidCamera(id string) bool { return cameraID.MatchString(id) }

// check says why a clip cannot be stored.
func (c *Clip) check(o *Options) error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrInvalidClip}, args...)...)
	}
	finite := func(v []float32) bool {
		for _, f := range v {
			if !(f >= -quant.MaxHalf && f <= quant.MaxHalf) {
				return false
			}
		}
		return true
	}
	single := func(f float32) bool { return !math.IsNaN(float64(f)) && !math.IsInf(float64(f), 0) }
	switch {
	case !ValidCamera(c.Camera):
		return bad("camera id %q does not match %s", c.Camera, cameraID)
	case c.Start.Year() < 1971 || c.Start.Year() > 2261:
		return bad("start %s is implausible", c.Start.Format(time.RFC3339))
	case c.Duration < 0 || c.Duration/time.Microsecond > math.MaxUint32:
		return bad("duration %s is outside 0 to 71 minutes", c.Duration)
	case len(c.Vector) == 0 || len(c.Vector) > segment.MaxDims:
		return bad("vector has %d numbers", len(c.Vector))
	case c.Plain != nil && len(c.Plain) != len(c.Vector):
		return bad("plain vector has %d numbers, vector %d", len(c.Plain), len(c.Vector))
	case o.Dims != 0 && c.packHash(o) == o.PackHash && len(c.Vector) != o.Dims:
		return bad("vector has %d numbers, the pack makes %d", len(c.Vector), o.Dims)
	case !finite(c.Vector) || !finite(c.Plain):
		return bad("vector holds numbers that float16 cannot")
	case !single(c.Hub) || !single(c.Motion) || !single(c.Tokens.Scale):
		return bad("hub term, motion or token scale is not finite")
	case c.Tokens.Rows < 0 || c.Tokens.Dims < 0 || c.Tokens.Rows > math.MaxUint8 || c.Tokens.Dims > math.MaxUint16 ||
		len(c.Tokens.Data) != c.Tokens.Rows*c.Tokens.Dims:
		return bad("%d token bytes for %d rows of %d", len(c.Tokens.Data), c.Tokens.Rows, c.Tokens.Dims)
	case len(c.Labels) > maxLabels:
		return bad("%d labels, at most %d", len(c.Labels), maxLabels)
	case c.Best < 0 || c.Best > math.MaxInt32:
		return bad("best frame %d", c.Best)
	case len(c.Thumbnail) > maxThumbnail:
		return bad("thumbnail of %d bytes, at most %d", len(c.Thumbnail), maxThumbnail)
	case !utf8.ValidString(c.Note):
		return bad("note is not valid UTF-8")
	}
	for _, l := range c.Labels {
		if l == "" || len(l) > maxLabel || !utf8.ValidString(l) {
			return bad("label %.64q is not 1 to %d bytes of UTF-8", l, maxLabel)
		}
	}
	if r := c.record(0, segment.ThumbRef{}); r.Meta.Size() > segment.MaxMeta-32 {
		return bad("labels, note, paths and frame times take %d bytes together, at most %d", r.Meta.Size(), segment.MaxMeta-32)
	}
	return nil
}

func (c *Clip) packHash(o *Options) [32]byte {
	if c.PackHash == ([32]byte{}) {
		return o.PackHash
	}
	return c.PackHash
}

// record is the stored form.
func (c *Clip) record(ord uint32, thumb segment.ThumbRef) segment.Record {
	r := segment.Record{
		Ord: ord, Start: c.Start.UnixNano(), Duration: uint32(c.Duration / time.Microsecond),
		Vector: c.Vector, Plain: c.Plain, Hub: c.Hub,
		TokenRows: c.Tokens.Rows, TokenDims: c.Tokens.Dims, TokenScale: c.Tokens.Scale, Tokens: c.Tokens.Data,
		Meta: segment.Meta{
			Labels: c.Labels, Note: c.Note, FrameOffsets: c.FrameOffsets, Best: c.Best, Motion: c.Motion,
			SourceKey: c.Source.Key, SourcePath: c.Source.Path, SourceOffset: c.Source.Offset, Thumb: thumb,
		},
	}
	if c.Still {
		r.Flags |= segment.FlagStill
	}
	return r
}

// clipOf is the clip of a record.
func clipOf(h *segment.Header, r *segment.Record) Clip {
	return Clip{
		ID: makeID(h.Partition, r.Ord), Camera: h.Camera, Start: time.Unix(0, r.Start).UTC(),
		Duration: time.Duration(r.Duration) * time.Microsecond,
		Still:    r.Flags&segment.FlagStill != 0, Motion: r.Meta.Motion,
		Vector: r.Vector, Plain: r.Plain, Hub: r.Hub,
		Tokens: Tokens{Rows: r.TokenRows, Dims: r.TokenDims, Scale: r.TokenScale, Data: r.Tokens},
		Labels: r.Meta.Labels, Note: r.Meta.Note, FrameOffsets: r.Meta.FrameOffsets, Best: r.Meta.Best,
		Source:   Source{Key: r.Meta.SourceKey, Path: r.Meta.SourcePath, Offset: r.Meta.SourceOffset},
		PackHash: h.Pack,
	}
}

const dayLength = 24 * time.Hour

// dayOf is the UTC day of a time, in days since 1970.
func dayOf(t time.Time) int32 {
	s := t.Unix()
	d := s / 86400
	if s%86400 < 0 {
		d--
	}
	return int32(d)
}

// dayStart is when a day begins.
func dayStart(day int32) time.Time { return time.Unix(int64(day)*86400, 0).UTC() }

// dayName is the folder name of a day.
func dayName(day int32) string { return dayStart(day).Format(time.DateOnly) }
