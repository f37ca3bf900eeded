package segment

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// Meta is what a clip carries beside its numbers. It is stored as a list of
// (tag, length, bytes), all varints, so that a later release can add tags which
// this one skips.
type Meta struct {
	Labels       []string
	Note         string
	FrameOffsets []time.Duration // from the start of the clip
	Best         int             // index of the most representative frame
	Motion       float32
	SourceKey    string        // fingerprint of the footage file, "" for live
	SourcePath   string        // where it lay when it was read
	SourceOffset time.Duration // media time of the clip's start in it
	Thumb        ThumbRef
}

// ThumbRef says where the thumbnail lies in the partition's thumbnail file.
type ThumbRef struct {
	Offset int64
	Size   uint32 // 0: no thumbnail
	Sum    uint32 // CRC32C of its bytes
}

// Tags. Part of the format.
const (
	tagLabel        = 1
	tagNote         = 2
	tagFrames       = 3
	tagBest         = 4
	tagMotion       = 5
	tagSourceKey    = 6
	tagSourcePath   = 7
	tagSourceOffset = 8
	tagThumb        = 9
)

func appendField(b []byte, tag uint64, v []byte) []byte {
	b = binary.AppendUvarint(b, tag)
	b = binary.AppendUvarint(b, uint64(len(v)))
	return append(b, v...)
}

func (m *Meta) append(b []byte) []byte {
	var t []byte
	for _, l := range m.Labels {
		b = appendField(b, tagLabel, []byte(l))
	}
	if m.Note != "" {
		b = appendField(b, tagNote, []byte(m.Note))
	}
	if len(m.FrameOffsets) > 0 {
		t = t[:0]
		var last time.Duration
		for _, f := range m.FrameOffsets {
			t = binary.AppendVarint(t, int64(f-last))
			last = f
		}
		b = appendField(b, tagFrames, t)
	}
	if m.Best != 0 {
		b = appendField(b, tagBest, binary.AppendVarint(t[:0], int64(m.Best)))
	}
	if m.Motion != 0 {
		b = appendField(b, tagMotion, le.AppendUint32(t[:0], math.Float32bits(m.Motion)))
	}
	if m.SourceKey != "" {
		b = appendField(b, tagSourceKey, []byte(m.SourceKey))
	}
	if m.SourcePath != "" {
		b = appendField(b, tagSourcePath, []byte(m.SourcePath))
	}
	if m.SourceOffset != 0 {
		b = appendField(b, tagSourceOffset, binary.AppendVarint(t[:0], int64(m.SourceOffset)))
	}
	if m.Thumb.Size != 0 {
		t = binary.AppendUvarint(t[:0], uint64(m.Thumb.Offset))
		t = binary.AppendUvarint(t, uint64(m.Thumb.Size))
		t = le.AppendUint32(t, m.Thumb.Sum)
		b = appendField(b, tagThumb, t)
	}
	return b
}

// MaxMeta is the most bytes the details of a clip may take.
const MaxMeta = maxMeta

// Size is the number of bytes the details take.
func (m *Meta) Size() int { return len(m.append(nil)) }

var errMeta = errors.New("clip details cannot be read")

func decodeMeta(b []byte) (Meta, error) {
	var m Meta
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return m, errMeta
		}
		b = b[n:]
		size, n := binary.Uvarint(b)
		if n <= 0 || size > uint64(len(b)-n) {
			return m, errMeta
		}
		v := b[n : n+int(size)]
		b = b[n+int(size):]
		if err := m.field(tag, v); err != nil {
			return m, fmt.Errorf("tag %d: %w", tag, err)
		}
	}
	return m, nil
}

func (m *Meta) field(tag uint64, v []byte) error {
	switch tag {
	case tagLabel:
		m.Labels = append(m.Labels, string(v))
	case tagNote:
		m.Note = string(v)
	case tagFrames:
		var at time.Duration
		for len(v) > 0 {
			d, n := binary.Varint(v)
			if n <= 0 {
				return errMeta
			}
			at += time.Duration(d)
			m.FrameOffsets = append(m.FrameOffsets, at)
			v = v[n:]
		}
	case tagBest:
		best, n := binary.Varint(v)
		if n <= 0 || best < 0 || best > math.MaxInt32 {
			return errMeta
		}
		m.Best = int(best)
	case tagMotion:
		if len(v) != 4 {
			return errMeta
		}
		m.Motion = math.Float32frombits(le.Uint32(v))
	case tagSourceKey:
		m.SourceKey = string(v)
	case tagSourcePath:
		m.SourcePath = string(v)
	case tagSourceOffset:
		d, n := binary.Varint(v)
		if n <= 0 {
			return errMeta
		}
		m.SourceOffset = time.Duration(d)
	case tagThumb:
		off, n := binary.Uvarint(v)
		if n <= 0 || off > math.MaxInt64 {
			return errMeta
		}
		v = v[n:]
		size, n := binary.Uvarint(v)
		if n <= 0 || size > math.MaxUint32 || len(v[n:]) != 4 {
			return errMeta
		}
		m.Thumb = ThumbRef{Offset: int64(off), Size: uint32(size), Sum: le.Uint32(v[n:])}
	}
	return nil // an unknown tag is from a later release: skipped
}

// SourceHash is the column form of a footage fingerprint: the first 8 bytes of
// its SHA-256, and 0 for "no file". Among a million files two meet with
// probability below 1e-7.
func SourceHash(key string) uint64 {
	if key == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(key))
	return max(le.Uint64(sum[:]), 1)
}
