package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/vfs"
)

// File names in a segment folder.
const (
	logName  = "log"
	colsName = "cols"
	sealName = "seal"

	tailPrefix = "tail."
)

// Options say how segments are opened.
type Options struct {
	FS       vfs.FS
	Files    *Files // shared by all segments of a store
	ReadOnly bool   // change nothing on disk, whatever is found
	// Report is told of damage as it is found, from any goroutine. May be nil.
	Report func(Problem)
	// Now is the clock of sync marks; nil: time.Now.
	Now func() time.Time
}

// Segment is one open segment. Readers take views; see the package comment.
type Segment struct {
	fs       vfs.FS
	files    *Files
	h        Header
	l        layout
	dir      string
	logPath  string
	colsPath string
	sealPath string
	readOnly bool
	report   func(Problem)
	now      func() time.Time

	state atomic.Pointer[state]

	checkMu sync.RWMutex
	checks  []uint8 // per block: columns found right

	sourceMu sync.RWMutex // guards the sources map, which all states share

	// The rest belongs to the writer.
	mu       sync.Mutex
	log      vfs.File // nil until something is appended
	cols     vfs.File // nil likewise, or when it could not be made
	end      int64    // length of the log
	promised int64    // log bytes known durable
	tail     *build   // the last block, being filled; nil: full, or on disk only
	tailZone Zone
	sealed   int64 // log length the seal promises, 0: none
	kept     keptTail
	broken   error // writing failed for good: open again
	buf      []byte
}

// keptTail names the file of an unfinished block that the seal refers to.
type keptTail struct {
	rows int
	sum  uint32
}

// tailPath is the file of the unfinished block of a segment of so many rows.
func (s *Segment) tailPath(rows int) string {
	return path.Join(s.dir, fmt.Sprintf("%s%d", tailPrefix, rows))
}

func newSegment(dir string, h Header, o Options) *Segment {
	s := &Segment{
		fs: o.FS, files: o.Files, h: h, l: h.layout(), dir: dir,
		logPath: path.Join(dir, logName), colsPath: path.Join(dir, colsName), sealPath: path.Join(dir, sealName),
		readOnly: o.ReadOnly, report: o.Report, now: o.Now,
	}
	if s.report == nil {
		s.report = func(Problem) {}
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.state.Store(&state{sources: map[uint64]struct{}{}})
	return s
}

// Create makes an empty segment in the partition folder parent, durably.
func Create(parent string, h Header, o Options) (*Segment, error) {
	dir := path.Join(parent, h.Dir())
	tmp := dir + vfs.TempSuffix
	build := func() error {
		if err := o.FS.RemoveAll(tmp); err != nil {
			return err
		}
		if err := o.FS.MkdirAll(tmp); err != nil {
			return err
		}
		f, err := o.FS.Create(path.Join(tmp, logName))
		if err != nil {
			return err
		}
		_, err = f.WriteAt(h.encode(), 0)
		if err == nil {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = o.FS.SyncDir(tmp)
		}
		if err == nil {
			err = o.FS.Rename(tmp, dir)
		}
		if err == nil {
			err = o.FS.SyncDir(parent)
		}
		return err
	}
	if err := build(); err != nil {
		_ = o.FS.RemoveAll(tmp) // best effort: open removes leftovers
		return nil, fmt.Errorf("create segment %s: %w", dir, err)
	}
	s := newSegment(dir, h, o)
	s.end, s.promised = headerLen, headerLen
	return s, nil
}

// ReadHeader reads the header of the segment in a folder.
func ReadHeader(fsys vfs.FS, dir string) (Header, error) {
	name := path.Join(dir, logName)
	f, err := fsys.Open(name)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	b := make([]byte, headerLen)
	n, _ := f.ReadAt(b, 0) // too few bytes are found below
	h, err := decodeHeader(b[:n])
	if err != nil {
		if errors.Is(err, ErrNewerVersion) {
			return h, fmt.Errorf("%s: %w", name, err)
		}
		return h, &CorruptError{Path: name, Reason: err.Error()}
	}
	return h, nil
}

// Open opens the segment in dir, which must be the one that want describes,
// and recovers it: a torn tail is cut off, damage is reported and stepped
// over, columns that do not fit the log are made again.
func Open(dir string, want Header, o Options) (*Segment, error) {
	s := newSegment(dir, want, o)
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open segment %s: %w", dir, err)
	}
	return s, nil
}

