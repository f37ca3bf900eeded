package index

import (
	"cmp"
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
	byCamera := map[string][]piece{}
	clips := map[string]int{}
	for _, c := range f.Cameras {
		byCamera[c] = nil
	}
	// A block that cannot be read covers nothing; it is an operator's matter.
	complain := func(p *partition, err error) {
		if err != nil {
			s.problems.add(Problem{Path: p.dir, Reason: fmt.Sprintf("coverage is incomplete: %v", err)})
		}
	}
	for _, p := range parts {
		for _, g := range p.segments() {
			if err := ctx.Err(); err != nil {
				return nil, 0, 0, err
			}
			v := g.View()
			n, pieces, err := s.piecesOf(g, v, from, to)
			complain(p, err)
			if s.current(v.Header(), s.o.Dims) {
				searched += n
			} else {
				excluded += n
			}
			if n > 0 {
				clips[p.camera] += n
				byCamera[p.camera] = append(byCamera[p.camera], pieces...)
			}
		}
	}
	for camera, pieces := range byCamera {
		c := CameraCoverage{Camera: camera, Clips: clips[camera]}
		if whole, err := join(pieces); err != nil {
			s.problems.add(Problem{Path: s.segDir(), Reason: fmt.Sprintf("coverage of %s is incomplete: %v", camera, err)})
		} else if len(pieces) > 0 {
			c.From, c.To = time.Unix(0, whole.from).UTC(), time.Unix(0, whole.to).UTC()
			c.Gap = time.Duration(whole.gap)
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
	slices.SortFunc(list, func(a, b covered) int { return cmp.Compare(a.from, b.from) })
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

// piece is a time with gaps in it: what the clips of a segment cover.
type piece struct {
	from, to int64
	gap      int64                     // time inside that nothing covers
	exact    func() ([]covered, error) // the times that are covered; nil if gap is 0
}

// join adds pieces up to the one that holds them all. Where a piece with gaps
// overlaps another, as the other may fill its gaps, it is looked at in detail.
func join(pieces []piece) (piece, error) {
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	var whole piece
	for i := 0; i < len(pieces); {
		// The pieces up to j overlap, one with the next.
		group, j := pieces[i], i+1
		for ; j < len(pieces) && pieces[j].from < group.to; j++ {
			group.to = max(group.to, pieces[j].to)
		}
		if j > i+1 {
			group.gap = 0
			var list []covered
			for _, p := range pieces[i:j] {
				if p.gap == 0 {
					list = append(list, covered{p.from, p.to})
					continue
				}
				l, err := p.exact()
				if err != nil {
					return whole, err
				}
				list = append(list, l...)
			}
			list = union(list)
			for k := 1; k < len(list); k++ {
				group.gap += list[k].from - list[k-1].to
			}
		}
		if i == 0 {
			whole = group
		} else {
			whole.gap += group.gap + gapBetween(whole.to, group.from)
			whole.to = max(whole.to, group.to)
		}
		i = j
	}
	return whole, nil
}

func gapBetween(to, from int64) int64 {
	if from <= to+slack {
		return 0
	}
	return from - to
}

// coverCache keeps, of each whole segment, what its clips cover, so that each
// query need not read every row.
type coverCache struct {
	mu   sync.Mutex
	segs map[*segment.Segment]coverEntry
}

type coverEntry struct {
	rows, dead int
	piece      piece
}

// piecesOf counts the clips of a view under a time filter and says what they
// cover, clamped to it.
func (s *Store) piecesOf(g *segment.Segment, v segment.View, from, to int64) (int, []piece, error) {
	start, end, ok := v.Span()
	if !ok {
		return 0, nil, nil
	}
	if start >= from && end <= to {
		p, err := s.cover.get(g, v)
		return v.Live(), p, err
	}
	n := 0
	list, err := coveredBy(v, 0, func(b *segment.Block, i int) (covered, bool) {
		if !scan.Overlaps(b.Start(i), b.End(i), from, to) {
			return covered{}, false
		}
		n++
		return covered{max(b.Start(i), from), min(b.End(i), to)}, true
	})
	var out []piece
	for _, c := range union(list) {
		out = append(out, piece{from: c.from, to: c.to})
	}
	return n, out, err
}

// coveredBy lists the times that live rows cover, from row first on.
func coveredBy(v segment.View, first int, of func(b *segment.Block, i int) (covered, bool)) ([]covered, error) {
	var list []covered
	var buf segment.Buffer
	dead := v.Dead()
	for i := first / segment.BlockRows; i < v.Blocks(); i++ {
		b, err := v.Load(i, 0, &buf)
		if err != nil {
			return list, err
		}
		for r := range b.N {
			if i*segment.BlockRows+r < first || dead != nil && dead.Contains(b.Ord(r)) {
				continue
			}
			c, ok := of(&b, r)
			if !ok {
				continue
			}
			if n := len(list); n > 0 && c.from >= list[n-1].from && c.from <= list[n-1].to+slack {
				list[n-1].to = max(list[n-1].to, c.to)
			} else {
				list = append(list, c)
			}
		}
	}
	return list, nil
}

func wholeClip(b *segment.Block, i int) (covered, bool) {
	return covered{b.Start(i), b.End(i)}, true
}

// get returns the piece of a whole segment, none if nothing in it lives.
func (cc *coverCache) get(g *segment.Segment, v segment.View) ([]piece, error) {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.segs == nil {
		cc.segs = map[*segment.Segment]coverEntry{}
	}
	e, ok := cc.segs[g]
	if !ok || e.rows > v.Rows() || e.dead != v.Deleted() {
		e = coverEntry{dead: v.Deleted()}
	}
	var list []covered
	var err error
	if e.rows < v.Rows() {
		if list, err = coveredBy(v, e.rows, wholeClip); err != nil {
			return nil, err
		}
		list = union(list)
	}
	if e.rows > 0 && len(list) > 0 && list[0].from < e.piece.to-slack {
		// What was added reaches back: it may have filled gaps.
		e.rows = 0
		if list, err = coveredBy(v, 0, wholeClip); err != nil {
			return nil, err
		}
		list = union(list)
	}
	if e.rows == 0 && len(list) > 0 {
		e.piece = piece{from: list[0].from, to: list[0].to}
		list = list[1:]
	}
	for _, c := range list {
		e.piece.gap += gapBetween(e.piece.to, c.from)
		e.piece.to = max(e.piece.to, c.to)
	}
	e.rows = v.Rows()
	if v.Live() == 0 {
		return nil, nil
	}
	cc.segs[g] = e
	p := e.piece
	p.exact = func() ([]covered, error) {
		l, err := coveredBy(v, 0, wholeClip)
		return union(l), err
	}
	return []piece{p}, nil
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
