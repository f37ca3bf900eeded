package heads

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index/vfs"
)

var (
	// ErrNotFound is returned for a head that is not there.
	ErrNotFound = errors.New("there is no such head")
	// ErrOtherPack is returned for a head trained on the tokens of another pack.
	ErrOtherPack = errors.New("the head was trained with another pack")
	// ErrNothingBefore is returned by Rollback when no head ever answered.
	ErrNothingBefore = errors.New("no tuned head answers, there is nothing to go back from")
)

// Store is the heads of a box. It is safe for concurrent use by one process.
type Store struct {
	fsys   vfs.FS
	dir    string
	pack   string
	logger *slog.Logger

	mu     sync.Mutex // of what is on disk
	state  pointer
	active atomic.Pointer[active]
}

// active is the head that answers; a nil scorer is the pack's own order.
type active struct {
	number int
	scorer *head.Scorer
	params *head.Params[float32]
	about  head.About
}

// pointer is the file current.
type pointer struct {
	Format  int   `json:"format"`
	Current int   `json:"current"`
	Before  []int `json:"before"` // which answered before it, the latest last
}

const (
	pointerFormat = 1
	maxBefore     = 32
	maxSmallFile  = 1 << 20
)

// Options say where the heads are and for which pack.
type Options struct {
	Dir    string // <data_dir>/heads; made if it is not there, its parent must be
	FS     vfs.FS // nil: the machine's
	Pack   string // hash of the pack in use, hexadecimal
	Logger *slog.Logger
}

// Open reads which head answers. A head that cannot be used, being damaged or of
// another pack, is not an error: the pack's own order answers, which is logged.
func Open(o Options) (*Store, error) {
	s := &Store{fsys: o.FS, dir: o.Dir, pack: o.Pack, logger: o.Logger, state: pointer{Format: pointerFormat}}
	if s.fsys == nil {
		s.fsys = vfs.OS{}
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.active.Store(&active{})
	if err := vfs.MkdirAllSync(s.fsys, path.Dir(o.Dir), o.Dir); err != nil {
		return nil, fmt.Errorf("make the folder of heads: %w", err)
	}
	data, err := vfs.ReadFile(s.fsys, s.path("current"), maxSmallFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return nil, fmt.Errorf("read which head answers: %w", err)
	}
	var p pointer
	if err := json.Unmarshal(data, &p); err != nil || p.Format != pointerFormat || p.Current < 0 || slices.ContainsFunc(p.Before, func(n int) bool { return n < 0 }) {
		s.logger.Warn("the file that says which head answers cannot be read, the pack's own order answers; promote a head to set it right", "file", s.path("current"))
		return s, nil
	}
	s.state = p
	a, err := s.load(p.Current)
	if err != nil {
		s.logger.Warn("the tuned head cannot be used, the pack's own order answers", "head", p.Current, "error", err)
		return s, nil
	}
	s.active.Store(a)
	return s, nil
}

func (s *Store) path(parts ...string) string {
	return path.Join(append([]string{s.dir}, parts...)...)
}

// load reads head n; 0 is none.
func (s *Store) load(n int) (*active, error) {
	if n == 0 {
		return &active{}, nil
	}
	p, about, err := head.Load(s.fsys, s.path(strconv.Itoa(n), "head.bin"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("head %d: %w", n, ErrNotFound)
	case err != nil:
		return nil, err
	case about.Pack != s.pack:
		return nil, fmt.Errorf("head %d: %w; train again with the one in use", n, ErrOtherPack)
	}
	return &active{n, head.NewScorer(p), p, about}, nil
}

// Scorer is the head that answers, nil if none does.
func (s *Store) Scorer() *head.Scorer { return s.active.Load().scorer }

// Current is the head that answers and its number; nil and 0 if none does. The
// parameters must not be changed.
func (s *Store) Current() (*head.Params[float32], head.About, int) {
	a := s.active.Load()
	return a.params, a.about, a.number
}

// Add keeps a head under the next number. It does not answer before it is promoted.
func (s *Store) Add(p *head.Params[float32], about head.About, verdict any) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	note, err := json.MarshalIndent(verdict, "", "  ")
	if err != nil {
		return 0, fmt.Errorf("keep head: %w", err)
	}
	about.Pack = s.pack
	numbers, err := s.numbers()
	if err != nil {
		return 0, err
	}
	n := 1
	if len(numbers) > 0 {
		n = numbers[len(numbers)-1] + 1
	}
	// A number that answered once is never given again, even if its folder is gone.
	n = max(n, s.state.Current+1)
	for _, before := range s.state.Before {
		n = max(n, before+1)
	}
	dir := s.path(strconv.Itoa(n))
	err = vfs.MkdirAllSync(s.fsys, s.dir, dir)
	if err == nil {
		err = vfs.WriteFileAtomic(s.fsys, path.Join(dir, "verdict.json"), append(note, '\n'))
	}
	if err == nil {
		err = head.Save(s.fsys, path.Join(dir, "head.bin"), p, about)
	}
	if err != nil {
		_ = s.fsys.RemoveAll(dir) // best effort: it is no head without head.bin
		return 0, fmt.Errorf("keep head %d: %w", n, err)
	}
	return n, nil
}

// numbers are those of the folders, in order.
func (s *Store) numbers() ([]int, error) {
	entries, err := s.fsys.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("list heads: %w", err)
	}
	var out []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name); err == nil && n > 0 && e.Dir && strconv.Itoa(n) == e.Name {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// List are the numbers of the heads that are complete.
func (s *Store) List() ([]int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	numbers, err := s.numbers()
	return slices.DeleteFunc(numbers, func(n int) bool {
		_, err := s.fsys.Size(s.path(strconv.Itoa(n), "head.bin"))
		return err != nil
	}), err
}

// Promote lets head n answer, 0 the pack's own order. It is durable when it returns.
func (s *Store) Promote(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n == s.state.Current && s.active.Load().number == n {
		return nil
	}
	before := append(slices.Clone(s.state.Before), s.state.Current)
	return s.point(n, before[max(0, len(before)-maxBefore):])
}

// Rollback lets the head answer that answered before, and returns its number.
// Heads that cannot be used any more are passed over; before all of them was the
// pack's own order, 0.
func (s *Store) Rollback() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Current == 0 && len(s.state.Before) == 0 {
		return 0, ErrNothingBefore
	}
	before := s.state.Before
	for len(before) > 0 {
		n := before[len(before)-1]
		before = before[:len(before)-1]
		switch _, err := s.load(n); {
		case err == nil:
			return n, s.point(n, before)
		default:
			s.logger.Warn("rolling back past a head that cannot be used", "head", n, "error", err)
		}
	}
	return 0, s.point(0, nil)
}

// point makes n the one that answers. The caller holds mu.
func (s *Store) point(n int, before []int) error {
	a, err := s.load(n)
	if err != nil {
		return fmt.Errorf("promote: %w", err)
	}
	next := pointer{pointerFormat, n, before}
	data, err := json.Marshal(next)
	if err == nil {
		err = vfs.WriteFileAtomic(s.fsys, s.path("current"), append(data, '\n'))
	}
	if err != nil {
		return fmt.Errorf("promote head %d: %w; the head before it goes on answering", n, err)
	}
	s.state = next
	s.active.Store(a)
	return nil
}
