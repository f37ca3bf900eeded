package index

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/gembahq/gemba/index/segment"
)

// Delete removes clips for good: they are not found any more when it returns,
// durably, and their thumbnails are overwritten. Their records stay in the log,
// unreachable, until the day is compacted or dropped. Ids of clips that are not
// there are ignored.
func (s *Store) Delete(ctx context.Context, ids []ID) error {
	if s.readOnly {
		return ErrReadOnly
	}
	byPart := map[uint32][]uint32{}
	for _, id := range ids {
		byPart[id.partition()] = append(byPart[id.partition()], id.ord())
	}
	for num, ords := range byPart {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, err := s.pin(num)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err == nil {
			err = p.delete(ords)
			s.unpin(p)
		}
		if err != nil {
			return fmt.Errorf("delete clips: %w", classify(err))
		}
	}
	return s.Sync(ctx)
}

func (p *partition) delete(ords []uint32) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.store.isClosed() {
		return ErrClosed
	}
	var refs []segment.ThumbRef
	var gone []uint64
	for _, ord := range ords {
		_, ref, err := p.read(ord)
		switch {
		case errors.Is(err, ErrNotFound):
			continue
		case err == nil:
			refs = append(refs, ref)
		case !errors.Is(err, ErrCorrupt): // a damaged record can be deleted
			return err
		}
		gone = append(gone, uint64(makeID(p.num, ord)))
	}
	p.awake, p.last = true, p.store.o.Now()
	for _, g := range p.segments() {
		err := g.Delete(ords, 0)
		if errors.Is(err, segment.ErrBroken) {
			if g, err = p.reopen(g); err == nil {
				err = g.Delete(ords, 0)
			}
		}
		if err != nil {
			return err
		}
	}
	for _, ref := range refs {
		if err := p.thumbs.erase(ref); err != nil {
			return fmt.Errorf("erase thumbnail: %w", err)
		}
	}
	p.erasing = append(p.erasing, gone...)
	return nil
}

// DropBefore removes whole days that ended before t: logs, columns, text and
// thumbnails. Searches that are reading such a day keep it until they are done,
// and DropBefore waits for them as long as ctx lets it.
func (s *Store) DropBefore(ctx context.Context, t time.Time) error {
	if s.readOnly {
		return ErrReadOnly
	}
	var gone []*partition
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	for k, p := range s.byDay {
		if p.gone || dayStart(k.day).Add(dayLength).After(t) {
			continue
		}
		delete(s.parts, p.num) // byDay keeps the place until the folder is gone
		p.gone = true
		if p.pins == 0 {
			close(p.free)
		}
		gone = append(gone, p)
	}
	s.mu.Unlock()
	slices.SortFunc(gone, func(a, b *partition) int { return int(a.day) - int(b.day) })
	var errs []error
	for _, p := range gone {
		select {
		case <-p.free:
			if err := s.remove(p); err != nil {
				errs = append(errs, err)
			}
		case <-ctx.Done():
			// The readers hold it longer than we may wait: go on behind them.
			go func() {
				<-p.free
				if err := s.remove(p); err != nil {
					s.problems.add(Problem{Path: p.dir, Reason: err.Error()})
				}
			}()
			errs = append(errs, ctx.Err())
		}
	}
	return errors.Join(errs...)
}

// remove deletes the files of a dropped partition. The rename makes it one step:
// what a power cut leaves is removed at the next open.
func (s *Store) remove(p *partition) error {
	err := p.removeFiles()
	s.mu.Lock()
	delete(s.byDay, dayKey{p.day, p.camera})
	s.mu.Unlock()
	close(p.removed)
	s.dropOrphanText(p.day)
	return err
}

func (p *partition) removeFiles() error {
	s := p.store
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range p.segments() {
		g.Abandon()
		g.Forget()
	}
	s.cover.forget(p.segments())
	p.setSegments(nil)
	p.fresh, p.ready, p.erasing, p.erased = nil, nil, nil, nil
	p.thumbs.release()
	s.files.Forget(p.thumbs.name)
	away := p.dir + deletingSuffix
	err := s.fs.RemoveAll(away)
	if err == nil {
		err = s.fs.Rename(p.dir, away)
	}
	if err == nil {
		err = s.fs.SyncDir(path.Dir(p.dir))
	}
	if err == nil {
		err = s.fs.RemoveAll(away)
	}
	if err == nil {
		err = s.fs.RemoveAll(p.thumbs.name)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", p.dir, classify(err))
	}
	// Empty day folders go too; others stay.
	for _, dir := range []string{path.Dir(p.dir), path.Dir(p.thumbs.name)} {
		if list, err := s.fs.ReadDir(dir); err == nil && len(list) == 0 {
			_ = s.fs.Remove(dir) // somebody may be adding to it
		}
	}
	return nil
}
