package index

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
	"github.com/gembahq/gemba/index/vfs"
)

// textIndex is what the store needs of index/text; crash tests have their own.
type textIndex interface {
	Apply(ctx context.Context, day string, b *text.Batch) error
	Seen(ctx context.Context, day string, partition uint32) (uint32, error)
	Forget(ctx context.Context, day string, partition, ord uint32) error
	Select(ctx context.Context, day string, q text.Query) (map[uint32]*roaring.Bitmap, error)
	IDs(day string) (map[uint32]*roaring.Bitmap, error)
	Days() ([]string, error)
	Drop(day string) error
	Bytes() int64
	Close() error
}

// Store is an open index.
type Store struct {
	o        Options
	fs       vfs.FS
	files    *segment.Files
	text     textIndex
	lock     io.Closer // nil if read-only in a folder without a lock file
	readOnly bool
	problems problems

	mu     sync.RWMutex // the catalogue
	parts  map[uint32]*partition
	byDay  map[dayKey]*partition
	closed bool

	createMu sync.Mutex // making partitions
	numbers  *numbers

	dirty atomic.Int64 // log bytes not durable yet, about
	words wordState
	cover coverCache

	kick chan struct{} // wakes the background loop
	stop context.CancelFunc
	done chan struct{}
}

type dayKey struct {
	day    int32
	camera string
}

func (s *Store) segDir() string { return path.Join(s.o.Dir, "seg") }

// Open opens the store in a data folder for one process, makes it if it is not
// there, and recovers it from whatever end its last owner had. See the errors
// of this package.
func Open(ctx context.Context, o Options) (*Store, error) { return open(ctx, o, false) }

// OpenReadOnly opens a store to look at it while no other process has it open.
// It changes nothing on disk; damage is stepped over in memory.
func OpenReadOnly(ctx context.Context, o Options) (*Store, error) { return open(ctx, o, true) }

func open(ctx context.Context, o Options, readOnly bool) (_ *Store, err error) {
	if o.Dir == "" {
		return nil, errors.New("open index: no data folder given")
	}
	o.defaults()
	s := &Store{
		o: o, fs: o.FS, readOnly: readOnly, text: o.text,
		parts: map[uint32]*partition{}, byDay: map[dayKey]*partition{},
		kick: make(chan struct{}, 1), done: make(chan struct{}),
	}
	s.files = segment.NewFiles(o.FS, openFiles)
	s.problems.log = o.Logger
	defer func() {
		if err != nil {
			s.abandon()
			err = fmt.Errorf("open index in %s: %w", o.Dir, err)
		}
	}()
	if err := s.takeFolder(); err != nil {
		return nil, err
	}
	if err := s.load(ctx); err != nil {
		return nil, classify(err)
	}
	if s.text == nil {
		s.text = s.openText()
	}
	bg, stop := context.WithCancel(context.Background())
	s.stop = stop
	go s.background(bg)
	return s, nil
}

// takeFolder makes the folders and takes the lock.
func (s *Store) takeFolder() error {
	if s.readOnly {
		if _, err := s.fs.ReadDir(s.segDir()); errors.Is(err, fs.ErrNotExist) {
			return ErrNoIndex
		} else if err != nil {
			return err
		}
	} else if err := s.fs.MkdirAll(s.segDir()); err != nil {
		return notWritable(err)
	}
	lock, err := s.fs.Lock(path.Join(s.o.Dir, "lock"), !s.readOnly, fmt.Sprintf("pid %d", os.Getpid()))
	switch {
	case err == nil:
		s.lock = lock
	case errors.Is(err, vfs.ErrLocked):
		return fmt.Errorf("%w: %w; stop it, or ask it over its socket", ErrLocked, err)
	case s.readOnly && errors.Is(err, fs.ErrNotExist):
	default:
		return notWritable(err)
	}
	if !s.readOnly {
		for _, dir := range []string{path.Dir(s.o.Dir), s.o.Dir} {
			if err := s.fs.SyncDir(dir); err != nil && dir == s.o.Dir {
				return notWritable(err)
			}
		}
	}
	return checkFormat(s.fs, s.segDir(), s.readOnly)
}

