package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"

	"github.com/gembahq/gemba/index/quant"
)

// BlockRows is the number of rows of a full block of columns.
const BlockRows = 256

// Layout of a block. Part of the format; see docs/formats.md.
const (
	blockMagic  = "VBLK"
	blockHeader = 64

	colStart  = blockHeader
	colLog    = colStart + 8*BlockRows
	colSource = colLog + 8*BlockRows
	colOffset = colSource + 8*BlockRows
	colOrd    = colOffset + 8*BlockRows
	colDur    = colOrd + 4*BlockRows
	colHub    = colDur + 4*BlockRows
	colFlags  = colHub + 4*BlockRows
	metaBytes = colFlags + 2*BlockRows
)

// Columns names groups of columns to load.
type Columns uint8

// The groups. Meta is always loaded.
const (
	Vectors Columns = 1 << iota
	PlainVectors
)

// A Block is up to 256 rows, column by column, as they lie on disk. It is valid
// until the buffer it was loaded into is used again.
type Block struct {
	N       int // rows
	meta    []byte
	vectors []byte // nil unless loaded
	plain   []byte
	width   int // bytes of a vector
}

// Start is when row i begins, Unix nanoseconds.
func (b *Block) Start(i int) int64 { return int64(le.Uint64(b.meta[colStart+8*i:])) }

// Duration is the length of row i.
func (b *Block) Duration(i int) time.Duration {
	return time.Duration(le.Uint32(b.meta[colDur+4*i:])) * time.Microsecond
}

// End is when row i ends, Unix nanoseconds.
func (b *Block) End(i int) int64 { return endOf(b.Start(i), le.Uint32(b.meta[colDur+4*i:])) }

// Ord is the ordinal of row i in the partition.
func (b *Block) Ord(i int) uint32 { return le.Uint32(b.meta[colOrd+4*i:]) }

// Hub is the hub term of row i.
func (b *Block) Hub(i int) float32 { return math.Float32frombits(le.Uint32(b.meta[colHub+4*i:])) }

// Flags are the row flags of row i.
func (b *Block) Flags(i int) uint16 { return le.Uint16(b.meta[colFlags+2*i:]) }

// Source is the [SourceHash] of row i and the media time of its start.
func (b *Block) Source(i int) (uint64, time.Duration) {
	return le.Uint64(b.meta[colSource+8*i:]), time.Duration(le.Uint64(b.meta[colOffset+8*i:]))
}

// Vector is row i's vector as little-endian halves.
func (b *Block) Vector(i int) []byte { return b.vectors[i*b.width : (i+1)*b.width] }

// Plain is row i's plain vector as little-endian halves.
func (b *Block) Plain(i int) []byte { return b.plain[i*b.width : (i+1)*b.width] }

func (b *Block) logOffset(i int) int64 { return int64(le.Uint64(b.meta[colLog+8*i:])) }

// layout is where the parts of a block lie, for one vector width.
type layout struct {
	width  int // bytes of a vector
	plain  bool
	vec    int // bytes of one vector column
	stride int // bytes of a block
}

func (h *Header) layout() layout {
	l := layout{width: h.Dims * quant.HalfBytes, plain: h.Plain}
	l.vec = l.width * BlockRows
	l.stride = metaBytes + l.vec
	if l.plain {
		l.stride += l.vec
	}
	l.stride = (l.stride + 63) &^ 63
	return l
}

// fileOffset is where block i begins in the cols file.
func (l layout) fileOffset(i int) int64 { return headerLen + int64(i)*int64(l.stride) }

// build is a block being filled: the tail of a segment.
type build struct {
	l   layout
	buf []byte
	n   int
}

func (l layout) newBuild() *build { return &build{l: l, buf: make([]byte, l.stride)} }

// row is what a block keeps of a record.
type row struct {
	start        int64
	log          int64
	source       uint64
	sourceOffset int64
	ord          uint32
	dur          uint32
	hub          float32
	flags        uint16
	vector       []byte // halves; nil: zero
	plain        []byte
}

