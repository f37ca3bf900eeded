package segment

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/vfs"
)

func crcOf(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }

// replay makes the state from the log: from the last full block of the seal
// where the columns can be trusted, else from the start.
func (s *Segment) replay(sl *seal, size int64, colsOK bool) error {
	f, err := s.fs.Open(s.logPath)
	if err != nil {
		return err
	}
	defer f.Close()

	sc := s.scanner(f, size)
	st := &state{sources: map[uint64]struct{}{}}
	var deadOrds *roaring.Bitmap
	trusted := sl != nil && sl.logLen <= size
	if trusted {
		sc.sealLen, sc.sealRows = sl.logLen, sl.rows
	}
	s.kept = keptTail{}
	if trusted && len(sl.zones) > 0 {
		s.kept = sl.tail()
	}
	if trusted && colsOK {
		if full := int(sl.rows) / BlockRows; full > 0 {
			st.zones = sl.zones[:full:full]
			st.rows = full * BlockRows
			st.lastOrd = sl.zones[full-1].LastOrd
			sc.row = uint32(st.rows)
			if full < len(sl.zones) {
				sc.off = sl.zones[full].Log
			} else {
				sc.off = sl.logLen
			}
			for _, k := range sl.sources {
				st.sources[k] = struct{}{}
			}
		}
		if sl.dead != nil {
			deadOrds = sl.dead.Clone()
		}
		st.lost = int(sl.lost)
	} else if !s.readOnly {
		// Columns that nothing vouches for are made again from nothing.
		s.files.Forget(s.colsPath)
		if err := s.fs.Remove(s.colsPath); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.checkMu.Lock()
	s.checks = nil
	s.checkMu.Unlock()
	s.tail = nil

	promise := int64(headerLen)
	if sl != nil {
		promise = max(promise, sl.logLen)
	}
	kill := func(ord uint32) bool {
		if deadOrds == nil {
			deadOrds = roaring.New()
		}
		return deadOrds.CheckedAdd(ord)
	}
	var torn bool
	for {
		at := sc.off
		e, err := sc.next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad errDamaged
		if errors.As(err, &bad) {
			mark, later, merr := sc.marks(at)
			if merr != nil {
				return merr
			}
			promise = max(promise, later)
			if at >= promise {
				torn = true
				sc.off = at
				break
			}
			lost, ok, rerr := sc.resync(at, mark)
			if rerr != nil {
				return rerr
			}
			if !ok {
				if err := s.setAside(f, at, size, bad.error); err != nil {
					return err
				}
				sc.off = at
				torn = true
				break
			}
			for range lost {
				ord := uint32(0)
				if st.rows > 0 {
					ord = st.lastOrd + 1
				}
				s.push(st, &row{ord: ord, log: at, start: s.lostStart(st)})
				if kill(ord) {
					st.lost++ // not counted by the seal yet
				}
			}
			s.report(Problem{Path: s.logPath, Offset: at, Reason: bad.Error(), Lost: int(lost)})
			continue
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.logPath, err)
		}
		switch e.kind {
		case kindMark:
			promise = max(promise, e.markPromise())
			if int(e.markRows()) == st.rows {
				st.synced = st.rows
			}
		case kindTombstone:
			kill(e.tombstone())
		case kindData:
			if st.rows > 0 && e.ord() <= st.lastOrd {
				return &CorruptError{Path: s.logPath, Offset: at, Reason: fmt.Sprintf("ordinal %d after %d", e.ord(), st.lastOrd)}
			}
			r, err := s.rowOf(&e)
			if err != nil {
				return err
			}
			s.push(st, &r)
		}
	}
	s.end = sc.off
	if sl != nil && s.end < sl.logLen && !s.readOnly {
		// The seal promises more than there is; were it kept, it would seem
		// to vouch for what is appended from now on.
		if err := s.removeSeal(); err != nil {
			return err
		}
	}
	if torn && !s.readOnly {
		if err := s.truncateLog(s.end); err != nil {
			return err
		}
	}
	// What is in the file now was read back, but a killed writer may have left
	// it in the page cache only: it counts as durable after the next commit.
	s.promised = min(promise, s.end)
	if s.promised == s.end {
		st.synced = st.rows
	}
	s.sealed = 0
	if sl != nil && sl.logLen == s.end {
		s.sealed = sl.logLen
		if st.rows != int(sl.rows) || !colsOK {
			s.sealed = 0
		}
	}
	st.dead = deadOrds
	s.publish(st)
	if s.promised < s.end && !s.readOnly {
		if err := s.openLog(); err != nil {
			return err
		}
		return s.commit(true)
	}
	return nil
}

// lostStart gives a lost row a time inside what the block holds, so that it
// does not widen any bounds.
func (s *Segment) lostStart(st *state) int64 {
	switch {
	case s.tail != nil && s.tail.n > 0:
		return s.tailZone.Start
	case len(st.zones) > 0:
		return st.zones[len(st.zones)-1].End
	}
	return int64(s.h.Day) * 86400 * 1e9
}

