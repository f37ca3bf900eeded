package segment

import (
	"errors"
	"hash/crc32"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// A seal is a durable checkpoint: the log up to LogLen was checked and fsynced,
// and so were the columns of its rows. Records behind LogLen, if any, are read
// from the log at open.
type seal struct {
	rows    uint32
	logLen  int64
	lost    uint32 // rows whose record was damaged
	zones   []Zone
	sources []uint64        // distinct footage fingerprints, sorted
	dead    *roaring.Bitmap // ordinals deleted or lost, nil: none
}

// tail names the file of the unfinished block, if there is one.
func (s *seal) tail() keptTail {
	if s.rows%BlockRows == 0 {
		return keptTail{}
	}
	return keptTail{int(s.rows), s.zones[len(s.zones)-1].Sum}
}

// Part of the format.
const (
	sealMagic  = "VSEA"
	sealHeader = 52
	zoneBytes  = 40
	maxSeal    = 64 << 20
)

var errSeal = errors.New("seal cannot be read")

func (s *seal) encode(h *Header) ([]byte, error) {
	var dead []byte
	if s.dead != nil && !s.dead.IsEmpty() {
		var err error
		if dead, err = s.dead.ToBytes(); err != nil {
			return nil, err
		}
	}
	b := make([]byte, sealHeader, sealHeader+zoneBytes*len(s.zones)+8*len(s.sources)+len(dead)+4)
	copy(b, sealMagic)
	le.PutUint16(b[4:], Version)
	le.PutUint16(b[6:], sealHeader)
	le.PutUint32(b[8:], h.Partition)
	le.PutUint32(b[12:], h.Number)
	le.PutUint32(b[16:], s.rows)
	le.PutUint64(b[20:], uint64(s.logLen))
	le.PutUint32(b[28:], s.lost)
	le.PutUint32(b[32:], uint32(len(s.zones)))
	le.PutUint32(b[36:], uint32(len(s.sources)))
	le.PutUint32(b[40:], uint32(len(dead)))
	le.PutUint16(b[44:], uint16(h.Dims))
	le.PutUint16(b[46:], h.flags())
	copy(b[48:], h.Pack[:4])
	for _, z := range s.zones {
		b = le.AppendUint64(b, uint64(z.Start))
		b = le.AppendUint64(b, uint64(z.End))
		b = le.AppendUint64(b, uint64(z.Log))
		b = le.AppendUint32(b, z.FirstOrd)
		b = le.AppendUint32(b, z.LastOrd)
		b = le.AppendUint32(b, z.Sum)
		b = le.AppendUint32(b, 0)
	}
	for _, k := range s.sources {
		b = le.AppendUint64(b, k)
	}
	b = append(b, dead...)
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func decodeSeal(b []byte, h *Header) (*seal, error) {
	if len(b) < sealHeader+4 || string(b[:4]) != sealMagic {
		return nil, errSeal
	}
	body, sum := b[:len(b)-4], le.Uint32(b[len(b)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, errSeal
	}
	if le.Uint16(b[4:]) > Version {
		return nil, ErrNewerVersion
	}
	if le.Uint32(b[8:]) != h.Partition || le.Uint32(b[12:]) != h.Number ||
		int(le.Uint16(b[44:])) != h.Dims || le.Uint16(b[46:]) != h.flags() || [4]byte(b[48:52]) != [4]byte(h.Pack[:4]) {
		return nil, errSeal
	}
	s := &seal{rows: le.Uint32(b[16:]), logLen: int64(le.Uint64(b[20:])), lost: le.Uint32(b[28:])}
	nz, ns, nd := int(le.Uint32(b[32:])), int(le.Uint32(b[36:])), int(le.Uint32(b[40:]))
	if len(body) != sealHeader+zoneBytes*nz+8*ns+nd || nz != (int(s.rows)+BlockRows-1)/BlockRows || s.logLen < headerLen {
		return nil, errSeal
	}
	body = body[sealHeader:]
	s.zones = make([]Zone, nz)
	for i := range s.zones {
		s.zones[i] = Zone{
			Start: int64(le.Uint64(body)), End: int64(le.Uint64(body[8:])), Log: int64(le.Uint64(body[16:])),
			FirstOrd: le.Uint32(body[24:]), LastOrd: le.Uint32(body[28:]), Sum: le.Uint32(body[32:]),
		}
		body = body[zoneBytes:]
	}
	s.sources = make([]uint64, ns)
	for i := range s.sources {
		s.sources[i] = le.Uint64(body)
		body = body[8:]
	}
	if !slices.IsSorted(s.sources) {
		return nil, errSeal
	}
	if nd > 0 {
		s.dead = roaring.New()
		// The checksum held, so a decoding failure is a bug of the writer;
		// the log can still be read from its start.
		if err := s.dead.UnmarshalBinary(body[:nd:nd]); err != nil {
			return nil, errSeal
		}
	}
	return s, nil
}
