package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
)

// wordState says how the text index stands to the logs. Days are compared with
// their logs once after open, newest first, or when first asked for.
type wordState struct {
	mu       sync.Mutex
	days     map[int32]*wordDay
	failures atomic.Int64
}

type wordDay struct {
	mu      sync.Mutex // held while the day is compared or added to
	matched bool       // the day holds all that is durable, but for what is in ready lists
}

func (w *wordState) day(d int32) *wordDay {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.days == nil {
		w.days = map[int32]*wordDay{}
	}
	if w.days[d] == nil {
		w.days[d] = &wordDay{}
	}
	return w.days[d]
}

// wordBatch is the number of documents given to the text index at a time.
const wordBatch = 1000

// dayPartitions lists the partitions of a day, pinned.
func (s *Store) dayPartitions(day int32) []*partition {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*partition
	for k, p := range s.byDay {
		if k.day == day && !p.gone {
			p.pins++
			out = append(out, p)
		}
	}
	return out
}

// match brings the text of a day up to its logs, once; w.mu is held.
func (s *Store) match(ctx context.Context, w *wordDay, day int32) error {
	for range 2 {
		if w.matched {
			return nil
		}
		err := s.compare(ctx, day)
		if err == nil {
			w.matched = true
			return nil
		}
		if !errors.Is(err, text.ErrRebuilt) {
			return err
		}
	}
	return fmt.Errorf("text index of %s keeps failing", dayName(day))
}

func (s *Store) compare(ctx context.Context, day int32) error {
	parts := s.dayPartitions(day)
	defer s.unpin(parts...)
	for _, p := range parts {
		seen, err := s.text.Seen(ctx, dayName(day), p.num)
		if err != nil {
			return err
		}
		p.mu.Lock()
		known, segs := p.committed, p.segments()
		p.mu.Unlock()
		if seen > known {
			// The text index outlived clips of a log that lost its end.
			if err := s.text.Forget(ctx, dayName(day), p.num, known); err != nil {
				return err
			}
			seen = known
		}
		if seen < known {
			if err := s.replayWords(ctx, p, segs, seen, known); err != nil {
				return err
			}
		}
		p.mu.Lock()
		p.textSeen = max(seen, known)
		p.mu.Unlock()
	}
	return nil
}

var errStop = errors.New("stop")

// replayWords gives the clips of ordinals [from, to) to the text index.
func (s *Store) replayWords(ctx context.Context, p *partition, segs []*segment.Segment, from, to uint32) error {
	// A day with several segments has them one after another in the log, but
	// not by ordinal: the watermark moves when all are through.
	b := text.Batch{}
	flush := func() error {
		if err := s.text.Apply(ctx, dayName(p.day), &b); err != nil {
			return err
		}
		b = text.Batch{}
		return nil
	}
	for _, g := range segs {
		err := g.View().Scan(from, func(r segment.Record) error {
			if r.Ord >= to {
				return errStop
			}
			c := clipOf(g.Header(), &r)
			b.Docs = append(b.Docs, s.doc(&c, p.num, r.Ord))
			if len(b.Docs) < wordBatch {
				return nil
			}
			if len(segs) == 1 {
				b.Seen = map[uint32]uint32{p.num: r.Ord + 1}
			}
			return flush()
		})
		if err != nil && !errors.Is(err, errStop) {
			return err
		}
	}
	b.Seen = map[uint32]uint32{p.num: to}
	return flush()
}