// rowOf makes the column row of a data record.
func (s *Segment) rowOf(e *entry) (row, error) {
	p, err := s.h.parse(e.body)
	if err != nil {
		return row{}, &CorruptError{Path: s.logPath, Offset: e.off, Reason: err.Error()}
	}
	m, err := decodeMeta(p.meta)
	if err != nil {
		return row{}, &CorruptError{Path: s.logPath, Offset: e.off, Reason: err.Error()}
	}
	return row{
		start: e.start(), log: e.off, source: SourceHash(m.SourceKey), sourceOffset: int64(m.SourceOffset),
		ord: e.ord(), dur: e.duration(), hub: p.hub, flags: e.flags() &^ FlagPlain, vector: p.vector, plain: p.plain,
	}, nil
}

func (s *Segment) removeSeal() error {
	err := s.fs.Remove(s.sealPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.fs.SyncDir(s.dir)
}

func (s *Segment) truncateLog(size int64) error {
	f, err := s.fs.OpenWrite(s.logPath)
	if err != nil {
		return err
	}
	err = f.Truncate(size)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("cut torn end off %s: %w", s.logPath, err)
	}
	return nil
}

// setAside copies the end of a log that cannot be read to a file of its own,
// for somebody to look at, before it is cut off.
func (s *Segment) setAside(f vfs.File, from, size int64, cause error) error {
	p := Problem{Path: s.logPath, Offset: from, Reason: cause.Error()}
	if s.readOnly {
		s.report(p)
		return nil
	}
	name := path.Join(s.dir, fmt.Sprintf("log.%d.corrupt", from))
	if err := s.fs.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := s.fs.Create(name)
	if err != nil {
		return fmt.Errorf("set damaged end of %s aside: %w", s.logPath, err)
	}
	buf := make([]byte, 256<<10)
	for off := from; off < size && err == nil; {
		n, rerr := f.ReadAt(buf[:min(int64(len(buf)), size-off)], off)
		if n == 0 {
			err = rerr
			break
		}
		_, err = out.WriteAt(buf[:n], off-from)
		off += int64(n)
	}
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.fs.SyncDir(s.dir)
	}
	if err != nil {
		return fmt.Errorf("set damaged end of %s aside: %w", s.logPath, err)
	}
	p.Repaired = true
	p.Reason += "; the rest was set aside as " + path.Base(name)
	s.report(p)
	return nil
}

// heal makes block i again from the log, after cause was found in its columns,
// and writes it back if it can. mu is held.
func (s *Segment) heal(i, n int, z Zone, cause error) (*build, error) {
	if b := s.state.Load().healed[i]; b != nil && b.n >= n {
		return b, nil
	}
	b, zone, lost, err := s.rebuildBlock(i, n, z, s.end)
	if err != nil {
		return nil, fmt.Errorf("%w; and the log: %w", cause, err)
	}
	st := s.nextState(s.state.Load())
	if len(lost) > 0 {
		dead := roaring.New()
		if st.dead != nil {
			dead = st.dead.Clone()
		}
		for _, ord := range lost {
			if dead.CheckedAdd(ord) {
				st.lost++
			}
		}
		st.dead = dead
	}
	at := View{s: s, st: st}.place(i)
	p := Problem{Path: at.name, Offset: at.off, Reason: cause.Error(), Lost: len(lost)}
	if st.healed == nil {
		st.healed = map[int]*build{}
	}
	st.healed[i] = b
	if !s.readOnly && i < len(st.zones) && len(lost) == 0 && at.name == s.colsPath {
		if err := s.writeBlock(i, b, &zone); err == nil && zone.Sum == st.zones[i].Sum {
			p.Repaired = true
		}
	}
	s.publish(st)
	s.report(p)
	return b, nil
}

// rebuildBlock reads the records of block i from the log.
func (s *Segment) rebuildBlock(i, n int, z Zone, end int64) (*build, Zone, []uint32, error) {
	f, err := s.files.acquire(s.logPath)
	if err != nil {
		return nil, Zone{}, nil, err
	}
	defer s.files.release(f)
	sc := s.scanner(f, end)
	sc.off, sc.row = z.Log, uint32(i*BlockRows)
	b := s.l.newBuild()
	var zone Zone
	var lost []uint32
	add := func(r *row) {
		zone.add(r, b.n == 0)
		b.push(r)
	}
	for b.n < n {
		at := sc.off
		e, err := sc.next()
		var bad errDamaged
		switch {
		case errors.Is(err, io.EOF):
			return nil, zone, nil, &CorruptError{Path: s.logPath, Offset: at, Reason: "log is too short"}
		case errors.As(err, &bad):
			mark, _, merr := sc.marks(at)
			if merr != nil {
				return nil, zone, nil, merr
			}
			gone, ok, rerr := sc.resync(at, mark)
			if rerr != nil {
				return nil, zone, nil, rerr
			}
			if !ok {
				return nil, zone, nil, &CorruptError{Path: s.logPath, Offset: at, Reason: bad.Error()}
			}
			for range gone {
				if b.n == n {
					break
				}
				r := row{ord: z.FirstOrd, log: at, start: z.Start}
				if b.n > 0 {
					r.ord = zone.LastOrd + 1
				}
				add(&r)
				lost = append(lost, r.ord)
			}
		case err != nil:
			return nil, zone, nil, err
		case e.kind == kindData:
			r, err := s.rowOf(&e)
			if err != nil {
				return nil, zone, nil, err
			}
			add(&r)
		}
	}
	return b, zone, lost, nil
}

