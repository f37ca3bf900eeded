package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

// state is what readers see of a segment at one moment. It is never changed.
type state struct {
	rows    int
	zones   []Zone              // of the blocks that the cols file holds
	mem     []memBlock          // the blocks behind them, in order: the tail, and what could not be written
	healed  map[int]*build      // damaged blocks, made again from the log
	dead    *roaring.Bitmap     // deleted or lost ordinals, nil: none
	lost    int                 // rows whose record is damaged
	lastOrd uint32              // valid if rows > 0
	synced  int                 // rows known durable
	sources map[uint64]struct{} // shared and only ever added to, under Segment.sourceMu
}

type memBlock struct {
	b    *build
	n    int
	zone Zone
}

// View is a segment as it was when the view was taken.
type View struct {
	s      *Segment
	st     *state
	locked bool // the holder has the writer's lock
}

// View returns the present state for reading.
func (s *Segment) View() View { return View{s: s, st: s.state.Load()} }

// Header identifies the segment.
func (v View) Header() *Header { return &v.s.h }

// Dims is the number of dimensions of a vector.
func (v View) Dims() int { return v.s.h.Dims }

// HasPlain reports whether every row has a plain vector too.
func (v View) HasPlain() bool { return v.s.h.Plain }

// Rows is the number of rows, dead ones included.
func (v View) Rows() int { return v.st.rows }

// Live is the number of rows that can be found.
func (v View) Live() int { return v.st.rows - v.Deleted() }

// Deleted is the number of dead rows.
func (v View) Deleted() int {
	if v.st.dead == nil {
		return 0
	}
	return int(v.st.dead.GetCardinality())
}

// Lost is the number of rows whose record was damaged.
func (v View) Lost() int { return v.st.lost }

// Synced is the number of rows known to be durable.
func (v View) Synced() int { return v.st.synced }

// LastOrd is the highest ordinal, false for an empty segment.
func (v View) LastOrd() (uint32, bool) { return v.st.lastOrd, v.st.rows > 0 }

// Dead holds the ordinals of deleted and lost rows; nil if there are none. It
// must not be changed.
func (v View) Dead() *roaring.Bitmap { return v.st.dead }

// Blocks is the number of blocks.
func (v View) Blocks() int { return len(v.st.zones) + len(v.st.mem) }

// Zone describes block i.
func (v View) Zone(i int) Zone {
	if i < len(v.st.zones) {
		return v.st.zones[i]
	}
	return v.st.mem[i-len(v.st.zones)].zone
}

// Bounds are the earliest start and the latest end in block i, Unix nanoseconds.
func (v View) Bounds(i int) (start, end int64) {
	z := v.Zone(i)
	return z.Start, z.End
}

// Span is the earliest start and the latest end of all rows.
func (v View) Span() (start, end int64, ok bool) {
	for i := range v.Blocks() {
		z := v.Zone(i)
		if !ok {
			start, end, ok = z.Start, z.End, true
		}
		start, end = min(start, z.Start), max(end, z.End)
	}
	return start, end, ok
}

// HasSource reports whether rows of the footage file with this hash may be here.
func (v View) HasSource(hash uint64) bool {
	v.s.sourceMu.RLock()
	defer v.s.sourceMu.RUnlock()
	_, ok := v.st.sources[hash]
	return ok
}

// rowsOf is the number of rows of block i.
func (v View) rowsOf(i int) int {
	return min(BlockRows, v.st.rows-i*BlockRows)
}

// Buffer is the memory that blocks are loaded into. Reuse it; one reader at a
// time.
type Buffer struct{ meta, vectors, plain []byte }

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// Load reads columns of block i. What was read from disk is checked the first
// time; a damaged block is made again from the log, so an error means that both
// are damaged, or cannot be read.
func (v View) Load(i int, want Columns, buf *Buffer) (Block, error) {
	n := v.rowsOf(i)
	if k := i - len(v.st.zones); k >= 0 {
		return v.st.mem[k].b.block(v.st.mem[k].n), nil
	}
	if b, ok := v.st.healed[i]; ok {
		return b.block(n), nil
	}
	blk, err := v.s.readBlock(v.place(i), i, n, v.st.zones[i].Sum, want, buf)
	if err == nil || !errors.Is(err, ErrCorrupt) {
		return blk, err
	}
	// An unfinished block may have been filled up since the view was taken, and
	// its old file removed: rows are only added, so the newer one serves as well.
	if now := v.s.View(); now.st != v.st && i < now.Blocks() {
		if i >= len(now.st.zones) || now.st.healed[i] != nil || now.st.zones[i].Sum != v.st.zones[i].Sum {
			blk, err := now.Load(i, want, buf)
			blk.N = min(blk.N, n)
			return blk, err
		}
	}
	if !v.locked {
		v.s.mu.Lock()
		defer v.s.mu.Unlock()
	}
	b, herr := v.s.heal(i, n, v.st.zones[i], err)
	if herr != nil {
		return Block{}, herr
	}
	return b.block(n), nil
}

