package scan

import (
	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/segment"
)

// Segment is what can be scanned: rows in blocks of columns. It must not change
// while it is scanned, and serve several readers at once. [segment.View] is one.
type Segment interface {
	// Dims is the number of dimensions of the vectors.
	Dims() int
	// HasPlain reports whether rows have plain vectors too.
	HasPlain() bool
	// Rows is the number of rows, dead ones included.
	Rows() int
	// Blocks is the number of blocks.
	Blocks() int
	// Zone bounds block i in time and ordinals.
	Zone(i int) segment.Zone
	// Dead holds the ordinals that must not be found; nil: none.
	Dead() *roaring.Bitmap
	// Load reads columns of block i into buf.
	Load(i int, want segment.Columns, buf *segment.Buffer) (segment.Block, error)
	// VectorAt reads one vector of block i, or returns nil where only Load will do.
	VectorAt(i, row int, plain bool, buf []byte) ([]byte, error)
}

var _ Segment = segment.View{}

// A Job is a segment to scan.
type Job struct {
	Segment   Segment
	Partition uint32          // high half of the rows' ids
	Allow     *roaring.Bitmap // ordinals that may be found; nil: all
}
