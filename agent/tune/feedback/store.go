package feedback

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/index/vfs"
)

var (
	// ErrNewerVersion is returned by Open for a file of a later program.
	ErrNewerVersion = errors.New("the feedback was written by a newer version of this program")
	// ErrDiskFull is returned by Add where there is no room. Nothing was kept; it
	// works again once there is room.
	ErrDiskFull = errors.New("the disk is full: the grade was not kept")
	// ErrFull is returned by Add where the file has reached its largest size.
	ErrFull = errors.New("there is no room for more feedback: move the file of grades away and restart")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("the feedback is closed")
)

const (
	headerPrefix  = "gemba feedback "
	formatVersion = 1
	maxFile       = 256 << 20 // some million grades
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Store is the open file of grades. It is safe for concurrent use by one
// process; the lock of the data folder keeps others away.
type Store struct {
	fsys vfs.FS
	name string

	mu      sync.Mutex
	file    vfs.File // nil after a failed sync, until the next Add reads it anew
	closed  bool
	size    int64 // bytes that hold whole lines
	grades  []tune.Grade
	damaged int
}

type record struct {
	Query string    `json:"query"`
	Clip  string    `json:"clip"`
	Grade int       `json:"grade"`
	Time  time.Time `json:"time"`
}

// Open reads the grades in dir, which is made if it is not there; its parent must be.
func Open(fsys vfs.FS, dir string) (*Store, error) {
	s := &Store{fsys: fsys, name: path.Join(dir, "grades")}
	err := vfs.MkdirAllSync(fsys, path.Dir(dir), dir)
	if err == nil {
		err = s.open()
	}
	if err != nil {
		return nil, fmt.Errorf("open feedback: %w", err)
	}
	return s, nil
}

// open reads the file, cuts a torn end off and makes it ready for appending.
func (s *Store) open() error {
	data, err := vfs.ReadFile(s.fsys, s.name, maxFile+1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = fmt.Appendf(nil, "%s%d\n", headerPrefix, formatVersion), nil
		if err = vfs.WriteFileAtomic(s.fsys, s.name, data); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	d := decode(data)
	if d.version > formatVersion {
		return fmt.Errorf("%s: %w (format %d, this is %d)", s.name, ErrNewerVersion, d.version, formatVersion)
	}
	if d.version == 0 {
		return fmt.Errorf("%s is no file of feedback: move it away, a new one is begun then", s.name)
	}
	file, err := s.fsys.OpenWrite(s.name)
	if err != nil {
		return err
	}
	if int64(len(data)) > d.good {
		if err = file.Truncate(d.good); err == nil {
			err = file.Sync()
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
	}
	s.file, s.size, s.grades, s.damaged = file, d.good, d.grades, d.damaged
	return nil
}

type decoded struct {
	version int // 0: not such a file
	grades  []tune.Grade
	damaged int
	good    int64 // bytes up to the end of the last whole line
}

func decode(data []byte) (d decoded) {
	line, rest, whole := bytes.Cut(data, []byte{'\n'})
	number, is := bytes.CutPrefix(line, []byte(headerPrefix))
	version, err := strconv.Atoi(string(number))
	if !whole || !is || err != nil || version < 1 {
		return d
	}
	d.version, d.good = version, int64(len(line)+1)
	if version > formatVersion {
		return d
	}
	for {
		line, next, whole := bytes.Cut(rest, []byte{'\n'})
		if !whole {
			return d
		}
		d.good += int64(len(line) + 1)
		if g, ok := decodeLine(line); ok {
			d.grades = append(d.grades, g)
		} else {
			d.damaged++
		}
		rest = next
	}
}

func decodeLine(line []byte) (g tune.Grade, ok bool) {
	if len(line) < 10 || line[8] != ' ' {
		return g, false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || crc32.Checksum(line[9:], castagnoli) != uint32(sum) {
		return g, false
	}
	var r record
	if json.Unmarshal(line[9:], &r) != nil {
		return g, false
	}
	g = tune.Grade{Query: r.Query, Clip: r.Clip, Grade: r.Grade, Time: r.Time}
	return g, g.Check() == nil
}

// Add keeps a grade. It is durable when Add returns nil.
func (s *Store) Add(ctx context.Context, g tune.Grade) error {
	if err := g.Check(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	body, err := json.Marshal(record{g.Query, g.Clip, g.Grade, g.Time.UTC()})
	if err != nil {
		return fmt.Errorf("encode grade: %w", err)
	}
	line := append(append(fmt.Appendf(nil, "%08x ", crc32.Checksum(body, castagnoli)), body...), '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed:
		return ErrClosed
	case s.size+int64(len(line)) > maxFile:
		return ErrFull
	case s.file == nil:
		if err := s.open(); err != nil {
			return fmt.Errorf("open feedback again: %w", err)
		}
	}
	if _, err = s.file.WriteAt(line, s.size); err == nil {
		if err = s.file.SyncData(); err != nil {
			// What of it is on the disk is unknown: the next Add reads it anew.
			_ = s.file.Close()
			s.file = nil
		}
	} else if cut := s.file.Truncate(s.size); cut != nil {
		_ = s.file.Close()
		s.file = nil
	}
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case err != nil:
		return fmt.Errorf("keep grade: %w", err)
	}
	s.size += int64(len(line))
	g.Time = g.Time.UTC()
	s.grades = append(s.grades, g)
	return nil
}

// Grades are all grades in the order they were given.
func (s *Store) Grades() []tune.Grade {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.grades)
}

// Damaged is how many lines could not be read and were left out.
func (s *Store) Damaged() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.damaged
}

// Close closes the file.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}
