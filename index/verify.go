package index

import (
	"context"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/segment"
)

// Verify reads all of the store and reports every damage, changing nothing:
// records, columns against records, thumbnails, and the text index against the
// logs. Problems found at open and since are reported as well. The error is
// only that of reading, not of what was read.
func (s *Store) Verify(ctx context.Context, report func(Problem)) error {
	if !s.readOnly {
		if err := s.Sync(ctx); err != nil {
			return err
		}
	}
	known, _ := s.problems.get()
	for _, p := range known {
		report(p)
	}
	parts, err := s.pinAll(nil, minTime, maxTime)
	if err != nil {
		return err
	}
	defer s.unpin(parts...)
	live := map[int32]map[uint32]*roaring.Bitmap{}
	for _, p := range parts {
		if live[p.day] == nil {
			live[p.day] = map[uint32]*roaring.Bitmap{}
		}
		have := roaring.New()
		live[p.day][p.num] = have
		for _, g := range p.segments() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := g.Verify(report); err != nil {
				return fmt.Errorf("verify %s: %w", p.dir, err)
			}
			if err := p.verifyClips(g.View(), have, report); err != nil {
				return fmt.Errorf("verify %s: %w", p.dir, err)
			}
		}
	}
	for day, want := range live {
		if err := s.verifyWords(ctx, day, want, report); err != nil {
			return err
		}
	}
	return nil
}

const (
	minTime = -1 << 63
	maxTime = 1<<63 - 1
)

// verifyClips checks thumbnails and lists the ordinals that are there.
func (p *partition) verifyClips(v segment.View, have *roaring.Bitmap, report func(Problem)) error {
	lost := 0
	err := v.Scan(0, func(r segment.Record) error {
		have.Add(r.Ord)
		if r.Meta.Thumb.Size == 0 {
			return nil
		}
		if _, err := p.thumbs.read(r.Meta.Thumb); errors.Is(err, ErrNotFound) {
			lost++
		} else if err != nil {
			return err
		}
		return nil
	})
	if lost > 0 {
		report(Problem{Path: p.thumbs.name, Reason: fmt.Sprintf("%d thumbnails are missing or damaged; the clips are not", lost)})
	}
	return err
}

// verifyWords compares the documents of a day with the clips of its logs.
func (s *Store) verifyWords(ctx context.Context, day int32, want map[uint32]*roaring.Bitmap, report func(Problem)) error {
	if err := s.matchedDay(ctx, day); err != nil {
		report(Problem{Path: "text/" + dayName(day), Reason: err.Error()})
		return ctx.Err()
	}
	have, err := s.text.IDs(dayName(day))
	if err != nil {
		report(Problem{Path: "text/" + dayName(day), Reason: err.Error()})
		return nil
	}
	for num, w := range want {
		h := have[num]
		if h == nil {
			h = roaring.New()
		}
		if missing := roaring.AndNot(w, h).GetCardinality(); missing > 0 {
			report(Problem{Path: "text/" + dayName(day), Reason: fmt.Sprintf("%d clips of partition %d cannot be found by words; gemba index rebuild mends it", missing, num)})
		}
	}
	return nil
}

// Rebuild makes everything derived again from the logs: columns, seals and the
// text index. Searches go on meanwhile, with words missing on the day that is
// being built.
func (s *Store) Rebuild(ctx context.Context) error {
	if err := s.Sync(ctx); err != nil {
		return err
	}
	parts, err := s.pinAll(nil, minTime, maxTime)
	if err != nil {
		return err
	}
	defer s.unpin(parts...)
	days := map[int32]bool{}
	for _, p := range parts {
		days[p.day] = true
		for _, g := range p.segments() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := g.Rebuild(); err != nil {
				return fmt.Errorf("rebuild %s: %w", p.dir, classify(err))
			}
		}
	}
	for day := range days {
		w := s.words.day(day)
		w.mu.Lock()
		w.matched = false
		err := s.text.Drop(dayName(day))
		if err == nil {
			for _, p := range parts {
				if p.day == day {
					p.mu.Lock()
					p.textSeen = 0
					p.mu.Unlock()
				}
			}
			err = s.match(ctx, w, day)
		}
		w.mu.Unlock()
		if err != nil {
			return fmt.Errorf("rebuild words of %s: %w", dayName(day), classify(err))
		}
	}
	return nil
}