func (s *Segment) open() error {
	h, err := ReadHeader(s.fs, s.dir)
	switch {
	case err == nil && !h.same(&s.h):
		return &CorruptError{Path: s.logPath, Reason: fmt.Sprintf("belongs to camera %q, partition %d", h.Camera, h.Partition)}
	case err == nil:
		s.h = h
	case errors.Is(err, ErrCorrupt):
		// The manifest says all that the header does, and the records carry
		// their own checksums: a damaged header costs nothing.
		if err := s.restoreHeader(err); err != nil {
			return err
		}
	default:
		return err
	}
	size, err := s.fs.Size(s.logPath)
	if err != nil {
		return err
	}
	sl, err := s.readSeal()
	if err != nil {
		return err
	}
	if sl != nil && sl.logLen > size {
		s.report(Problem{Path: s.logPath, Offset: size,
			Reason: fmt.Sprintf("log ends before the %d bytes that were made durable", sl.logLen)})
	}
	colsOK := s.checkColsHeader(sl)
	if sl != nil && sl.logLen == size && colsOK {
		s.adoptSeal(sl)
		return nil
	}
	return s.replay(sl, size, colsOK)
}

func (s *Segment) restoreHeader(cause error) error {
	p := Problem{Path: s.logPath, Reason: cause.Error()}
	if !s.readOnly {
		f, err := s.fs.OpenWrite(s.logPath)
		if err != nil {
			return err
		}
		_, err = f.WriteAt(s.h.encode(), 0)
		if err == nil {
			err = f.Sync()
		}
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return fmt.Errorf("restore header: %w", err)
		}
		p.Repaired = true
	}
	s.report(p)
	return nil
}

// readSeal returns nil if there is no usable seal.
func (s *Segment) readSeal() (*seal, error) {
	b, err := vfs.ReadFile(s.fs, s.sealPath, maxSeal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	sl, err := decodeSeal(b, &s.h)
	if errors.Is(err, ErrNewerVersion) {
		return nil, err
	}
	if err != nil {
		s.report(Problem{Path: s.sealPath, Reason: err.Error(), Repaired: true})
		return nil, nil
	}
	return sl, nil
}

// colsHeader begins the cols file: it ties the columns to their log.
func (s *Segment) colsHeader() []byte {
	b := s.h.encode()
	copy(b, "VCOL")
	le.PutUint32(b[headerLen-4:], crcOf(b[:headerLen-4]))
	return b
}

// checkColsHeader reports whether the cols file fits the log and, if there is a
// seal, holds the blocks it promises.
func (s *Segment) checkColsHeader(sl *seal) bool {
	f, err := s.fs.Open(s.colsPath)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, headerLen)
	if n, _ := f.ReadAt(b, 0); n < headerLen || !slices.Equal(b, s.colsHeader()) {
		return false
	}
	size, err := f.Size()
	return err == nil && (sl == nil || size >= s.l.fileOffset(int(sl.rows)/BlockRows))
}

func (s *Segment) adoptSeal(sl *seal) {
	st := &state{rows: int(sl.rows), synced: int(sl.rows), zones: sl.zones, dead: sl.dead, lost: int(sl.lost),
		sources: make(map[uint64]struct{}, len(sl.sources))}
	for _, k := range sl.sources {
		st.sources[k] = struct{}{}
	}
	if n := len(sl.zones); n > 0 {
		st.lastOrd = sl.zones[n-1].LastOrd
	}
	s.end, s.promised, s.sealed = sl.logLen, sl.logLen, sl.logLen
	s.kept = sl.tail()
	s.state.Store(st)
}

func (s *Segment) scanner(r vfs.File, size int64) *scanner {
	return &scanner{h: &s.h, r: r, size: size, off: headerLen}
}

// Header identifies the segment.
func (s *Segment) Header() *Header { return &s.h }

// Bytes are the sizes of the log and of the files derived from it.
func (s *Segment) Bytes() (log, derived int64) {
	s.mu.Lock()
	log = s.end
	s.mu.Unlock()
	for _, name := range []string{s.colsPath, s.sealPath} {
		if n, err := s.fs.Size(name); err == nil {
			derived += n
		}
	}
	return log, derived
}

// openLog makes the writer's handle.
func (s *Segment) openLog() error {
	switch {
	case s.readOnly:
		return ErrReadOnly
	case s.broken != nil:
		return s.broken
	case s.log != nil:
		return nil
	}
	f, err := s.fs.OpenWrite(s.logPath)
	if err != nil {
		return err
	}
	s.log = f
	return nil
}

