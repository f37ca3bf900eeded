package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/gembahq/gemba/index/quant"
)

// Record kinds. Part of the format.
const (
	kindData      = 1
	kindMark      = 2
	kindTombstone = 3
)

// Row flags. Part of the format.
const (
	// FlagPlain: a plain vector follows the vector.
	FlagPlain uint16 = 1 << iota
	// FlagStill: nothing moved.
	FlagStill
)

const (
	frameLen     = 8  // len u32, crc32c u32
	markBody     = 32 // kind, 3 zero, rows u32, promised u64, own offset u64, wall i64
	markLen      = frameLen + markBody
	tombBody     = 24 // kind, ord u32, by u64, wall i64, pad
	maxBody      = 32 << 20
	maxMeta      = math.MaxUint16
	markRow      = math.MaxUint32 // marks are seeded alike, so that one can be found anywhere
	dataFixed    = 1 + 4 + 8 + 4 + 2
	tokenFixed   = 4 + 1 + 2 + 4
	maxTokenRows = math.MaxUint8
	maxTokenDims = math.MaxUint16
)

// A Record is one clip as stored.
type Record struct {
	Ord        uint32 // rising within the partition
	Start      int64  // Unix nanoseconds
	Duration   uint32 // microseconds
	Flags      uint16
	Vector     []float32 // Dims numbers, kept as binary16
	Plain      []float32 // Dims numbers or nil; by FlagPlain
	Hub        float32
	TokenRows  int
	TokenDims  int
	TokenScale float32
	Tokens     []int8 // TokenRows * TokenDims
	Meta       Meta
}

var errShortRecord = errors.New("record is cut off")

// seed starts the checksum of a record with what it must belong to, so that a
// record from another file, or out of its turn, fails the check.
func (h *Header) seed(row uint32) uint32 {
	var b [12]byte
	le.PutUint32(b[:], h.Partition)
	le.PutUint32(b[4:], h.Number)
	le.PutUint32(b[8:], row)
	return crc32.Checksum(b[:], castagnoli)
}

// frame closes the record that begins at start: pads it, sets length and sum.
func (h *Header) frame(b []byte, start int, row uint32) []byte {
	for (len(b)-start)%8 != 0 {
		b = append(b, 0)
	}
	le.PutUint32(b[start:], uint32(len(b)-start-frameLen))
	sum := crc32.Update(h.seed(row), castagnoli, b[start:start+4])
	sum = crc32.Update(sum, castagnoli, b[start+frameLen:])
	le.PutUint32(b[start+4:], sum)
	return b
}

// appendRecord encodes r as row number row. Errors name what is wrong with the
// clip; b is then unchanged.
func (h *Header) appendRecord(b []byte, r *Record, row uint32) ([]byte, error) {
	switch {
	case len(r.Vector) != h.Dims:
		return b, fmt.Errorf("vector has %d numbers, the segment %d", len(r.Vector), h.Dims)
	case h.Plain != (r.Plain != nil) || r.Plain != nil && len(r.Plain) != h.Dims:
		return b, fmt.Errorf("plain vector has %d numbers", len(r.Plain))
	case r.TokenRows < 0 || r.TokenRows > maxTokenRows || r.TokenDims < 0 || r.TokenDims > maxTokenDims:
		return b, fmt.Errorf("%d token rows of %d numbers; at most %d of %d", r.TokenRows, r.TokenDims, maxTokenRows, maxTokenDims)
	case len(r.Tokens) != r.TokenRows*r.TokenDims:
		return b, fmt.Errorf("%d token bytes for %d rows of %d", len(r.Tokens), r.TokenRows, r.TokenDims)
	case len(r.Tokens) > maxBody/2:
		return b, fmt.Errorf("%d token bytes, at most %d", len(r.Tokens), maxBody/2)
	}
	start := len(b)
	flags := r.Flags &^ FlagPlain
	if h.Plain {
		flags |= FlagPlain
	}
	b = append(b, make([]byte, frameLen)...)
	b = append(b, kindData)
	b = le.AppendUint32(b, r.Ord)
	b = le.AppendUint64(b, uint64(r.Start))
	b = le.AppendUint32(b, r.Duration)
	b = le.AppendUint16(b, flags)
	b = quant.AppendHalf(b, r.Vector)
	if h.Plain {
		b = quant.AppendHalf(b, r.Plain)
	}
	b = le.AppendUint32(b, math.Float32bits(r.Hub))
	b = append(b, byte(r.TokenRows))
	b = le.AppendUint16(b, uint16(r.TokenDims))
	b = le.AppendUint32(b, math.Float32bits(r.TokenScale))
	for _, t := range r.Tokens {
		b = append(b, byte(t))
	}
	at := len(b)
	b = append(b, 0, 0)
	b = r.Meta.append(b)
	n := len(b) - at - 2
	if n > maxMeta {
		return b[:start], fmt.Errorf("labels, note, paths and frame times take %d bytes, at most %d", n, maxMeta)
	}
	le.PutUint16(b[at:], uint16(n))
	return h.frame(b, start, row), nil
}

// appendMark encodes a sync mark that will lie at offset off.
func (h *Header) appendMark(b []byte, rows uint32, promised, off, wall int64) []byte {
	start := len(b)
	b = append(b, make([]byte, frameLen)...)
	b = append(b, kindMark, 0, 0, 0)
	b = le.AppendUint32(b, rows)
	b = le.AppendUint64(b, uint64(promised))
	b = le.AppendUint64(b, uint64(off))
	b = le.AppendUint64(b, uint64(wall))
	return h.frame(b, start, markRow)
}