// notWritable says what to do where the folder cannot be written.
func notWritable(err error) error {
	err = classify(err)
	if errors.Is(err, ErrNotWritable) {
		return fmt.Errorf("%w; mount it writable and give it to the user gembad runs as, or set another data_dir", err)
	}
	return err
}

// load opens all partitions, newest day first.
func (s *Store) load(ctx context.Context) error {
	keys, err := s.listPartitions()
	if err != nil {
		return err
	}
	opened := make([]*partition, len(keys))
	errs := make([]error, len(keys))
	var next atomic.Int64
	var wg sync.WaitGroup
	// Opening waits for the disk more than it computes.
	for range min(len(keys), 4) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(keys) {
					return
				}
				opened[i], errs[i] = s.openPartition(keys[i].day, keys[i].camera)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return err
	}
	highest := uint32(0)
	for i, p := range opened {
		if p == nil {
			continue
		}
		if q := s.parts[p.num]; q != nil {
			return fmt.Errorf("%w: %s and %s have the same number %d; move one out of the folder", ErrCorrupt, q.dir, p.dir, p.num)
		}
		s.parts[p.num], s.byDay[keys[i]] = p, p
		highest = max(highest, p.num)
	}
	if s.readOnly {
		return nil
	}
	if err := s.dropOrphanThumbs(); err != nil {
		return err
	}
	s.numbers, err = openNumbers(s.fs, s.segDir(), highest, s.problems.add)
	return err
}

// dropOrphanThumbs removes thumbnails of days that a power cut kept from being
// removed whole.
func (s *Store) dropOrphanThumbs() error {
	root := path.Join(s.o.Dir, "thumbs")
	days, err := s.fs.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, d := range days {
		t, err := time.Parse(time.DateOnly, d.Name)
		if !d.Dir || err != nil {
			continue
		}
		dir := path.Join(root, d.Name)
		cameras, err := s.fs.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, c := range cameras {
			if s.byDay[dayKey{dayOf(t), c.Name}] == nil && ValidCamera(c.Name) {
				if err := s.fs.Remove(path.Join(dir, c.Name)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

const deletingSuffix = ".deleting"

// listPartitions lists the folders of cameras and days, newest day first, and
// removes what a power cut left half removed.
func (s *Store) listPartitions() ([]dayKey, error) {
	days, err := s.fs.ReadDir(s.segDir())
	if err != nil {
		return nil, err
	}
	var keys []dayKey
	for _, d := range days {
		t, err := time.Parse(time.DateOnly, d.Name)
		if !d.Dir || err != nil {
			continue
		}
		cameras, err := s.fs.ReadDir(path.Join(s.segDir(), d.Name))
		if err != nil {
			return nil, err
		}
		for _, c := range cameras {
			switch {
			case strings.HasSuffix(c.Name, deletingSuffix) && !s.readOnly:
				if err := s.fs.RemoveAll(path.Join(s.segDir(), d.Name, c.Name)); err != nil {
					return nil, err
				}
			case c.Dir && ValidCamera(c.Name):
				keys = append(keys, dayKey{dayOf(t), c.Name})
			}
		}
	}
	slices.SortFunc(keys, func(a, b dayKey) int {
		if a.day != b.day {
			return int(b.day) - int(a.day)
		}
		return strings.Compare(a.camera, b.camera)
	})
	return keys, nil
}

func (s *Store) openText() textIndex {
	o := text.Options{ReadOnly: s.readOnly, Logger: s.o.Logger}
	if _, ok := s.fs.(vfs.OS); ok {
		o.Dir = path.Join(s.o.Dir, "text")
		if !s.readOnly {
			// If this fails, so does the first use of a day, with a message.
			_ = s.fs.MkdirAll(o.Dir)
		}
	}
	return text.New(o)
}

// pin returns the partition of a number and keeps its files; unpin it.
func (s *Store) pin(num uint32) (*partition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	p := s.parts[num]
	if p == nil {
		return nil, ErrNotFound
	}
	p.pins++
	return p, nil
}

// pinAll pins the partitions that a camera and time filter leaves, newest day
// first. from and to are Unix nanoseconds.
func (s *Store) pinAll(cameras []string, from, to int64) ([]*partition, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	var out []*partition
	for _, p := range s.parts {
		if len(cameras) > 0 && !slices.Contains(cameras, p.camera) {
			continue
		}
		a, b, ok := p.span()
		if !ok || a >= to || b < from {
			continue
		}
		p.pins++
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *partition) int {
		if a.day != b.day {
			return int(b.day) - int(a.day)
		}
		return strings.Compare(a.camera, b.camera)
	})
	return out, nil
}

func (s *Store) unpin(list ...*partition) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range list {
		p.pins--
		if p.gone && p.pins == 0 {
			close(p.free)
		}
	}
}

// all lists the partitions; hold no pin over waiting for one.
func (s *Store) all() []*partition {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*partition, 0, len(s.parts))
	for _, p := range s.parts {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *partition) int { return int(int64(a.num) - int64(b.num)) })
	return out
}

// Clip reads one clip from the log. ErrNotFound, or ErrCorrupt if its record is
// damaged.
func (s *Store) Clip(ctx context.Context, id ID) (Clip, error) {
	if err := ctx.Err(); err != nil {
		return Clip{}, err
	}
	p, err := s.pin(id.partition())
	if err != nil {
		return Clip{}, err
	}
	defer s.unpin(p)
	c, _, err := p.read(id.ord())
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("read clip %s: %w", id, err)
	}
	return c, err
}