// Append adds records, all or none. Their ordinals must rise. They are seen by
// views taken afterwards, and durable after Commit. When the disk is full the
// log is as before and the segment goes on working. An [InvalidError] says what
// is wrong with a record.
func (s *Segment) Append(recs []Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.openLog(); err != nil {
		return err
	}
	if err := s.wake(); err != nil {
		return err
	}
	st := s.state.Load()
	buf := s.buf[:0]
	ends := make([]int64, len(recs))
	last, have := st.lastOrd, st.rows > 0
	for i := range recs {
		if have && recs[i].Ord <= last {
			return fmt.Errorf("ordinal %d does not follow %d", recs[i].Ord, last)
		}
		last, have = recs[i].Ord, true
		var err error
		if buf, err = s.h.appendRecord(buf, &recs[i], uint32(st.rows+i)); err != nil {
			return &InvalidError{Index: i, Reason: err.Error()}
		}
		ends[i] = int64(len(buf))
	}
	s.keepBuffer(buf)
	start := s.end
	if err := s.write(buf); err != nil {
		return err
	}
	next := s.nextState(st)
	at := int64(0)
	for i := range recs {
		r := &recs[i]
		p, err := s.h.parse(buf[at+frameLen : ends[i]])
		if err != nil {
			return s.breakOff(err) // what was just encoded must parse
		}
		s.push(next, &row{
			start: r.Start, log: start + at, source: SourceHash(r.Meta.SourceKey), sourceOffset: int64(r.Meta.SourceOffset),
			ord: r.Ord, dur: r.Duration, hub: r.Hub, flags: r.Flags &^ FlagPlain, vector: p.vector, plain: p.plain,
		})
		at = ends[i]
	}
	s.publish(next)
	return nil
}

// InvalidError names the record of an Append that cannot be stored.
type InvalidError struct {
	Index  int
	Reason string
}

func (e *InvalidError) Error() string { return e.Reason }

// keepBuffer keeps the encoding buffer unless it grew out of proportion.
func (s *Segment) keepBuffer(buf []byte) {
	if cap(buf) <= 4<<20 {
		s.buf = buf[:0]
	} else {
		s.buf = nil
	}
}

// write puts bytes at the end of the log, or leaves it as it was.
func (s *Segment) write(b []byte) error {
	n, err := s.log.WriteAt(b, s.end)
	if err == nil {
		s.end += int64(len(b))
		return nil
	}
	if n > 0 {
		// Take back what got through, or the next record would lie behind
		// half of this one.
		if terr := s.log.Truncate(s.end); terr != nil {
			return s.breakOff(errors.Join(err, terr))
		}
	}
	return fmt.Errorf("append to %s: %w", s.logPath, err)
}

// breakOff ends writing for good; what is durable will be found at the next open.
func (s *Segment) breakOff(err error) error {
	s.broken = fmt.Errorf("%w: %s: %w", ErrBroken, s.logPath, err)
	s.closeFiles()
	return s.broken
}

func (s *Segment) closeFiles() {
	if s.log != nil {
		s.log.Close()
		s.log = nil
	}
	if s.cols != nil {
		s.cols.Close()
		s.cols = nil
	}
}

// wake loads the unfinished last block of a sealed segment so that it can grow.
func (s *Segment) wake() error {
	st := s.state.Load()
	if s.tail != nil || st.rows%BlockRows == 0 || len(st.mem) > 0 {
		return nil
	}
	i := len(st.zones) - 1
	v := View{s: s, st: st, locked: true}
	b, err := v.Load(i, Vectors|PlainVectors, &Buffer{})
	if err != nil {
		return fmt.Errorf("load last rows: %w", err)
	}
	t := s.l.newBuild()
	copy(t.buf, b.meta)
	copy(t.buf[metaBytes:], b.vectors)
	copy(t.buf[metaBytes+s.l.vec:], b.plain)
	t.n = b.N
	next := s.nextState(st)
	s.tail, s.tailZone = t, st.zones[i]
	s.unchecked(i)
	next.zones = st.zones[:i:i]
	next.mem = []memBlock{{t, t.n, s.tailZone}}
	delete(next.healed, i)
	s.publish(next)
	return nil
}

// nextState is a state to change and publish.
func (s *Segment) nextState(st *state) *state {
	next := *st
	next.mem = slices.Clone(st.mem)
	next.healed = maps.Clone(st.healed)
	return &next
}

// publish shows a state to new readers.
func (s *Segment) publish(st *state) {
	if s.tail != nil && len(st.mem) > 0 {
		st.mem[len(st.mem)-1] = memBlock{s.tail, s.tail.n, s.tailZone}
	}
	s.state.Store(st)
}