// appendTombstone encodes the deletion of ord; by is an audit id or 0.
func (h *Header) appendTombstone(b []byte, ord uint32, by uint64, wall int64, row uint32) []byte {
	start := len(b)
	b = append(b, make([]byte, frameLen)...)
	b = append(b, kindTombstone)
	b = le.AppendUint32(b, ord)
	b = le.AppendUint64(b, by)
	b = le.AppendUint64(b, uint64(wall))
	return h.frame(b, start, row)
}

// entry is a record whose checksum was found right.
type entry struct {
	kind  byte
	off   int64
	row   uint32 // data: its row; otherwise the rows before it
	total int    // bytes with frame
	body  []byte
}

// decodeEntry checks the record at the start of b, which lies at offset off of
// the log after row rows.
func (h *Header) decodeEntry(b []byte, off int64, row uint32) (entry, error) {
	if len(b) < frameLen {
		return entry{}, errShortRecord
	}
	n := le.Uint32(b)
	if n < tombBody || n > maxBody || n%8 != 0 {
		return entry{}, fmt.Errorf("record length %d is impossible", n)
	}
	total := frameLen + int(n)
	if len(b) < total {
		return entry{}, errShortRecord
	}
	e := entry{kind: b[frameLen], off: off, row: row, total: total, body: b[frameLen:total]}
	seedRow := row
	if e.kind == kindMark {
		seedRow = markRow
	}
	sum := crc32.Update(h.seed(seedRow), castagnoli, b[:4])
	sum = crc32.Update(sum, castagnoli, e.body)
	if sum != le.Uint32(b[4:]) {
		return entry{}, errors.New("record checksum does not match")
	}
	return e, e.check(h)
}

// check looks at the shape of a record, so that what follows can index it
// freely even if a writer was wrong.
func (e *entry) check(h *Header) error {
	switch e.kind {
	case kindData:
		_, err := h.parse(e.body)
		return err
	case kindMark:
		if len(e.body) != markBody || int64(le.Uint64(e.body[16:])) != e.off {
			return errors.New("sync mark is out of place")
		}
	case kindTombstone:
		if len(e.body) != tombBody {
			return errors.New("tombstone of wrong length")
		}
	default:
		return fmt.Errorf("record kind %d is unknown", e.kind)
	}
	return nil
}

func (e *entry) markRows() uint32       { return le.Uint32(e.body[4:]) }
func (e *entry) markPromise() int64     { return int64(le.Uint64(e.body[8:])) }
func (e *entry) tombstone() uint32      { return le.Uint32(e.body[1:]) }
func (e *entry) ord() uint32            { return le.Uint32(e.body[1:]) }
func (e *entry) start() int64           { return int64(le.Uint64(e.body[5:])) }
func (e *entry) duration() uint32       { return le.Uint32(e.body[13:]) }
func (e *entry) flags() uint16          { return le.Uint16(e.body[17:]) }
func (e *entry) end() int64             { return e.off + int64(e.total) }
func endOf(start int64, d uint32) int64 { return start + int64(d)*1000 }

// parts are the variable pieces of a data record's body.
type parts struct {
	vector, plain []byte
	hub           float32
	rows, dims    int
	scale         float32
	tokens        []byte
	meta          []byte
}

func (h *Header) parse(body []byte) (parts, error) {
	var p parts
	bad := errors.New("data record does not fit its segment")
	if len(body) < dataFixed {
		return p, bad
	}
	plain := le.Uint16(body[17:])&FlagPlain != 0
	b := body[dataFixed:]
	take := func(n int) []byte {
		if n > len(b) {
			return nil
		}
		t := b[:n:n]
		b = b[n:]
		return t
	}
	if plain != h.Plain {
		return p, bad
	}
	if p.vector = take(h.Dims * quant.HalfBytes); p.vector == nil {
		return p, bad
	}
	if plain {
		if p.plain = take(h.Dims * quant.HalfBytes); p.plain == nil {
			return p, bad
		}
	}
	f := take(tokenFixed)
	if f == nil {
		return p, bad
	}
	p.hub = math.Float32frombits(le.Uint32(f))
	p.rows, p.dims = int(f[4]), int(le.Uint16(f[5:]))
	p.scale = math.Float32frombits(le.Uint32(f[7:]))
	if p.tokens = take(p.rows * p.dims); p.tokens == nil && p.rows*p.dims > 0 {
		return p, bad
	}
	n := take(2)
	if n == nil {
		return p, bad
	}
	want := int(le.Uint16(n))
	if p.meta = take(want); p.meta == nil && want > 0 {
		return p, bad
	}
	if len(b) >= 8 {
		return p, bad
	}
	return p, nil
}

// record decodes a data entry in full. Nothing in it points into the entry.
func (h *Header) record(e *entry) (Record, error) {
	p, err := h.parse(e.body)
	if err != nil {
		return Record{}, err
	}
	r := Record{
		Ord: e.ord(), Start: e.start(), Duration: e.duration(), Flags: e.flags(),
		Vector: make([]float32, h.Dims), Hub: p.hub,
		TokenRows: p.rows, TokenDims: p.dims, TokenScale: p.scale,
	}
	quant.Floats(r.Vector, p.vector)
	if p.plain != nil {
		r.Plain = make([]float32, h.Dims)
		quant.Floats(r.Plain, p.plain)
	}
	if len(p.tokens) > 0 {
		r.Tokens = make([]int8, len(p.tokens))
		for i, t := range p.tokens {
			r.Tokens[i] = int8(t)
		}
	}
	r.Meta, err = decodeMeta(p.meta)
	return r, err
}
