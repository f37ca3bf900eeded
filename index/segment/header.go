package segment

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// These constants are part of the format and must not change.
const (
	// Version is the newest format this release writes and reads.
	Version = 1
	// HeaderLen is the size of a log header: an empty log is that long.
	HeaderLen = 4096

	headerLen   = HeaderLen
	logMagic    = "VLOG"
	headerPlain = 1 // header flag: rows carry a plain vector

	// MaxCamera is the longest camera id in bytes.
	MaxCamera = 64
	// MaxDims bounds the vector width, so that a damaged header cannot ask
	// for absurd blocks.
	MaxDims = 8192
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// Header identifies a segment. It never changes once written.
type Header struct {
	Partition uint32   // number of camera and day, never reused
	Number    uint32   // number of the segment in its partition, from 1
	Day       int32    // days since 1970-01-01 UTC
	Dims      int      // numbers in a vector
	Plain     bool     // every row has a plain vector as well
	Pack      [32]byte // hash of the model pack that made the vectors
	Codebook  [32]byte // hash of the quantiser's codebook, zero: none
	Created   int64    // Unix seconds
	Camera    string
}

func (h *Header) flags() uint16 {
	if h.Plain {
		return headerPlain
	}
	return 0
}

func (h *Header) encode() []byte {
	b := make([]byte, headerLen)
	copy(b, logMagic)
	le.PutUint16(b[4:], Version)
	le.PutUint16(b[6:], headerLen)
	le.PutUint32(b[8:], h.Partition)
	le.PutUint32(b[12:], h.Number)
	le.PutUint32(b[16:], uint32(h.Day))
	le.PutUint16(b[20:], uint16(h.Dims))
	le.PutUint16(b[22:], h.flags())
	copy(b[24:], h.Pack[:])
	copy(b[56:], h.Codebook[:])
	le.PutUint64(b[88:], uint64(h.Created))
	b[96] = byte(len(h.Camera))
	copy(b[97:97+MaxCamera], h.Camera)
	le.PutUint32(b[headerLen-4:], crc32.Checksum(b[:headerLen-4], castagnoli))
	return b
}

// decodeHeader reads a log header. A newer version is ErrNewerVersion, whatever
// its length and checksum mean there.
func decodeHeader(b []byte) (Header, error) {
	var h Header
	if len(b) < headerLen {
		return h, fmt.Errorf("header has %d of %d bytes", len(b), headerLen)
	}
	b = b[:headerLen]
	if string(b[:4]) != logMagic {
		return h, fmt.Errorf("magic is %q, not %q", b[:4], logMagic)
	}
	sum := crc32.Checksum(b[:headerLen-4], castagnoli) == le.Uint32(b[headerLen-4:])
	if v := le.Uint16(b[4:]); v > Version {
		// A flipped bit in the version must not read as "from the future":
		// every version keeps the checksum at the end of header_len bytes.
		if n := int(le.Uint16(b[6:])); sum || n != headerLen {
			return h, fmt.Errorf("format version %d: %w", v, ErrNewerVersion)
		}
		return h, fmt.Errorf("header checksum does not match")
	}
	if !sum {
		return h, fmt.Errorf("header checksum does not match")
	}
	h = Header{
		Partition: le.Uint32(b[8:]),
		Number:    le.Uint32(b[12:]),
		Day:       int32(le.Uint32(b[16:])),
		Dims:      int(le.Uint16(b[20:])),
		Plain:     le.Uint16(b[22:])&headerPlain != 0,
		Pack:      [32]byte(b[24:56]),
		Codebook:  [32]byte(b[56:88]),
		Created:   int64(le.Uint64(b[88:])),
	}
	n := int(b[96])
	if n > MaxCamera || len(bytes.TrimRight(b[97+n:97+MaxCamera], "\x00")) != 0 {
		return Header{}, fmt.Errorf("camera id of %d bytes", n)
	}
	h.Camera = string(b[97 : 97+n])
	if h.Dims < 1 || h.Dims > MaxDims {
		return Header{}, fmt.Errorf("%d dimensions", h.Dims)
	}
	return h, nil
}

// same reports whether two headers name the same segment.
func (h *Header) same(o *Header) bool {
	return h.Partition == o.Partition && h.Number == o.Number && h.Day == o.Day && h.Dims == o.Dims &&
		h.Plain == o.Plain && h.Pack == o.Pack && h.Camera == o.Camera
}

// Dir is the name of the segment's folder.
func (h *Header) Dir() string { return fmt.Sprintf("%d-%x", h.Number, h.Pack[:4]) }