// push adds a row to the tail of st, starting a block and finishing it as needed.
func (s *Segment) push(st *state, r *row) {
	if s.tail == nil {
		s.tail = s.l.newBuild()
		st.mem = append(st.mem, memBlock{b: s.tail})
	}
	s.tailZone.add(r, s.tail.n == 0)
	s.tail.push(r)
	st.rows++
	st.lastOrd = r.ord
	if r.source != 0 {
		s.sourceMu.Lock()
		st.sources[r.source] = struct{}{}
		s.sourceMu.Unlock()
	}
	if s.tail.n < BlockRows {
		return
	}
	st.mem[len(st.mem)-1] = memBlock{s.tail, BlockRows, s.tailZone}
	s.tail = nil
	// A full disk, or a segment opened for reading, leaves full blocks in
	// memory; they are tried again at the next commit.
	_ = s.flush(st)
}

// flush writes the full blocks that are still in memory, in order.
func (s *Segment) flush(st *state) error {
	for len(st.mem) > 0 && st.mem[0].n == BlockRows {
		m := st.mem[0]
		if err := s.writeBlock(len(st.zones), m.b, &m.zone); err != nil {
			return err
		}
		st.zones = append(st.zones, m.zone)
		st.mem = st.mem[1:]
	}
	return nil
}

// writeBlock writes one block of columns, without fsync.
func (s *Segment) writeBlock(i int, b *build, z *Zone) error {
	if s.readOnly {
		return ErrReadOnly
	}
	if err := s.openCols(); err != nil {
		return err
	}
	s.unchecked(i)
	data := b.finish(&s.h, i, z)
	if _, err := s.cols.WriteAt(data, s.l.fileOffset(i)); err != nil {
		return fmt.Errorf("write %s: %w", s.colsPath, err)
	}
	return nil
}

func (s *Segment) openCols() error {
	if s.cols != nil {
		return nil
	}
	f, err := s.fs.OpenWrite(s.colsPath)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = s.fs.Create(s.colsPath)
		if err == nil {
			if _, err = f.WriteAt(s.colsHeader(), 0); err != nil {
				f.Close()
				_ = s.fs.Remove(s.colsPath) // derived: made again next time
			}
		}
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", s.colsPath, err)
	}
	s.cols = f
	return nil
}

// Delete marks rows dead, durably after the next Commit. Ordinals that are not
// there are ignored. by is kept with the tombstone (an audit id, or 0).
func (s *Segment) Delete(ords []uint32, by uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.openLog(); err != nil {
		return err
	}
	st := s.state.Load()
	v := View{s: s, st: st, locked: true}
	dead := roaring.New()
	if st.dead != nil {
		dead = st.dead.Clone()
	}
	buf := s.buf[:0]
	n := dead.GetCardinality()
	for _, ord := range ords {
		if _, _, err := v.Find(ord); errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return err
		}
		if dead.CheckedAdd(ord) {
			buf = s.h.appendTombstone(buf, ord, by, s.now().UnixNano(), uint32(st.rows))
		}
	}
	s.keepBuffer(buf)
	if dead.GetCardinality() == n {
		return nil
	}
	if err := s.write(buf); err != nil {
		return err
	}
	next := s.nextState(st)
	next.dead = dead
	s.publish(next)
	return nil
}

// Dirty is the number of log bytes that are not durable yet.
func (s *Segment) Dirty() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end - s.promised
}

// Commit makes everything appended durable (fdatasync) and writes the sync mark
// that promises it. An error is final: the rows since the last commit must be
// regarded as lost, and the segment be opened again with [Segment.Recover].
func (s *Segment) Commit() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commit(true)
}

func (s *Segment) commit(mark bool) error {
	if s.broken != nil {
		return s.broken
	}
	if s.end == s.promised || s.log == nil {
		return nil
	}
	if err := s.log.SyncData(); err != nil {
		return s.breakOff(fmt.Errorf("fdatasync: %w", err))
	}
	s.promised = s.end
	st := s.nextState(s.state.Load())
	st.synced = st.rows
	_ = s.flush(st) // tried again at the next commit; Seal insists
	s.publish(st)
	if !mark {
		return nil
	}
	// The mark itself becomes durable with the next commit. If there is no
	// room for it, it is left out: it only makes recovery stricter.
	b := s.h.appendMark(s.buf[:0], uint32(st.rows), s.promised, s.end, s.now().UnixNano())
	if err := s.write(b); err != nil {
		return s.broken
	}
	s.promised = s.end // nothing of worth is unsynced
	return nil
}