// place is where a block lies on disk.
type place struct {
	name string
	off  int64
}

// place of block i: full ones in the cols file, an unfinished one in a file of
// its own, so that no block is ever written over.
func (v View) place(i int) place {
	if v.rowsOf(i) < BlockRows {
		return place{v.s.tailPath(v.st.rows), 0}
	}
	return place{v.s.colsPath, v.s.l.fileOffset(i)}
}

// VectorAt reads one row's vector of block i: cheaper than loading the column
// when few rows are wanted. It returns nil if the block was not checked yet.
func (v View) VectorAt(i, row int, plain bool, buf []byte) ([]byte, error) {
	if i >= len(v.st.zones) || v.st.healed[i] != nil || !v.s.checked(i, plain) {
		return nil, nil
	}
	l, at := v.s.l, v.place(i)
	off := at.off + metaBytes + int64(row*l.width)
	if plain {
		off += int64(l.vec)
	}
	buf = grow(buf, l.width)
	if err := v.s.readFull(at.name, buf, off); err != nil {
		return nil, nil //nolint:nilerr // Load finds out why, and mends it
	}
	return buf, nil
}

// checked reports whether a column of block i was found right before.
func (s *Segment) checked(i int, plain bool) bool {
	bit := checkedVectors
	if plain {
		bit = checkedPlain
	}
	s.checkMu.RLock()
	defer s.checkMu.RUnlock()
	return i < len(s.checks) && s.checks[i]&bit != 0
}

const (
	checkedMeta uint8 = 1 << iota
	checkedVectors
	checkedPlain
)

func (s *Segment) setChecked(i int, bits uint8, sum uint32) {
	s.checkMu.Lock()
	defer s.checkMu.Unlock()
	if st := s.state.Load(); i >= len(st.zones) || st.zones[i].Sum != sum {
		return // written again meanwhile
	}
	for len(s.checks) <= i {
		s.checks = append(s.checks, 0)
	}
	s.checks[i] |= bits
}

// unchecked forgets that block i was checked, because it is written again.
func (s *Segment) unchecked(i int) {
	s.checkMu.Lock()
	defer s.checkMu.Unlock()
	if i < len(s.checks) {
		s.checks[i] = 0
	}
}

func (s *Segment) readFull(name string, p []byte, off int64) error {
	n, err := s.files.ReadAt(name, p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return &CorruptError{Path: name, Offset: off, Reason: "file is too short"}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &CorruptError{Path: name, Reason: "file is missing"}
	}
	return fmt.Errorf("read %s: %w", name, err)
}

// readBlock reads block i from where it lies and checks what was not checked
// before. Damage is a CorruptError.
func (s *Segment) readBlock(at place, i, n int, sum uint32, want Columns, buf *Buffer) (Block, error) {
	s.checkMu.RLock()
	var known uint8
	if i < len(s.checks) {
		known = s.checks[i]
	}
	s.checkMu.RUnlock()

	b := Block{N: n, width: s.l.width}
	buf.meta = grow(buf.meta, metaBytes)
	if err := s.readFull(at.name, buf.meta, at.off); err != nil {
		return b, err
	}
	b.meta = buf.meta
	sums, err := decodeBlockHeader(buf.meta, &s.h, i)
	if err != nil || sums.header != sum || sums.n < n {
		return b, &CorruptError{Path: at.name, Offset: at.off, Reason: "block header does not match"}
	}
	bits := uint8(0)
	check := func(bit uint8, p []byte, want uint32, what string) error {
		if known&bit != 0 {
			return nil
		}
		if crc32.Checksum(p, castagnoli) != want {
			return &CorruptError{Path: at.name, Offset: at.off, Reason: what + " checksum does not match"}
		}
		bits |= bit
		return nil
	}
	if err := check(checkedMeta, b.meta[blockHeader:], sums.meta, "row"); err != nil {
		return b, err
	}
	if want&Vectors != 0 {
		buf.vectors = grow(buf.vectors, s.l.vec)
		if err := s.readFull(at.name, buf.vectors, at.off+metaBytes); err != nil {
			return b, err
		}
		if err := check(checkedVectors, buf.vectors, sums.vectors, "vector"); err != nil {
			return b, err
		}
		b.vectors = buf.vectors
	}
	if want&PlainVectors != 0 && s.l.plain {
		buf.plain = grow(buf.plain, s.l.vec)
		if err := s.readFull(at.name, buf.plain, at.off+metaBytes+int64(s.l.vec)); err != nil {
			return b, err
		}
		if err := check(checkedPlain, buf.plain, sums.plain, "plain vector"); err != nil {
			return b, err
		}
		b.plain = buf.plain
	}
	if bits != 0 {
		s.setChecked(i, bits, sum)
	}
	return b, nil
}