// reconcileAll matches every day, newest first, and removes the text of days
// that are gone.
func (s *Store) reconcileAll(ctx context.Context) {
	var days []int32
	s.mu.RLock()
	for k := range s.byDay {
		if !slices.Contains(days, k.day) {
			days = append(days, k.day)
		}
	}
	s.mu.RUnlock()
	slices.Sort(days)
	slices.Reverse(days)
	for _, d := range days {
		if ctx.Err() != nil {
			return
		}
		w := s.words.day(d)
		w.mu.Lock()
		err := s.match(ctx, w, d)
		w.mu.Unlock()
		if err != nil && ctx.Err() == nil {
			// Tried again when the day is asked for.
			s.o.Logger.Warn("index: text of a day not ready", "day", dayName(d), "error", err)
		}
	}
	if s.readOnly {
		return
	}
	have, err := s.text.Days()
	if err != nil {
		return
	}
	for _, name := range have {
		if ctx.Err() != nil {
			return
		}
		if t, err := time.Parse(time.DateOnly, name); err == nil {
			s.dropOrphanText(dayOf(t))
		}
	}
}

// dropOrphanText removes the text of a day of which no partition is left.
func (s *Store) dropOrphanText(day int32) {
	w := s.words.day(day)
	w.mu.Lock()
	defer w.mu.Unlock()
	s.mu.RLock()
	used := false
	for k := range s.byDay {
		used = used || k.day == day
	}
	s.mu.RUnlock()
	if used {
		return
	}
	w.matched = false
	if err := s.text.Drop(dayName(day)); err != nil && !errors.Is(err, text.ErrClosed) {
		s.o.Logger.Warn("index: text of a removed day is still there", "day", dayName(day), "error", err)
	}
}

// flushWords gives what became durable to the text index.
func (s *Store) flushWords(ctx context.Context) error {
	days := map[int32]bool{}
	for _, p := range s.all() {
		p.mu.Lock()
		if len(p.ready) > 0 || len(p.erased) > 0 || p.behind {
			days[p.day] = true
		}
		p.mu.Unlock()
	}
	var errs []error
	for d := range days {
		if err := s.flushDay(ctx, d); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (s *Store) flushDay(ctx context.Context, day int32) error {
	w := s.words.day(day)
	w.mu.Lock()
	defer w.mu.Unlock()
	parts := s.dayPartitions(day)
	defer s.unpin(parts...)
	for _, p := range parts {
		p.mu.Lock()
		if p.behind {
			p.behind, w.matched = false, false
		}
		p.mu.Unlock()
	}
	if err := s.match(ctx, w, day); err != nil {
		return err
	}
	for _, p := range parts {
		for {
			more, err := s.flushPartition(ctx, p)
			if errors.Is(err, text.ErrRebuilt) {
				w.matched = false
				if err = s.match(ctx, w, day); err == nil {
					continue
				}
			}
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	return nil
}

// flushPartition gives one batch; more says whether there is another.
func (s *Store) flushPartition(ctx context.Context, p *partition) (more bool, err error) {
	p.mu.Lock()
	for len(p.ready) > 0 && ID(p.ready[0].ID).ord() < p.textSeen {
		p.ready = p.ready[1:] // the comparison with the log brought it already
	}
	n := min(len(p.ready), wordBatch)
	b := text.Batch{Docs: p.ready[:n], Delete: p.erased}
	seen := p.textSeen
	if n > 0 {
		seen = ID(b.Docs[n-1].ID).ord() + 1
	}
	p.mu.Unlock()
	if n == 0 && len(b.Delete) == 0 {
		return false, nil
	}
	b.Seen = map[uint32]uint32{p.num: seen}
	if err := s.text.Apply(ctx, dayName(p.day), &b); err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.textSeen = max(p.textSeen, seen)
	for len(p.ready) > 0 && ID(p.ready[0].ID).ord() < seen {
		p.ready = p.ready[1:]
	}
	p.erased = p.erased[len(b.Delete):]
	if len(p.ready) == 0 {
		p.ready = nil
	}
	return len(p.ready) > 0 || len(p.erased) > 0, nil
}

// matchedDay makes sure that a day's text can be asked.
func (s *Store) matchedDay(ctx context.Context, day int32) error {
	w := s.words.day(day)
	w.mu.Lock()
	defer w.mu.Unlock()
	return s.match(ctx, w, day)
}

// unmatch has a day compared again.
func (s *Store) unmatch(day int32) {
	w := s.words.day(day)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.matched = false
}
