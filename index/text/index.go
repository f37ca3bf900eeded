package text

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
)

// Options of an Index.
type Options struct {
	Dir      string // folder of the days, which exists; "": in memory
	ReadOnly bool   // leave the folder as it is; changes are kept in memory
	MaxOpen  int    // days kept open while nobody uses them; 0: 32
	Logger   *slog.Logger
}

// Index is the text of all days. Safe for concurrent use. Days are named like
// 2026-08-21.
type Index struct {
	o Options
	s *schema

	mu     sync.Mutex
	days   map[string]*slot
	closed bool
}

// slot is the place of one day. Using a day holds mu for reading; opening,
// closing and replacing it holds it for writing.
type slot struct {
	mu   sync.RWMutex
	day  *day
	mem  *day // of a read-only index: what the folder lacks
	refs int  // under Index.mu, as is used
	used time.Time
}

// ErrClosed is returned after Close.
var ErrClosed = errors.New("text index is closed")

const (
	flushTimeout  = 15 * time.Second
	damagedSuffix = ".damaged"
)

var dayName = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}$`)

// New returns an index over a folder; days are opened as they are used.
func New(o Options) *Index {
	if o.MaxOpen <= 0 {
		o.MaxOpen = 32
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Index{o: o, s: newSchema(), days: map[string]*slot{}}
}

func (x *Index) path(name string) string { return filepath.Join(x.o.Dir, name) }

func (x *Index) inMemory() bool { return x.o.Dir == "" }

// acquire keeps a day from being closed for idleness.
func (x *Index) acquire(name string) (*slot, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil, ErrClosed
	}
	s := x.days[name]
	if s == nil {
		s = &slot{}
		x.days[name] = s
	}
	s.refs++
	s.used = time.Now()
	return s, nil
}

func (x *Index) release(s *slot) {
	x.mu.Lock()
	s.refs--
	var idle []*slot
	if len(x.days) > x.o.MaxOpen && !x.inMemory() && !x.o.ReadOnly && !x.closed {
		idle = x.idle()
	}
	x.mu.Unlock()
	for _, s := range idle {
		s.mu.Lock()
		if s.day != nil {
			x.flush(context.Background(), s.day)
		}
		s.close()
		s.mu.Unlock()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range idle {
		s.refs--
	}
	for n, s := range x.days {
		if slices.Contains(idle, s) && s.refs == 0 {
			delete(x.days, n)
		}
	}
}

// idle picks the days to close, longest unused first; mu is held.
func (x *Index) idle() []*slot {
	var out []*slot
	for _, s := range x.days {
		if s.refs == 0 {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b *slot) int { return a.used.Compare(b.used) })
	out = out[:min(len(out), len(x.days)-x.o.MaxOpen)]
	for _, s := range out {
		s.refs++
	}
	return out
}

func (s *slot) close() {
	if s.day != nil {
		s.day.close()
	}
	if s.mem != nil {
		s.mem.close()
	}
	s.day, s.mem = nil, nil
}

// with runs fn with a day open. A day that cannot be opened is moved aside and
// begun anew, empty; a day whose index turns out damaged in use is dealt with
// likewise before the error, which is then ErrRebuilt, is returned.
func (x *Index) with(name string, fn func(*slot) error) error {
	if !dayName.MatchString(name) {
		return fmt.Errorf("%q is no day", name)
	}
	s, err := x.acquire(name)
	if err != nil {
		return err
	}
	defer x.release(s)
	s.mu.RLock()
	for s.day == nil {
		s.mu.RUnlock()
		s.mu.Lock()
		err := x.open(name, s)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		s.mu.RLock()
	}
	bad := s.day
	err = fn(s)
	s.mu.RUnlock()
	if err == nil || !errors.Is(err, errDamaged) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.day == bad {
		if rerr := x.restart(name, s, err); rerr != nil {
			return rerr
		}
	}
	return fmt.Errorf("%w: %w", ErrRebuilt, err)
}

// ErrRebuilt means that a day's index was found damaged and begun anew: its
// clips must be given to it again from the log.
var ErrRebuilt = errors.New("text index was begun anew")

// open opens or makes a day; s.mu is held.
func (x *Index) open(name string, s *slot) error {
	if s.day != nil {
		return nil
	}
	var err error
	if x.inMemory() {
		s.day, err = createDay(x.s, "")
		return err
	}
	_, err = os.Stat(x.path(name))
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		return fmt.Errorf("open text of %s: %w", name, err)
	}
	if x.o.ReadOnly {
		if s.mem, err = createDay(x.s, ""); err != nil {
			return err
		}
		if !missing {
			s.day, err = openDay(x.s, x.path(name), true)
		}
		if missing || err != nil {
			// Everything then comes from the log, in memory.
			s.day = s.mem
			s.mem = nil
		}
		return nil
	}
	if missing {
		if s.day, err = createDay(x.s, x.path(name)); err != nil {
			s.close()
			return fmt.Errorf("make text index of %s: %w", name, err)
		}
		return nil
	}
	if s.day, err = openDay(x.s, x.path(name), false); err != nil {
		return x.restart(name, s, err)
	}
	return nil
}

// restart moves a damaged day aside and begins an empty one; s.mu is held.
func (x *Index) restart(name string, s *slot, cause error) error {
	s.close()
	x.o.Logger.Warn("text index is damaged, building it again from the log", "day", name, "error", cause)
	if x.inMemory() || x.o.ReadOnly {
		var err error
		s.day, err = createDay(x.s, "")
		return err
	}
	aside := x.path(name) + damagedSuffix
	err := os.RemoveAll(aside)
	if err == nil {
		err = os.Rename(x.path(name), aside)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("move damaged text index of %s aside: %w", name, err)
	}
	if s.day, err = createDay(x.s, x.path(name)); err != nil {
		s.close()
		return fmt.Errorf("make text index of %s: %w", name, err)
	}
	return nil
}

// Apply adds a batch to a day. It is found by Select when Apply returns; it
// reaches the disk some time later, all or nothing.
func (x *Index) Apply(ctx context.Context, name string, b *Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return x.with(name, func(s *slot) error {
		d := s.day
		if s.mem != nil {
			d = s.mem
		}
		if err := d.apply(b); err != nil {
			return fmt.Errorf("add to text index of %s: %w", name, err)
		}
		return nil
	})
}

// Seen returns the first ordinal of a partition that the day has not seen.
func (x *Index) Seen(ctx context.Context, name string, partition uint32) (uint32, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	var ord uint32
	err := x.with(name, func(s *slot) (err error) {
		if ord, err = s.day.seen(partition); err == nil && s.mem != nil {
			var m uint32
			m, err = s.mem.seen(partition)
			ord = max(ord, m)
		}
		return err
	})
	return ord, err
}

// Forget takes back the documents of a partition from ordinal ord on, which a
// log does not have any more, and sets the watermark to ord.
func (x *Index) Forget(ctx context.Context, name string, partition, ord uint32) error {
	return x.with(name, func(s *slot) error {
		if s.mem != nil {
			return nil // hits without a row are masked by the reader
		}
		all, err := s.day.ids()
		if err != nil {
			return err
		}
		b := Batch{Seen: map[uint32]uint32{partition: ord}}
		if have := all[partition]; have != nil {
			for it := have.Iterator(); it.HasNext(); {
				if o := it.Next(); o >= ord {
					b.Delete = append(b.Delete, uint64(partition)<<32|uint64(o))
				}
			}
		}
		return s.day.apply(&b)
	})
}

// Select returns the clips of a day that a query selects: partition -> ordinals.
func (x *Index) Select(ctx context.Context, name string, q Query) (map[uint32]*roaring.Bitmap, error) {
	var out map[uint32]*roaring.Bitmap
	err := x.with(name, func(s *slot) (err error) {
		if out, err = s.day.selection(ctx, q); err != nil || s.mem == nil {
			return err
		}
		more, err := s.mem.selection(ctx, q)
		for p, b := range more {
			if out[p] == nil {
				out[p] = b
			} else {
				out[p].Or(b)
			}
		}
		return err
	})
	return out, err
}

// IDs lists the documents of a day: partition -> ordinals.
func (x *Index) IDs(name string) (map[uint32]*roaring.Bitmap, error) {
	var out map[uint32]*roaring.Bitmap
	err := x.with(name, func(s *slot) (err error) {
		out, err = s.day.ids()
		return err
	})
	return out, err
}

// Days lists the days that have a folder, and in memory those in use.
func (x *Index) Days() ([]string, error) {
	var out []string
	if x.inMemory() {
		x.mu.Lock()
		defer x.mu.Unlock()
		for n := range x.days {
			out = append(out, n)
		}
		slices.Sort(out)
		return out, nil
	}
	list, err := os.ReadDir(x.o.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range list {
		if e.IsDir() && dayName.MatchString(e.Name()) {
			out = append(out, e.Name())
		}
	}
	return out, err
}

// Drop removes a day.
func (x *Index) Drop(name string) error {
	s, err := x.acquire(name)
	if err != nil {
		return err
	}
	defer x.release(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
	if x.inMemory() || x.o.ReadOnly {
		return nil
	}
	if err := os.RemoveAll(x.path(name)); err != nil {
		return fmt.Errorf("remove text index of %s: %w", name, err)
	}
	return os.RemoveAll(x.path(name) + damagedSuffix)
}

// flush puts a day on disk; failing costs a replay at the next open.
func (x *Index) flush(ctx context.Context, d *day) {
	if x.inMemory() || x.o.ReadOnly {
		return
	}
	if err := d.persist(ctx, flushTimeout); err != nil {
		x.o.Logger.Warn("text index not written, will be completed from the log", "error", err)
	}
}

// Flush waits until what was applied is on disk, where it can be.
func (x *Index) Flush(ctx context.Context) {
	var wg sync.WaitGroup
	for _, s := range x.all() {
		wg.Go(func() {
			s.mu.RLock()
			defer s.mu.RUnlock()
			if s.day != nil {
				x.flush(ctx, s.day)
			}
		})
	}
	wg.Wait()
}

func (x *Index) all() []*slot {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := make([]*slot, 0, len(x.days))
	for _, s := range x.days {
		out = append(out, s)
	}
	return out
}

// Bytes is the size of the text indexes on disk.
func (x *Index) Bytes() (n int64) {
	if x.inMemory() {
		return 0
	}
	_ = filepath.WalkDir(x.o.Dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil // files come and go by merging: a size is a snapshot
		}
		if i, err := e.Info(); err == nil {
			n += i.Size()
		}
		return nil
	})
	return n
}

// Close writes what is pending and closes all days.
func (x *Index) Close() error {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.Flush(context.Background())
	for _, s := range x.all() {
		s.mu.Lock()
		s.close()
		s.mu.Unlock()
	}
	return nil
}
