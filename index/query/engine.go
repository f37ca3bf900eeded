package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/gembahq/gemba/index"
)

// Options tune an Engine. The zero value of a field means its default, unless the
// comment says otherwise.
type Options struct {
	Calibration Calibration  // required
	Image       ImageEncoder // nil: no search by picture
	Translator  Translator   // nil: questions are asked in the model's language
	Refiner     Refiner      // nil: the first stage decides
	RefineTop   int          // clips that the refiner scores; default 100
	// RefineBudget bounds the time that refining takes: what it did not get to
	// stays below in its order. Default 40 ms, negative: no bound.
	RefineBudget time.Duration
	// SupportThreshold is the support from which on a word counts as seen.
	SupportThreshold float32

	Cameras func() []string // ids of the configured cameras; nil: only those with clips are known
	Model   func() Model    // what answers right now; nil: unknown
	BaseURL string          // what URLs in answers begin with; default /api/v1

	MergeGap      time.Duration // largest hole inside an event; default 10 s, negative: no merging
	StillMergeGap time.Duration // the same between clips of a still scene; default 75 s
	MaxEvent      time.Duration // longest event; default 5 min
	MergeDrop     float64       // z by which a neighbour may be below the best clip of its event; default 1.5

	MaxLimit     int           // largest limit of a request; default 500
	MaxDepth     int           // clips that can be paged through; default 10,000, at least MaxLimit
	SnapshotAge  time.Duration // how long the pages of a search stay; default 10 min
	MaxSnapshots int           // searches whose pages are kept; default 256

	Logger *slog.Logger
}

// maxSnapshotEvents bounds the memory of all snapshots: about 200 bytes an event.
const maxSnapshotEvents = 200_000

// fetchFactor is how many clips are fetched for each result wanted, so that
// merging neighbours leaves enough.
const fetchFactor = 5

func (o *Options) setDefaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	setInt := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	set(&o.MergeGap, 10*time.Second)
	set(&o.StillMergeGap, 75*time.Second)
	set(&o.MaxEvent, 5*time.Minute)
	set(&o.SnapshotAge, 10*time.Minute)
	setInt(&o.RefineTop, 100)
	set(&o.RefineBudget, 40*time.Millisecond)
	setInt(&o.MaxLimit, MaxLimit)
	setInt(&o.MaxDepth, 10_000)
	setInt(&o.MaxSnapshots, 256)
	o.MaxDepth = max(o.MaxDepth, o.MaxLimit)
	if o.MergeDrop == 0 {
		o.MergeDrop = 1.5
	}
	if o.BaseURL == "" {
		o.BaseURL = "/api/v1"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
}

// Engine answers searches. It is safe for concurrent use.
type Engine struct {
	store     Store
	text      TextEncoder
	options   Options
	snapshots *snapshots
}

// New returns an engine over store. A nil text encoder leaves filters and
// like_clip. The error names what is wrong with the calibration.
func New(store Store, text TextEncoder, o Options) (*Engine, error) {
	o.setDefaults()
	if err := o.Calibration.validate(); err != nil {
		return nil, err
	}
	return &Engine{
		store:     store,
		text:      text,
		options:   o,
		snapshots: newSnapshots(o.MaxSnapshots, maxSnapshotEvents, o.SnapshotAge, time.Now),
	}, nil
}

// Model says what would answer a search now.
func (e *Engine) Model() Model {
	if e.options.Model == nil {
		return Model{}
	}
	return e.options.Model()
}

// Search answers r. Errors: *InvalidError for a request that is wrong,
// ErrCursorExpired, ErrNoTextModel, the context's error; anything else is a
// failure of the store or the model.
func (e *Engine) Search(ctx context.Context, r Request) (*Response, error) {
	began := time.Now()
	if err := r.check(e.options.MaxLimit); err != nil {
		return nil, err
	}
	var (
		snap   *snapshot
		offset int
		timing Timing
		err    error
	)
	if r.Cursor != "" {
		snap, offset, err = e.resume(&r)
	} else {
		snap, err = e.begin(ctx, &r, &timing)
	}
	if err != nil {
		return nil, err
	}
	events, more, err := e.page(ctx, snap, offset, r.Limit, &timing)
	if err != nil {
		return nil, err
	}
	response := &Response{Understood: snap.plan.understood, Coverage: snap.coverage, Model: e.Model()}
	response.Understood.fill()
	if response.Items, err = e.results(ctx, snap.plan, events); err != nil {
		return nil, err
	}
	if more {
		response.NextCursor = cursor{id: snap.id, offset: uint32(offset + len(events))}.String()
	}
	response.NoMatch, response.Refined = snap.noMatch(), snap.refined()
	timing.Total = time.Since(began).Seconds()
	response.Timing = timing
	return response, nil
}

