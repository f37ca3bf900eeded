package segment

import (
	"errors"
	"io"
)

// scanner reads a log record by record through a window, so that a day of
// records needs one buffer.
type scanner struct {
	h    *Header
	r    io.ReaderAt
	size int64
	off  int64  // of the next record
	row  uint32 // of the next data record

	// Where a seal, if there is one, says that a record ends, and how many
	// rows lie before it: as good as a sync mark for finding the way again.
	sealLen  int64
	sealRows uint32

	buf  []byte
	base int64 // log offset of buf[0]
}

const scanWindow = 1 << 20

// bytes returns up to n bytes at offset off, fewer only at the end of the log.
func (s *scanner) bytes(off int64, n int) ([]byte, error) {
	if rest := s.size - off; int64(n) > rest {
		n = int(max(rest, 0))
	}
	if n == 0 {
		return nil, nil
	}
	if off < s.base || off+int64(n) > s.base+int64(len(s.buf)) {
		want := int(min(int64(max(n, scanWindow)), s.size-off))
		if cap(s.buf) < want {
			s.buf = make([]byte, want)
		}
		s.buf = s.buf[:want]
		got, err := s.r.ReadAt(s.buf, off)
		s.base = off
		if err != nil && !errors.Is(err, io.EOF) {
			s.buf = s.buf[:0]
			return nil, err
		}
		s.buf = s.buf[:got]
		n = min(n, got)
	}
	at := off - s.base
	return s.buf[at : at+int64(n)], nil
}

// errDamaged is wrapped by what decode finds wrong with a record, as opposed to
// an error of reading.
type errDamaged struct{ error }

// at decodes the record at an offset, without moving.
func (s *scanner) at(off int64, row uint32) (entry, error) {
	head, err := s.bytes(off, frameLen)
	if err != nil {
		return entry{}, err
	}
	if len(head) == 0 {
		return entry{}, io.EOF
	}
	if len(head) < frameLen {
		return entry{}, errDamaged{errShortRecord}
	}
	n := int(min(le.Uint32(head), maxBody))
	b, err := s.bytes(off, frameLen+n)
	if err != nil {
		return entry{}, err
	}
	e, err := s.h.decodeEntry(b, off, row)
	if err != nil {
		return entry{}, errDamaged{err}
	}
	return e, nil
}

// next reads on. io.EOF at the end of the log, errDamaged at a bad record.
func (s *scanner) next() (entry, error) {
	e, err := s.at(s.off, s.row)
	if err != nil {
		return e, err
	}
	s.off = e.end()
	if e.kind == kindData {
		s.row++
	}
	return e, nil
}

// marks finds the sync marks behind off: the first of them, and the furthest
// promise of all.
func (s *scanner) marks(off int64) (first *entry, promise int64, err error) {
	for o := (off + 7) &^ 7; o+markLen <= s.size; o += 8 {
		if o <= off {
			continue
		}
		b, err := s.bytes(o, frameLen+1)
		if err != nil {
			return first, promise, err
		}
		if len(b) <= frameLen || le.Uint32(b) != markBody || b[frameLen] != kindMark {
			continue
		}
		e, err := s.at(o, 0)
		if err != nil {
			var bad errDamaged
			if errors.As(err, &bad) || errors.Is(err, io.EOF) {
				continue
			}
			return first, promise, err
		}
		if first == nil {
			keep := e
			keep.body = append([]byte(nil), e.body...)
			first = &keep
		}
		promise = max(promise, e.markPromise())
	}
	return first, promise, nil
}

// hop looks for an intact record right behind the damaged one at off, trusting
// the damaged one's length. On success the scanner stands there, and the
// number of data rows jumped over is returned.
func (s *scanner) hop(off int64) (lost uint32, ok bool, err error) {
	head, err := s.bytes(off, frameLen)
	if err != nil || len(head) < frameLen {
		return 0, false, err
	}
	n := le.Uint32(head)
	if n < tombBody || n > maxBody || n%8 != 0 {
		return 0, false, nil
	}
	next := off + frameLen + int64(n)
	if next > s.size {
		return 0, false, nil
	}
	if next == s.sealLen && s.sealRows >= s.row {
		lost = s.sealRows - s.row
		s.off, s.row = next, s.sealRows
		return lost, true, nil
	}
	for _, row := range []uint32{s.row + 1, s.row} {
		e, err := s.at(next, row)
		if err == nil {
			if e.kind == kindMark {
				row = e.markRows()
				if row < s.row {
					return 0, false, nil
				}
			}
			lost = row - s.row
			s.off, s.row = next, row
			return lost, true, nil
		}
		var bad errDamaged
		if !errors.As(err, &bad) {
			return 0, false, err
		}
	}
	return 0, false, nil
}

// resync finds the way again behind the damaged record at off: right behind it,
// or else at the next sync mark or at the seal. It returns the rows lost, and
// false when nothing behind off can be trusted.
func (s *scanner) resync(off int64, mark *entry) (lost uint32, ok bool, err error) {
	if lost, ok, err = s.hop(off); ok || err != nil {
		return lost, ok, err
	}
	next, row := int64(0), uint32(0)
	if mark != nil && mark.markRows() >= s.row {
		next, row = mark.off, mark.markRows()
	}
	if s.sealLen > off && s.sealLen <= s.size && s.sealRows >= s.row && (next == 0 || s.sealLen < next) {
		next, row = s.sealLen, s.sealRows
	}
	if next == 0 {
		return 0, false, nil
	}
	lost = row - s.row
	s.off, s.row = next, row
	return lost, true, nil
}
