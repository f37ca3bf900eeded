package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/scan"
	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
)

// Filter selects clips before they are scored. All of it must hold; the zero
// Filter selects all.
type Filter struct {
	Cameras  []string  // ids; empty: all
	From, To time.Time // clips that overlap [From, To); zero: open
	Labels   []string  // all must be among a clip's labels; case does not count
	// Text is words and "exact phrases" in quotes: each must occur in labels,
	// camera id or name, file name or note. Words are found by English stem and
	// as they are, Japanese, Chinese and Korean ones as substrings.
	Text string
}

func (f *Filter) bounds() (from, to int64, err error) {
	from, to = scan.Always, scan.Never
	if !f.From.IsZero() {
		from = nanos(f.From)
	}
	if !f.To.IsZero() {
		to = nanos(f.To)
	}
	if from >= to {
		return 0, 0, fmt.Errorf("%w: from %s is not before to %s", ErrInvalidSearch, f.From.UTC().Format(time.RFC3339), f.To.UTC().Format(time.RFC3339))
	}
	return from, to, nil
}

// nanos is Unix nanoseconds, clamped to what they can express.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1678:
		return scan.Always
	case y > 2261:
		return scan.Never
	}
	return t.UnixNano()
}

func (f *Filter) words() text.Query { return text.Query{Labels: f.Labels, Words: f.Text} }

// Search asks for the best clips under a filter. With a vector of the pack's
// width
//
//	score = Vector.v - Alpha*hub - Beta*(Negative.v)
//
// where v is the stored vector; without one the newest clips come first, with
// score 0.
type Search struct {
	Filter   Filter
	Vector   []float32
	Alpha    float32
	Negative []float32 // nil: none
	Beta     float32
	UsePlain bool // score plain vectors where clips have them
	Limit    int  // 0: 100
}

const defaultLimit = 100

// Hit is a clip that was found.
type Hit struct {
	ID       ID
	Camera   string
	Start    time.Time
	Duration time.Duration
	Score    float32
	Cosine   float32 // Vector.v; v is shorter than 1 where views were averaged
	Hub      float32
	Still    bool
}

// SearchStats say what a search did.
type SearchStats struct {
	// Searched clips were scored; Excluded ones lie under the camera and time
	// filter but belong to another pack, or cannot be read.
	Searched, Excluded int
	// Times spent on choosing clips, scoring them, and scoring them again more
	// exactly (nothing so far: the first scores are exact).
	FilterTime, ScanTime, RescoreTime time.Duration
}

// Search returns the best clips, best first, ties by rising id. Errors are
// ErrInvalidSearch, ErrTooManyWords, the context's, and failures of the text
// index where the filter has words or labels.
func (s *Store) Search(ctx context.Context, q Search) ([]Hit, SearchStats, error) {
	var st SearchStats
	begin := time.Now()
	from, to, err := q.Filter.bounds()
	if err != nil {
		return nil, st, err
	}
	parts, err := s.pinAll(q.Filter.Cameras, from, to)
	if err != nil {
		return nil, st, err
	}
	defer s.unpin(parts...)

	selected, err := s.selectWords(ctx, parts, q.Filter.words())
	if err != nil {
		return nil, st, err
	}
	var jobs []scan.Job
	var views []segment.View
	for i, p := range parts {
		for _, g := range p.segments() {
			v := g.View()
			if v.Rows() == 0 {
				continue
			}
			// Without a vector there is nothing that a pack could mean.
			if q.Vector != nil && !s.current(v.Header(), len(q.Vector)) {
				n, err := countRows(v, from, to)
				if err != nil {
					n = v.Live() // unreadable: none of it was searched
				}
				st.Excluded += n
				continue
			}
			job := scan.Job{Segment: v, Partition: p.num}
			if selected != nil {
				if job.Allow = selected[i]; job.Allow == nil {
					continue
				}
			}
			jobs, views = append(jobs, job), append(views, v)
		}
	}
	st.FilterTime = time.Since(begin)

	begin = time.Now()
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	found, did, err := scan.Run(ctx, jobs, scan.Query{
		Vector: q.Vector, Negative: q.Negative, Alpha: q.Alpha, Beta: q.Beta, Plain: q.UsePlain,
		From: from, To: to, Limit: limit,
	}, s.workers())
	st.ScanTime = time.Since(begin)
	if errors.Is(err, scan.ErrQuery) {
		return nil, st, fmt.Errorf("%w: %w", ErrInvalidSearch, err)
	}
	if err != nil {
		return nil, st, err
	}
	st.Searched = did.Scored
	st.Excluded += did.Unreadable
	if did.Err != nil {
		s.problems.add(Problem{Path: s.segDir(), Reason: fmt.Sprintf("%d clips left out of a search: %v", did.Unreadable, did.Err)})
	}
	hits := make([]Hit, len(found))
	for i := range found {
		c := &found[i]
		hits[i] = Hit{
			ID: ID(c.ID), Camera: views[c.Job].Header().Camera, Start: time.Unix(0, c.Start).UTC(), Duration: c.Duration,
			Score: c.Score, Cosine: c.Dot, Hub: c.Hub, Still: c.Flags&segment.FlagStill != 0,
		}
	}
	return hits, st, nil
}

