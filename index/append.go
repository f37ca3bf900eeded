package index

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
	"github.com/gembahq/gemba/index/vfs"
)

// Append adds clips and returns their ids, in the order of clips. They are
// searchable when it returns; see the package comment for when they are durable
// and found by words. Clips of several cameras and days, in any order of time,
// may be mixed.
//
// On error the ids that are not 0 belong to clips that were added: those of one
// camera, day and pack are added together or not at all. ErrInvalidClip means
// that nothing was added, ErrDiskFull that Append will work again when there is
// room.
func (s *Store) Append(ctx context.Context, clips []Clip) ([]ID, error) {
	if s.readOnly {
		return nil, ErrReadOnly
	}
	ids := make([]ID, len(clips))
	for i := range clips {
		if err := clips[i].check(&s.o); err != nil {
			return ids, fmt.Errorf("clip %d: %w", i, err)
		}
	}
	for _, g := range s.groups(clips) {
		if err := ctx.Err(); err != nil {
			return ids, err
		}
		if err := s.appendGroup(ctx, g, ids); err != nil {
			return ids, fmt.Errorf("add %d clips of camera %s: %w", len(g.clips), g.key.camera, classify(err))
		}
	}
	if s.dirty.Load() >= int64(s.o.SyncBytes) {
		// Here and not in the background, so that nobody can run ahead of the disk.
		if err := s.commit(); err != nil {
			return ids, err
		}
		s.wake()
	}
	return ids, nil
}

// group is clips for one segment.
type group struct {
	key   dayKey
	pack  [32]byte
	dims  int
	plain bool
	clips []*Clip
	at    []int // index of each clip in the call
}

func (s *Store) groups(clips []Clip) []*group {
	var out []*group
	for i := range clips {
		c := &clips[i]
		g := group{key: dayKey{dayOf(c.Start), c.Camera}, pack: c.packHash(&s.o), dims: len(c.Vector), plain: c.Plain != nil}
		k := slices.IndexFunc(out, func(o *group) bool {
			return o.key == g.key && o.pack == g.pack && o.dims == g.dims && o.plain == g.plain
		})
		if k < 0 {
			k = len(out)
			out = append(out, &g)
		}
		out[k].clips, out[k].at = append(out[k].clips, c), append(out[k].at, i)
	}
	return out
}

// partitionFor finds the partition of a camera's day, pinned, or makes it.
func (s *Store) partitionFor(ctx context.Context, key dayKey) (*partition, error) {
	find := func() (*partition, error) {
		for {
			s.mu.Lock()
			if s.closed {
				s.mu.Unlock()
				return nil, ErrClosed
			}
			p := s.byDay[key]
			going := p != nil && p.gone
			if p != nil && !going {
				p.pins++
			}
			s.mu.Unlock()
			if !going {
				return p, nil
			}
			// Retention is removing the folder that the new day will have.
			select {
			case <-p.removed:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	if p, err := find(); p != nil || err != nil {
		return p, err
	}
	s.createMu.Lock()
	defer s.createMu.Unlock()
	if p, err := find(); p != nil || err != nil {
		return p, err
	}
	num, err := s.numbers.take()
	if err != nil {
		return nil, err
	}
	p := s.newPartition(num, key.camera, key.day)
	// What lies there without being a partition has been reported at open.
	if err := vfs.MkdirAllSync(s.fs, path.Dir(s.segDir()), p.dir); err != nil {
		return nil, fmt.Errorf("make folder %s: %w", p.dir, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	p.pins++
	s.parts[num], s.byDay[key] = p, p
	return p, nil
}

func (s *Store) appendGroup(ctx context.Context, g *group, ids []ID) error {
	p, err := s.partitionFor(ctx, g.key)
	if err != nil {
		return err
	}
	defer s.unpin(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.isClosed() {
		return ErrClosed
	}
	seg, err := p.writer(g.pack, g.dims, g.plain, len(g.clips))
	if err != nil {
		return err
	}
	refs, err := p.thumbs.add(g.clips)
	if err != nil {
		return err
	}
	recs := make([]segment.Record, len(g.clips))
	for i, c := range g.clips {
		recs[i] = c.record(p.nextOrd+uint32(i), refs[i])
	}
	before := seg.Dirty()
	err = seg.Append(recs)
	if errors.Is(err, segment.ErrBroken) {
		if seg, err = p.reopen(seg); err != nil {
			return err
		}
		before = seg.Dirty()
		err = seg.Append(recs)
	}
	if err != nil {
		var bad *segment.InvalidError
		if errors.As(err, &bad) {
			err = fmt.Errorf("%w: %w", ErrInvalidClip, err)
		}
		return err
	}
	for i, c := range g.clips {
		ids[g.at[i]] = makeID(p.num, recs[i].Ord)
		p.fresh = append(p.fresh, s.doc(c, p.num, recs[i].Ord))
	}
	p.nextOrd += uint32(len(g.clips))
	p.last, p.awake = s.o.Now(), true
	s.dirty.Add(seg.Dirty() - before)
	return nil
}

// doc is the text of a clip.
func (s *Store) doc(c *Clip, partition, ord uint32) text.Doc {
	return text.Doc{
		ID: uint64(makeID(partition, ord)), Labels: slices.Clone(c.Labels), Camera: c.Camera,
		CameraName: s.o.CameraName(c.Camera), File: fileName(c.Source.Path), Note: c.Note,
	}
}

// fileName is the last element of a path of any system.
func fileName(p string) string {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] == '/' || p[i] == '\\' {
			return p[i+1:]
		}
	}
	return p
}
