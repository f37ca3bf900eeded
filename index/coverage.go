package index

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gembahq/gemba/index/scan"
	"github.com/gembahq/gemba/index/segment"
)

// CameraCoverage says which time of a camera clips cover.
type CameraCoverage struct {
	Camera   string
	Clips    int
	From, To time.Time     // first start and last end, clamped to the filter; zero without clips
	Gap      time.Duration // time inside [From, To] that no clip covers
}

// Coverage says, camera by camera, what lies under a filter's cameras and time;
// its labels and text do not count, since coverage is about what was looked at.
// Cameras that the filter names are listed even without clips. searched clips
// belong to the store's pack, excluded ones to another.
func (s *Store) Coverage(ctx context.Context, f Filter) (list []CameraCoverage, searched, excluded int, err error) {
	from, to, err := f.bounds()
	if err != nil {
		return nil, 0, 0, err
	}
	parts, err := s.pinAll(f.Cameras, from, to)
	if err != nil {
		return nil, 0, 0, err
	}
	defer s.unpin(parts...)
	byCamera := map[string][]covered{}
	clips := map[string]int{}
	for _, c := range f.Cameras {
		byCamera[c] = nil
	}
	for _, p := range parts {
		for _, g := range p.segments() {
			if err := ctx.Err(); err != nil {
				return nil, 0, 0, err
			}
			v := g.View()
			n, cov, err := s.coverageOf(g, v, from, to)
			if err != nil {
				// A block that cannot be read covers nothing; the problem is
				// reported where it was found.
				s.problems.add(Problem{Path: p.dir, Reason: fmt.Sprintf("coverage is incomplete: %v", err)})
			}
			if s.current(v.Header(), s.o.Dims) {
				searched += n
			} else {
				excluded += n
			}
			if n > 0 {
				clips[p.camera] += n
				byCamera[p.camera] = append(byCamera[p.camera], cov...)
			}
		}
	}
	for camera, cov := range byCamera {
		c := CameraCoverage{Camera: camera, Clips: clips[camera]}
		if cov = union(cov); len(cov) > 0 {
			c.From, c.To = time.Unix(0, max(cov[0].from, from)).UTC(), time.Unix(0, min(cov[len(cov)-1].to, to)).UTC()
			last := cov[0].to
			for _, x := range cov[1:] {
				c.Gap += time.Duration(x.from - last)
				last = x.to
			}
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b CameraCoverage) int { return strings.Compare(a.Camera, b.Camera) })
	return list, searched, excluded, nil
}

// covered is a time without gaps, Unix nanoseconds.
type covered struct{ from, to int64 }

// slack is a gap that is none: durations are rounded to the microsecond, and
// frames do not come to it.
const slack = int64(time.Millisecond)

// union sorts and joins what overlaps or touches.
func union(list []covered) []covered {
	slices.SortFunc(list, func(a, b covered) int {
		switch {
		case a.from < b.from:
			return -1
		case a.from > b.from:
			return 1
		}
		return 0
	})
	out := list[:0]
	for _, c := range list {
		if n := len(out); n > 0 && c.from <= out[n-1].to+slack {
			out[n-1].to = max(out[n-1].to, c.to)
		} else {
			out = append(out, c)
		}
	}
	return out
}

// coverCache keeps the covered times of whole segments, which are few as long
// as footage is continuous, so that each query need not read every row.
type coverCache struct {
	mu   sync.Mutex
	segs map[*segment.Segment]*coverEntry
}

type coverEntry struct {
	rows, dead int
	list       []covered // joined; nil if too many to keep
}

// keepCovered is the most times kept for one segment: 8 KiB.
const keepCovered = 512

// coverageOf counts the clips of a view under a time filter and lists the times
// they cover, clamped to it.
func (s *Store) coverageOf(g *segment.Segment, v segment.View, from, to int64) (int, []covered, error) {
	start, end, ok := v.Span()
	if !ok {
		return 0, nil, nil
	}
	if start < from || end > to {
		n := 0
		var list []covered
		err := eachRow(v, from, to, func(b *segment.Block, i int) {
			n++
			list = joinLast(list, covered{max(b.Start(i), from), min(b.End(i), to)})
		})
		return n, list, err
	}
	list, err := s.cover.get(g, v)
	return v.Live(), list, err
}

// joinLast adds a time to a list that mostly rises.
func joinLast(list []covered, c covered) []covered {
	if n := len(list); n > 0 && c.from >= list[n-1].from && c.from <= list[n-1].to+slack {
		list[n-1].to = max(list[n-1].to, c.to)
		return list
	}
	return append(list, c)
}

func (cc *coverCache) get(g *segment.Segment, v segment.View) ([]covered, error) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.segs == nil {
		cc.segs = map[*segment.Segment]*coverEntry{}
	}
	e := cc.segs[g]
	if e == nil || e.rows > v.Rows() || e.dead != v.Deleted() || e.list == nil {
		e = &coverEntry{dead: v.Deleted()}
	}
	list := slices.Clone(e.list)
	var buf segment.Buffer
	for i := e.rows / segment.BlockRows; i < v.Blocks(); i++ {
		b, err := v.Load(i, 0, &buf)
		if err != nil {
			return union(list), err
		}
		for r := range b.N {
			if i*segment.BlockRows+r < e.rows {
				continue
			}
			if d := v.Dead(); d == nil || !d.Contains(b.Ord(r)) {
				list = joinLast(list, covered{b.Start(r), b.End(r)})
			}
		}
	}
	list = union(list)
	kept := &coverEntry{rows: v.Rows(), dead: v.Deleted(), list: slices.Clone(list)}
	if len(list) > keepCovered {
		kept.list = nil
	}
	cc.segs[g] = kept
	return list, nil
}

// forget drops what is kept of segments that are gone.
func (cc *coverCache) forget(segs []*segment.Segment) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	for _, g := range segs {
		delete(cc.segs, g)
	}
}

// clipsIn is used by statistics: live rows and their span.
func clipsIn(v segment.View) (n int, from, to int64) {
	from, to, ok := v.Span()
	if !ok {
		return 0, scan.Never, scan.Always
	}
	return v.Live(), from, to
}

// syncedUpTo is the latest end among the rows known durable; rows lie mostly in
// order of time, so the blocks before the first unsynced row say it.
func syncedUpTo(v segment.View) int64 {
	full := v.Synced() / segment.BlockRows
	if v.Synced() == v.Rows() {
		full = v.Blocks()
	}
	up := int64(scan.Always)
	for i := range min(full, v.Blocks()) {
		up = max(up, v.Zone(i).End)
	}
	if full < v.Blocks() {
		if b, err := v.Load(full, 0, &segment.Buffer{}); err == nil {
			n := v.Synced() - full*segment.BlockRows
			for r := range min(n, b.N) {
				up = max(up, b.End(r))
			}
		}
	}
	return up
}