// push adds a row. Readers that hold an older count never look at its bytes.
func (b *build) push(r *row) {
	i := b.n
	le.PutUint64(b.buf[colStart+8*i:], uint64(r.start))
	le.PutUint64(b.buf[colLog+8*i:], uint64(r.log))
	le.PutUint64(b.buf[colSource+8*i:], r.source)
	le.PutUint64(b.buf[colOffset+8*i:], uint64(r.sourceOffset))
	le.PutUint32(b.buf[colOrd+4*i:], r.ord)
	le.PutUint32(b.buf[colDur+4*i:], r.dur)
	le.PutUint32(b.buf[colHub+4*i:], math.Float32bits(r.hub))
	le.PutUint16(b.buf[colFlags+2*i:], r.flags)
	copy(b.buf[metaBytes+i*b.l.width:], r.vector)
	if b.l.plain {
		copy(b.buf[metaBytes+b.l.vec+i*b.l.width:], r.plain)
	}
	b.n++
}

// block is the reader's form of the first n rows.
func (b *build) block(n int) Block {
	out := Block{N: n, meta: b.buf[:metaBytes], width: b.l.width, vectors: b.buf[metaBytes : metaBytes+b.l.vec]}
	if b.l.plain {
		out.plain = b.buf[metaBytes+b.l.vec : metaBytes+2*b.l.vec]
	}
	return out
}

// Zone is what is kept in memory of each block: enough to skip it or find it.
type Zone struct {
	Start    int64 // earliest start, Unix nanoseconds
	End      int64 // latest end
	Log      int64 // log offset of the first row's record
	FirstOrd uint32
	LastOrd  uint32
	Sum      uint32 // checksum of the block's header, which holds the columns' checksums
}

// add widens a zone by a row.
func (z *Zone) add(r *row, first bool) {
	end := endOf(r.start, r.dur)
	if first {
		*z = Zone{Start: r.start, End: end, Log: r.log, FirstOrd: r.ord}
	}
	z.Start, z.End, z.LastOrd = min(z.Start, r.start), max(z.End, end), r.ord
}

// finish writes the block header and returns its bytes as they go to disk. The
// copy lets readers go on with the buffer, whose header part they never read.
func (b *build) finish(h *Header, index int, z *Zone) []byte {
	hd := b.buf[:blockHeader]
	clear(hd)
	copy(hd, blockMagic)
	le.PutUint16(hd[4:], Version)
	le.PutUint16(hd[6:], uint16(b.n))
	le.PutUint32(hd[8:], uint32(index*BlockRows))
	le.PutUint32(hd[12:], h.Partition)
	le.PutUint32(hd[16:], h.Number)
	le.PutUint32(hd[20:], crc32.Checksum(b.buf[blockHeader:metaBytes], castagnoli))
	le.PutUint32(hd[24:], crc32.Checksum(b.buf[metaBytes:metaBytes+b.l.vec], castagnoli))
	if b.l.plain {
		le.PutUint32(hd[28:], crc32.Checksum(b.buf[metaBytes+b.l.vec:metaBytes+2*b.l.vec], castagnoli))
	}
	le.PutUint64(hd[32:], uint64(z.Start))
	le.PutUint64(hd[40:], uint64(z.End))
	le.PutUint32(hd[48:], z.FirstOrd)
	le.PutUint32(hd[52:], z.LastOrd)
	z.Sum = crc32.Checksum(hd[:60], castagnoli)
	le.PutUint32(hd[60:], z.Sum)
	return b.buf
}

// blockSums are the checksums a block header holds.
type blockSums struct {
	n                    int
	header               uint32
	meta, vectors, plain uint32
}

var errBlock = errors.New("block header does not match")

// decodeBlockHeader checks the header of block index.
func decodeBlockHeader(b []byte, h *Header, index int) (blockSums, error) {
	var s blockSums
	if len(b) < blockHeader || string(b[:4]) != blockMagic {
		return s, errBlock
	}
	b = b[:blockHeader]
	s = blockSums{
		n: int(le.Uint16(b[6:])), header: le.Uint32(b[60:]),
		meta: le.Uint32(b[20:]), vectors: le.Uint32(b[24:]), plain: le.Uint32(b[28:]),
	}
	switch {
	case crc32.Checksum(b[:60], castagnoli) != s.header:
		return s, errBlock
	case le.Uint16(b[4:]) != Version:
		return s, fmt.Errorf("block version %d", le.Uint16(b[4:]))
	case s.n < 1 || s.n > BlockRows || le.Uint32(b[8:]) != uint32(index*BlockRows) ||
		le.Uint32(b[12:]) != h.Partition || le.Uint32(b[16:]) != h.Number:
		return s, errBlock
	}
	return s, nil
}
