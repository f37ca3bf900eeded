package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
)

// Sync makes everything appended so far durable and found by words. With
// ErrSyncLost, clips appended since the last commit are gone and must be added
// again; the store goes on working.
func (s *Store) Sync(ctx context.Context) error {
	if s.readOnly {
		return ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.isClosed() {
		return ErrClosed
	}
	if err := s.commit(); err != nil {
		return err
	}
	if err := s.flushWords(ctx); err != nil {
		return fmt.Errorf("index words: %w", classify(err))
	}
	return nil
}

// commit makes all logs durable: one fdatasync for each that grew.
func (s *Store) commit() error {
	s.dirty.Store(0)
	var errs []error
	for _, p := range s.all() {
		if err := p.commit(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w: %w", ErrSyncLost, classify(err))
	}
	return nil
}

func (p *partition) commit() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fresh) == 0 && !p.awake {
		return nil
	}
	// Thumbnails first, so that a durable clip has one; but they are not worth
	// failing for.
	if err := p.thumbs.sync(); err != nil {
		p.store.problems.add(Problem{Path: p.thumbs.name, Reason: err.Error()})
	}
	var errs []error
	for _, g := range p.segments() {
		if err := g.Commit(); err != nil {
			errs = append(errs, err)
			if _, err := p.reopen(g); err != nil {
				errs = append(errs, err)
			}
		}
	}
	if len(errs) == 0 {
		p.erased, p.erasing = append(p.erased, p.erasing...), nil
	}
	p.settle()
	return errors.Join(errs...)
}

// settle moves what became durable on to the text index; mu is held.
func (p *partition) settle() {
	durable := p.committed
	for _, g := range p.segments() {
		v := g.View()
		if v.Synced() < v.Rows() {
			return
		}
		if last, ok := v.LastOrd(); ok {
			durable = max(durable, last+1)
		}
	}
	p.committed = durable
	i, _ := slices.BinarySearchFunc(p.fresh, p.committed, func(d text.Doc, ord uint32) int {
		return int(int64(ID(d.ID).ord()) - int64(ord))
	})
	p.ready = append(p.ready, p.fresh[:i]...)
	p.fresh = append([]text.Doc(nil), p.fresh[i:]...)
	if len(p.ready) > maxReady {
		// The text index does not keep up, or fails. The log has it all.
		p.ready, p.behind = nil, true
	}
}

// maxReady bounds the documents that wait in memory for the text index.
const maxReady = 20_000

// reopen replaces a segment whose log could not be written or synced by what
// is durable of it; mu is held.
func (p *partition) reopen(g *segment.Segment) (*segment.Segment, error) {
	s := p.store
	n, err := g.Recover()
	if err != nil {
		return nil, fmt.Errorf("recover %s: %w", p.dir, err)
	}
	segs := slices.Clone(p.segments())
	lost := 0
	for i := range segs {
		if segs[i] == g {
			lost = g.View().Rows() - n.View().Rows()
			segs[i] = n
		}
	}
	p.setSegments(segs)
	s.cover.forget([]*segment.Segment{g})
	kept := p.fresh[:0]
	for _, d := range p.fresh {
		if _, err := p.find(ID(d.ID).ord()); err == nil {
			kept = append(kept, d)
		}
	}
	p.fresh = kept
	// A deletion that was not durable is undone with the rest of the log's end.
	p.erasing = slices.DeleteFunc(p.erasing, func(id uint64) bool {
		_, err := p.find(ID(id).ord())
		return err == nil
	})
	s.problems.add(Problem{Path: p.dir, Reason: "writing failed; opened again", Lost: max(lost, 0), Repaired: true})
	return n, nil
}

const (
	// sealIdle is how long a day must rest before its memory and files are
	// given back.
	sealIdle = 2 * time.Minute
	// sealBytes is the log length after which a busy day is sealed in between,
	// which bounds what the next open after a kill must read.
	sealBytes = 64 << 20
	// maxAwake is how many days may rest with a block in memory.
	maxAwake = 16
)

// background is the group commit of the rest: what no Append had to do itself.
func (s *Store) background(ctx context.Context) {
	defer close(s.done)
	s.reconcileAll(ctx)
	if s.readOnly {
		return
	}
	tick := time.NewTicker(s.o.SyncEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.kick:
		case <-tick.C:
			if err := s.commit(); err != nil {
				s.o.Logger.Error("index: clips not stored", "error", err)
			}
		}
		if err := s.flushWords(ctx); err != nil && ctx.Err() == nil {
			s.words.failures.Add(1)
			s.o.Logger.Warn("index: words not indexed, will be tried again", "error", err)
		}
		s.sealIdle()
	}
}

// wake lets the background loop run soon.
func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// sealIdle seals days that rest, and busy ones now and then.
func (s *Store) sealIdle() {
	now := s.o.Now()
	var awake []*partition
	for _, p := range s.all() {
		p.mu.Lock()
		if p.awake {
			awake = append(awake, p)
		}
		p.mu.Unlock()
	}
	slices.SortFunc(awake, func(a, b *partition) int { return a.lastAppend().Compare(b.lastAppend()) })
	for i, p := range awake {
		p.mu.Lock()
		rest := now.Sub(p.last) >= sealIdle || i < len(awake)-maxAwake
		for _, g := range p.segments() {
			if !rest && g.Pending() < sealBytes {
				continue
			}
			if err := g.Seal(rest); err != nil {
				if errors.Is(err, segment.ErrBroken) {
					_, err = p.reopen(g)
				}
				s.o.Logger.Warn("index: day not sealed", "dir", p.dir, "error", err)
				rest = false
			}
		}
		if rest {
			p.thumbs.release()
			p.awake = false
			p.settle()
		}
		p.mu.Unlock()
	}
}

func (p *partition) lastAppend() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.last
}