// Recover opens a segment again whose writer broke off: the log is cut back to
// what is known durable. The rows behind it, which nobody was told were safe,
// are gone from views of the new segment.
func (s *Segment) Recover() (*Segment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeFiles()
	if s.broken == nil {
		s.broken = errors.New("segment was opened again")
	}
	if err := s.truncateLog(s.promised); err != nil {
		return nil, err
	}
	n := newSegment(s.dir, s.h, Options{FS: s.fs, Files: s.files, ReadOnly: s.readOnly, Report: s.report, Now: s.now})
	if err := n.open(); err != nil {
		return nil, fmt.Errorf("open segment %s again: %w", s.dir, err)
	}
	return n, nil
}

// Rebuild makes the columns and the seal again from the log. Views taken before
// go on working.
func (s *Segment) Rebuild() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readOnly {
		return ErrReadOnly
	}
	if err := s.commit(false); err != nil {
		return err
	}
	s.closeFiles()
	if err := s.removeSeal(); err != nil {
		return err
	}
	size, err := s.fs.Size(s.logPath)
	if err != nil {
		return err
	}
	promised := s.promised
	// The old seal goes, but what it promised still holds: a bad record is
	// damage, not a torn tail.
	known := &seal{logLen: promised, rows: uint32(s.state.Load().rows)}
	if err := s.replay(known, size, false); err != nil {
		return err
	}
	s.sealed = 0
	if s.end == headerLen {
		return nil
	}
	return s.seal()
}

// Verify reads everything and reports damage, changing nothing.
func (s *Segment) Verify(report func(Problem)) error {
	s.mu.Lock()
	end, st := s.end, s.state.Load()
	s.mu.Unlock()
	if _, err := ReadHeader(s.fs, s.dir); err != nil {
		report(Problem{Path: s.logPath, Reason: err.Error()})
	}
	f, err := s.files.acquire(s.logPath)
	if err != nil {
		return err
	}
	defer s.files.release(f)
	if size, err := f.Size(); err != nil {
		return err
	} else if size < end {
		report(Problem{Path: s.logPath, Offset: size, Reason: "log is too short"})
	}
	sc := s.scanner(f, end)
	sc.sealLen, sc.sealRows = s.sealPoint()
	for {
		at := sc.off
		_, err := sc.next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad errDamaged
		if !errors.As(err, &bad) {
			if err != nil {
				return err
			}
			continue
		}
		mark, _, merr := sc.marks(at)
		if merr != nil {
			return merr
		}
		lost, ok, rerr := sc.resync(at, mark)
		if rerr != nil {
			return rerr
		}
		report(Problem{Path: s.logPath, Offset: at, Reason: bad.Error(), Lost: int(lost)})
		if !ok {
			break
		}
	}
	if int(sc.row) < st.rows {
		report(Problem{Path: s.logPath, Offset: sc.off, Reason: fmt.Sprintf("%d of %d clips found", sc.row, st.rows)})
	}
	return s.verifyColumns(st, end, report)
}

func (s *Segment) sealPoint() (int64, uint32) {
	sl, err := s.readSeal()
	if err != nil || sl == nil {
		return 0, 0
	}
	return sl.logLen, sl.rows
}

// verifyColumns compares every block on disk with its records.
func (s *Segment) verifyColumns(st *state, end int64, report func(Problem)) error {
	var buf Buffer
	for i, z := range st.zones {
		if st.healed[i] != nil {
			continue
		}
		n := min(BlockRows, st.rows-i*BlockRows)
		s.unchecked(i)
		at := View{s: s, st: st}.place(i)
		_, err := s.readBlock(at, i, n, z.Sum, Vectors|PlainVectors, &buf)
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if now := s.state.Load(); err != nil && (i >= len(now.zones) || now.zones[i].Sum != z.Sum) {
			continue // written again while we looked
		}
		if err == nil {
			b, zone, _, rerr := s.rebuildBlock(i, n, z, end)
			if rerr != nil {
				continue // the log is damaged, which was reported
			}
			b.finish(&s.h, i, &zone)
			if zone.Sum == z.Sum {
				continue
			}
			err = errors.New("columns differ from the log")
		}
		report(Problem{Path: at.name, Offset: at.off, Reason: err.Error()})
	}
	return nil
}