// begin plans a new search and finds out what it covers.
func (e *Engine) begin(ctx context.Context, r *Request, timing *Timing) (*snapshot, error) {
	if err := e.checkCameras(ctx, r.Cameras); err != nil {
		return nil, err
	}
	p, err := e.plan(ctx, r)
	if err != nil {
		return nil, err
	}
	timing.TextEncode = p.encodeTime.Seconds()
	snap := &snapshot{id: newSnapshotID(), fingerprint: r.fingerprint(), plan: p}
	if snap.coverage, err = e.coverage(ctx, p.search.Filter); err != nil {
		return nil, err
	}
	return snap, nil
}

func (e *Engine) coverage(ctx context.Context, f index.Filter) (Coverage, error) {
	cameras, searched, excluded, err := e.store.Coverage(ctx, f)
	if err != nil {
		return Coverage{}, fmt.Errorf("find what the search covers: %w", err)
	}
	out := Coverage{Cameras: make([]CameraCoverage, 0, len(cameras)), SearchedClips: searched, ExcludedClips: excluded}
	for _, c := range cameras {
		line := CameraCoverage{ID: c.Camera, Clips: c.Clips, GapSeconds: c.Gap.Seconds()}
		if c.Clips > 0 {
			from, to := c.From.UTC(), c.To.UTC()
			line.From, line.To = &from, &to
		}
		out.Cameras = append(out.Cameras, line)
	}
	return out, nil
}

// searched takes over from the store what was really compared.
func (c *Coverage) searched(n int) {
	all := c.SearchedClips + c.ExcludedClips
	c.SearchedClips, c.ExcludedClips = n, max(all-n, 0)
}

// resume finds the result list that a cursor belongs to.
func (e *Engine) resume(r *Request) (*snapshot, int, error) {
	c, err := parseCursor(r.Cursor)
	if err != nil {
		return nil, 0, err
	}
	snap := e.snapshots.get(c.id)
	if snap == nil {
		return nil, 0, ErrCursorExpired
	}
	if !r.isBareCursor() && r.fingerprint() != snap.fingerprint {
		return nil, 0, invalid("cursor", "belongs to another search: repeat the same question and filters with it, or leave them out")
	}
	if int64(c.offset) > int64(e.options.MaxDepth) {
		return nil, 0, invalid("cursor", "is not a cursor that this service gave out")
	}
	return snap, int(c.offset), nil
}

// page returns the events [offset, offset+limit) and whether more follow.
func (e *Engine) page(ctx context.Context, snap *snapshot, offset, limit int, timing *Timing) ([]event, bool, error) {
	snap.mu.Lock()
	defer snap.mu.Unlock()
	for len(snap.events) <= offset+limit && !snap.exhausted {
		if err := e.grow(ctx, snap, offset+limit+1, timing); err != nil {
			return nil, false, err
		}
	}
	from := min(offset, len(snap.events))
	to := min(offset+limit, len(snap.events))
	more := to < len(snap.events)
	if more {
		e.snapshots.put(snap, len(snap.events))
	}
	// A copy of the header only: events already there never change.
	return snap.events[from:to:to], more, nil
}

// grow asks the store deeper and appends what ranks after everything seen before.
// A clip that came into the index since and would rank higher is not part of this
// result: delivered pages do not shift.
func (e *Engine) grow(ctx context.Context, snap *snapshot, want int, timing *Timing) error {
	o := &e.options
	first := snap.depth == 0
	depth := want
	if o.MergeGap >= 0 {
		depth = max(fetchFactor*want, 4*snap.depth)
	}
	if first && snap.plan.refine {
		depth = max(depth, snap.plan.refineTop)
	}
	depth = min(depth, o.MaxDepth)
	if snap.plan.excluded {
		depth++
	}
	s := snap.plan.search
	s.Limit = depth
	hits, stats, err := e.store.Search(ctx, s)
	if errors.Is(err, index.ErrTooManyWords) {
		return invalid("text", "the text filter has too many words, counting the quoted ones of the question: %v", err)
	}
	if err != nil {
		return fmt.Errorf("search the index: %w", err)
	}
	if first {
		snap.coverage.searched(stats.Searched)
		snap.plan.bar = e.options.Calibration.bar(&snap.coverage)
	}
	timing.Filter += stats.FilterTime.Seconds()
	timing.Scan += stats.ScanTime.Seconds()
	timing.Rescore += stats.RescoreTime.Seconds()
	fresh := make([]ranked, 0, len(hits))
	for _, hit := range hits {
		if (first || snap.plan.ranksAfter(hit, snap.last)) && !(snap.plan.excluded && hit.ID == snap.plan.exclude) {
			fresh = append(fresh, ranked{hit: hit, score: hit.Score})
		}
	}
	if len(hits) > 0 {
		snap.last = hits[len(hits)-1]
	}
	if first && snap.plan.refine {
		began := time.Now()
		snap.refinedClips = e.refine(ctx, snap.plan, fresh)
		timing.Refine += time.Since(began).Seconds()
	}
	snap.depth = depth
	snap.exhausted = len(hits) < depth || depth >= o.MaxDepth
	snap.events = append(snap.events, e.merger(snap.plan).merge(fresh)...)
	return ctx.Err()
}