// Pending reports how many rows were added since the last seal, so that a long
// day can be sealed in between.
func (s *Segment) Pending() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end - max(s.sealed, headerLen)
}

// Seal commits, makes the columns durable and writes the seal: the next open
// need not read the log. With release the tail's memory and the writer's files
// are given back; the next Append takes them again.
func (s *Segment) Seal(release bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readOnly {
		return nil
	}
	if s.end == s.sealed || s.end == headerLen {
		if release {
			s.release()
		}
		return nil
	}
	if err := s.seal(); err != nil {
		return fmt.Errorf("seal %s: %w", s.dir, err)
	}
	if release {
		s.release()
	}
	return nil
}

func (s *Segment) seal() error {
	if err := s.openLog(); err != nil {
		return err
	}
	// The last mark may be behind promised; sync it too, since the seal
	// promises the whole length.
	if err := s.log.SyncData(); err != nil {
		return s.breakOff(fmt.Errorf("fdatasync: %w", err))
	}
	s.promised = s.end
	st := s.nextState(s.state.Load())
	st.synced = st.rows
	if err := s.flush(st); err != nil {
		return err
	}
	zones := slices.Clone(st.zones)
	var err error
	if s.tail != nil {
		if err = s.writeTail(len(zones), st.rows); err == nil {
			zones = append(zones, s.tailZone)
		}
	}
	s.publish(st)
	if err != nil {
		return err
	}
	if err := s.openCols(); err != nil {
		return err
	}
	if err := s.cols.Sync(); err != nil {
		// Derived data: throw the handle away and let the next open rebuild.
		s.cols.Close()
		s.cols = nil
		return fmt.Errorf("fsync %s: %w", s.colsPath, err)
	}
	sl := seal{rows: uint32(st.rows), logLen: s.end, lost: uint32(st.lost), zones: zones, dead: st.dead}
	s.sourceMu.RLock()
	sl.sources = slices.Sorted(maps.Keys(st.sources))
	s.sourceMu.RUnlock()
	b, err := sl.encode(&s.h)
	if err != nil {
		return err
	}
	// Replacing the file also syncs the directory, which makes the entry of
	// a new cols file durable.
	if err := vfs.WriteFileAtomic(s.fs, s.sealPath, b); err != nil {
		return err
	}
	s.sealed, s.kept = s.end, sl.tail()
	s.removeTails()
	return nil
}

// writeTail makes the unfinished block durable in a file of its own.
func (s *Segment) writeTail(i, rows int) error {
	data := s.tail.finish(&s.h, i, &s.tailZone)
	if s.kept == (keptTail{rows, s.tailZone.Sum}) {
		return nil // the seal that is there refers to it: not to be touched
	}
	name := s.tailPath(rows)
	s.files.Forget(name)
	if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := s.fs.Create(name)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = s.fs.Remove(name) // derived: made again at the next seal
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

// removeTails removes the files of unfinished blocks that no seal refers to. It
// may fail: they are in nobody's way.
func (s *Segment) removeTails() {
	list, err := s.fs.ReadDir(s.dir)
	if err != nil {
		return
	}
	for _, e := range list {
		name := path.Join(s.dir, e.Name)
		if strings.HasPrefix(e.Name, tailPrefix) && (s.kept.rows == 0 || name != s.tailPath(s.kept.rows)) {
			s.files.Forget(name)
			_ = s.fs.Remove(name)
		}
	}
}

// release gives the tail back: it is on disk, under a seal.
func (s *Segment) release() {
	s.closeFiles()
	if s.tail == nil || s.end != s.sealed {
		return
	}
	st := s.nextState(s.state.Load())
	s.tail.finish(&s.h, len(st.zones), &s.tailZone)
	if s.kept != (keptTail{st.rows, s.tailZone.Sum}) {
		return // it is not what lies on disk
	}
	st.mem = st.mem[:len(st.mem)-1]
	st.zones = append(st.zones, s.tailZone)
	s.tail = nil
	s.publish(st)
}

// Close seals the segment, if it can, and closes its files. Views stay usable.
func (s *Segment) Close() error {
	err := s.Seal(true)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeFiles()
	return err
}

// Abandon closes the writer's files without writing anything.
func (s *Segment) Abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeFiles()
	if s.broken == nil {
		s.broken = errors.New("segment is closed")
	}
}

// Forget drops the cached read handles: the folder is about to go.
func (s *Segment) Forget() {
	s.files.Forget(s.logPath)
	s.files.Forget(s.colsPath)
	s.files.Forget(s.tailPath(s.View().Rows()))
}