// current reports whether a segment belongs to the store's pack or, where the
// store has none, to vectors of dims numbers (0: any).
func (s *Store) current(h *segment.Header, dims int) bool {
	if s.o.PackHash == ([32]byte{}) {
		return dims == 0 || h.Dims == dims
	}
	return h.Pack == s.o.PackHash
}

// selectWords asks the text index: for each of parts the ordinals selected, or
// nil for no filter at all.
func (s *Store) selectWords(ctx context.Context, parts []*partition, q text.Query) ([]*roaring.Bitmap, error) {
	if len(q.Labels) == 0 && strings.TrimSpace(q.Words) == "" {
		return nil, nil
	}
	out := make([]*roaring.Bitmap, len(parts))
	for i := 0; i < len(parts); {
		day := parts[i].day
		hits, err := s.selectDay(ctx, day, q)
		if err != nil {
			return nil, fmt.Errorf("filter by words on %s: %w", dayName(day), classify(err))
		}
		for ; i < len(parts) && parts[i].day == day; i++ {
			out[i] = hits[parts[i].num]
		}
	}
	return out, nil
}

// selectDay asks one day, and once more if its index had to be begun anew.
func (s *Store) selectDay(ctx context.Context, day int32, q text.Query) (hits map[uint32]*roaring.Bitmap, err error) {
	for range 2 {
		if err := s.matchedDay(ctx, day); err != nil {
			return nil, err
		}
		hits, err = s.text.Select(ctx, dayName(day), q)
		if !errors.Is(err, text.ErrRebuilt) {
			return hits, err
		}
		s.unmatch(day)
	}
	return nil, err
}

// countRows counts the live rows of a view that overlap a time.
func countRows(v segment.View, from, to int64) (int, error) {
	start, end, ok := v.Span()
	if !ok {
		return 0, nil
	}
	if start >= from && start < to && end <= to {
		return v.Live(), nil
	}
	n := 0
	err := eachRow(v, from, to, func(*segment.Block, int) { n++ })
	return n, err
}

// eachRow calls fn for the live rows that overlap a time.
func eachRow(v segment.View, from, to int64, fn func(b *segment.Block, i int)) error {
	var buf segment.Buffer
	dead := v.Dead()
	for i := range v.Blocks() {
		z := v.Zone(i)
		if z.Start >= to || z.End < from {
			continue
		}
		b, err := v.Load(i, 0, &buf)
		if err != nil {
			return err
		}
		for r := range b.N {
			if scan.Overlaps(b.Start(r), b.End(r), from, to) && (dead == nil || !dead.Contains(b.Ord(r))) {
				fn(&b, r)
			}
		}
	}
	return nil
}

// SourceOffsets lists the clips of one footage file of a camera by the media
// time of their start, so that an import can go on where it was. Clips that
// were deleted are listed too: they shall not come back.
func (s *Store) SourceOffsets(ctx context.Context, camera, key string) (map[time.Duration]ID, error) {
	out := map[time.Duration]ID{}
	if key == "" {
		return out, nil
	}
	parts, err := s.pinAll([]string{camera}, scan.Always, scan.Never)
	if err != nil {
		return nil, err
	}
	defer s.unpin(parts...)
	hash := segment.SourceHash(key)
	var buf segment.Buffer
	for _, p := range parts {
		for _, g := range p.segments() {
			v := g.View()
			if !v.HasSource(hash) {
				continue
			}
			for i := range v.Blocks() {
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				b, err := v.Load(i, 0, &buf)
				if err != nil {
					return nil, fmt.Errorf("list clips of %s: %w", p.dir, err)
				}
				for r := range b.N {
					if h, off := b.Source(r); h == hash {
						out[off] = makeID(p.num, b.Ord(r))
					}
				}
			}
		}
	}
	return out, nil
}

// Cameras lists the cameras that have clips, sorted.
func (s *Store) Cameras() []string {
	var out []string
	for _, p := range s.all() {
		if !slices.Contains(out, p.camera) {
			out = append(out, p.camera)
		}
	}
	slices.Sort(out)
	return out
}