func (p *partition) read(ord uint32) (Clip, segment.ThumbRef, error) {
	v, err := p.find(ord)
	if err != nil {
		return Clip{}, segment.ThumbRef{}, err
	}
	r, err := v.Record(ord)
	if err != nil {
		return Clip{}, segment.ThumbRef{}, err
	}
	return clipOf(v.Header(), &r), r.Meta.Thumb, nil
}

// Thumbnail reads a clip's thumbnail, a JPEG. ErrNotFound if there is no such
// clip, or its thumbnail was never there or is lost.
func (s *Store) Thumbnail(ctx context.Context, id ID) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p, err := s.pin(id.partition())
	if err != nil {
		return nil, err
	}
	defer s.unpin(p)
	_, ref, err := p.read(id.ord())
	if err != nil {
		return nil, err
	}
	return p.thumbs.read(ref)
}

func (s *Store) isClosed() bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.closed
}

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

func (s *Store) workers() int {
	if s.o.Workers > 0 {
		return s.o.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// abandon gives back what a failed open took.
func (s *Store) abandon() {
	for _, p := range s.parts {
		for _, g := range p.segments() {
			g.Abandon()
		}
	}
	s.files.Close()
	if s.lock != nil {
		s.lock.Close()
	}
}

// Close commits, seals every open day so that the next open is quick, and
// gives the folder free. The store must not be used afterwards; searches still
// running end with errors or results.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	<-s.done
	var errs []error
	if !s.readOnly {
		errs = append(errs, s.commit())
		errs = append(errs, s.flushWords(context.Background()))
		for _, p := range s.all() {
			p.mu.Lock()
			for _, g := range p.segments() {
				if err := g.Close(); err != nil {
					// Everything is durable; the next open reads the log.
					s.o.Logger.Warn("index: day not sealed", "dir", p.dir, "error", err)
				}
			}
			p.thumbs.release()
			p.mu.Unlock()
		}
	}
	errs = append(errs, s.text.Close())
	s.files.Close()
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close index: %w", classify(err))
	}
	return nil
}