// ranksAfter is the order of Store.Search: best first, or newest first to the
// microsecond, ties by ascending ID.
func (p *plan) ranksAfter(a, b index.Hit) bool {
	if !p.ranked {
		return cmp.Or(cmp.Compare(b.Start.UnixMicro(), a.Start.UnixMicro()), cmp.Compare(a.ID, b.ID)) > 0
	}
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) > 0
}

func (e *Engine) merger(p *plan) merger {
	o := &e.options
	drop := float32(math.Inf(1))
	if p.level.known {
		drop = float32(o.MergeDrop * p.level.std)
	}
	return merger{gap: o.MergeGap, stillGap: o.StillMergeGap, span: o.MaxEvent, drop: drop}
}

// results reads what a page shows of each event's best clip. A clip deleted since
// the search is left out.
func (e *Engine) results(ctx context.Context, p *plan, events []event) ([]Result, error) {
	out := make([]Result, 0, len(events))
	for _, ev := range events {
		clip, err := e.store.Clip(ctx, ev.best.ID)
		if errors.Is(err, index.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read clip %s: %w", ev.best.ID, err)
		}
		result := e.result(p, ev, clip)
		if p.explain {
			result.MatchedFrame.HeatmapURL = e.heatmapURL(p, ev, result.MatchedFrame.N)
		}
		out = append(out, result)
	}
	return out, nil
}

func (e *Engine) result(p *plan, ev event, clip index.Clip) Result {
	id := ev.best.ID.String()
	base := e.options.BaseURL + "/clips/" + id
	frame, support := clip.Best, []float32(nil)
	if f := ev.found; f != nil {
		support = f.support
		if f.frame >= 0 {
			frame = f.frame
		}
	}
	frame = min(max(frame, 0), max(len(clip.FrameOffsets)-1, 0))
	at := clip.Start
	if frame < len(clip.FrameOffsets) {
		at = at.Add(clip.FrameOffsets[frame])
	}
	z := p.level.z(ev.best.Score)
	return Result{
		ClipID:          id,
		Camera:          ev.best.Camera,
		Start:           ev.best.Start.UTC(),
		End:             ev.best.Start.Add(ev.best.Duration).UTC(),
		EventStart:      ev.start.UTC(),
		EventEnd:        ev.end.UTC(),
		EventClips:      ev.clips,
		Score:           ev.score,
		FirstStageScore: ev.best.Score,
		Refined:         ev.refined,
		Z:               z,
		Confidence:      p.confidence(z),
		MatchedFrame:    MatchedFrame{Time: at.UTC(), N: frame, URL: fmt.Sprintf("%s/frames/%d", base, frame)},
		Words:           e.words(p.embedding.Words, support),
		Labels:          append([]string{}, clip.Labels...),
		ThumbnailURL:    base + "/thumbnail",
		VideoURL:        base + "/video",
	}
}

// confidence of an answer. Where only filters were given every hit is what was
// asked for.
func (p *plan) confidence(z float64) Confidence {
	if !p.ranked {
		return Confident
	}
	return p.bar.confidence(p.level, z)
}

// noMatch reports whether even the best of all pages is weak, or nothing is there.
func (snap *snapshot) noMatch() bool {
	snap.mu.Lock()
	defer snap.mu.Unlock()
	for _, ev := range snap.events {
		if snap.plan.confidence(snap.plan.level.z(ev.best.Score)) != Weak {
			return false
		}
		if !ev.refined {
			// From here on the order follows the first stage: none is better.
			break
		}
	}
	return true
}

// fill makes empty lists of missing ones, for JSON.
func (u *Understood) fill() {
	for _, list := range []*[]string{&u.Without, &u.Phrases, &u.UnknownWords, &u.IgnoredWords} {
		if *list == nil {
			*list = []string{}
		}
	}
}