// Find returns where the row of an ordinal lies. ErrNotFound if there is none,
// or it was deleted.
func (v View) Find(ord uint32) (block, row int, err error) {
	if v.st.dead != nil && v.st.dead.Contains(ord) {
		return 0, 0, ErrNotFound
	}
	i := sort.Search(v.Blocks(), func(i int) bool { return v.Zone(i).LastOrd >= ord })
	if i == v.Blocks() || v.Zone(i).FirstOrd > ord {
		return 0, 0, ErrNotFound
	}
	b, err := v.Load(i, 0, &Buffer{})
	if err != nil {
		return 0, 0, err
	}
	r := sort.Search(b.N, func(r int) bool { return b.Ord(r) >= ord })
	if r == b.N || b.Ord(r) != ord {
		return 0, 0, ErrNotFound
	}
	return i, r, nil
}

// Record reads one clip from the log.
func (v View) Record(ord uint32) (Record, error) {
	i, r, err := v.Find(ord)
	if err != nil {
		return Record{}, err
	}
	b, err := v.Load(i, 0, &Buffer{})
	if err != nil {
		return Record{}, err
	}
	return v.s.recordAt(b.logOffset(r), uint32(i*BlockRows+r), ord)
}

// firstRead is enough for most records in one read.
const firstRead = 8 << 10

func (s *Segment) recordAt(off int64, row, ord uint32) (Record, error) {
	buf := make([]byte, firstRead)
	n, err := s.files.ReadAt(s.logPath, buf, off)
	if err != nil && !errors.Is(err, io.EOF) {
		return Record{}, fmt.Errorf("read %s: %w", s.logPath, err)
	}
	buf = buf[:n]
	bad := func(reason string) (Record, error) {
		return Record{}, &CorruptError{Path: s.logPath, Offset: off, Reason: reason}
	}
	if n < frameLen {
		return bad(errShortRecord.Error())
	}
	if total := int(min(le.Uint32(buf), maxBody)) + frameLen; total > n {
		if n < firstRead {
			return bad(errShortRecord.Error())
		}
		buf = append(buf, make([]byte, total-n)...)
		if err := s.readFull(s.logPath, buf[n:], off+int64(n)); err != nil {
			return Record{}, err
		}
	}
	e, err := s.h.decodeEntry(buf, off, row)
	if err != nil {
		return bad(err.Error())
	}
	if e.kind != kindData || e.ord() != ord {
		return bad("another record lies here")
	}
	r, err := s.h.record(&e)
	if err != nil {
		return bad(err.Error())
	}
	return r, nil
}

// Scan reads the clips of ordinal from and above out of the log, in order, dead
// ones left out, without their numbers: only Ord, Start, Duration, Flags and
// Meta are filled. Damaged records are passed over.
func (v View) Scan(from uint32, fn func(Record) error) error {
	i := sort.Search(v.Blocks(), func(i int) bool { return v.Zone(i).LastOrd >= from })
	if i == v.Blocks() {
		return nil
	}
	f, err := v.s.files.acquire(v.s.logPath)
	if err != nil {
		return err
	}
	defer v.s.files.release(f)
	size, err := f.Size()
	if err != nil {
		return err
	}
	sc := v.s.scanner(f, size)
	sc.off, sc.row = v.Zone(i).Log, uint32(i*BlockRows)
	for int(sc.row) < v.st.rows {
		e, err := sc.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad errDamaged
		if errors.As(err, &bad) {
			mark, _, merr := sc.marks(sc.off)
			if merr != nil {
				return merr
			}
			if _, ok, rerr := sc.resync(sc.off, mark); rerr != nil || !ok {
				return rerr
			}
			continue
		}
		if err != nil {
			return err
		}
		if e.kind != kindData || e.ord() < from || v.st.dead != nil && v.st.dead.Contains(e.ord()) {
			continue
		}
		p, err := v.s.h.parse(e.body)
		if err != nil {
			return err
		}
		r := Record{Ord: e.ord(), Start: e.start(), Duration: e.duration(), Flags: e.flags()}
		if r.Meta, err = decodeMeta(p.meta); err != nil {
			return &CorruptError{Path: v.s.logPath, Offset: e.off, Reason: err.Error()}
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return nil
}
