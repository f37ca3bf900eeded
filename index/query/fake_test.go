package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/internal/vector"
)

// noon is when the fake footage begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// memStore is a Store over a slice, exact and without tricks.
type memStore struct {
	mu       sync.Mutex
	clips    []index.Clip
	searches []index.Search
	err      error
}

// add appends a clip of four seconds and returns its id.
func (m *memStore) add(camera string, at time.Duration, vector ...float32) index.ID {
	return m.addClip(index.Clip{Camera: camera, Start: noon.Add(at), Duration: 4 * time.Second, Vector: vector})
}

func (m *memStore) addClip(c index.Clip) index.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	c.ID = index.ID(len(m.clips) + 1)
	if c.FrameOffsets == nil {
		c.FrameOffsets, c.Best = []time.Duration{0, 2 * time.Second}, 1
	}
	m.clips = append(m.clips, c)
	return c.ID
}

func (m *memStore) remove(id index.ID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.clips = slices.DeleteFunc(m.clips, func(c index.Clip) bool { return c.ID == id })
}

func (m *memStore) passes(f index.Filter, c index.Clip) bool {
	if len(f.Cameras) > 0 && !slices.Contains(f.Cameras, c.Camera) {
		return false
	}
	if !f.From.IsZero() && !c.Start.Add(c.Duration).After(f.From) || !f.To.IsZero() && !c.Start.Before(f.To) {
		return false
	}
	for _, l := range f.Labels {
		if !slices.Contains(c.Labels, l) {
			return false
		}
	}
	return f.Text == "" || strings.Contains(c.Note, strings.Trim(f.Text, `"`))
}

func (m *memStore) Search(ctx context.Context, s index.Search) ([]index.Hit, index.SearchStats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.searches = append(m.searches, s)
	if m.err != nil {
		return nil, index.SearchStats{}, m.err
	}
	var hits []index.Hit
	stats := index.SearchStats{FilterTime: time.Millisecond, ScanTime: 2 * time.Millisecond, RescoreTime: 3 * time.Millisecond}
	for _, c := range m.clips {
		if !m.passes(s.Filter, c) {
			continue
		}
		stats.Searched++
		h := index.Hit{ID: c.ID, Camera: c.Camera, Start: c.Start, Duration: c.Duration, Hub: c.Hub, Still: c.Still}
		if s.Vector != nil {
			h.Cosine = vector.Dot(s.Vector, c.Vector)
			h.Score = h.Cosine - s.Alpha*c.Hub
		}
		if s.Negative != nil {
			h.Score -= s.Beta * vector.Dot(s.Negative, c.Vector)
		}
		hits = append(hits, h)
	}
	if s.Vector == nil {
		slices.SortFunc(hits, func(a, b index.Hit) int { return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.ID, b.ID)) })
		return hits[:min(len(hits), s.Limit)], stats, ctx.Err()
	}
	slices.SortFunc(hits, func(a, b index.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(len(hits), s.Limit)], stats, ctx.Err()
}

func (m *memStore) Clip(_ context.Context, id index.ID) (index.Clip, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.clips {
		if c.ID == id {
			return c, nil
		}
	}
	return index.Clip{}, fmt.Errorf("clip %s: %w", id, index.ErrNotFound)
}

func (m *memStore) Coverage(_ context.Context, f index.Filter) ([]index.CameraCoverage, int, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	by := map[string]*index.CameraCoverage{}
	var names []string
	searched := 0
	for _, c := range m.clips {
		if !m.passes(index.Filter{Cameras: f.Cameras, From: f.From, To: f.To}, c) {
			continue
		}
		searched++
		if by[c.Camera] == nil {
			by[c.Camera] = &index.CameraCoverage{Camera: c.Camera, From: c.Start}
			names = append(names, c.Camera)
		}
		by[c.Camera].Clips++
		by[c.Camera].To = c.Start.Add(c.Duration)
	}
	slices.Sort(names)
	out := make([]index.CameraCoverage, len(names))
	for i, n := range names {
		out[i] = *by[n]
	}
	return out, searched, 0, nil
}

// axisEncoder maps known words to the axes of a small space; a text is the sum of
// its words.
type axisEncoder struct {
	axes  map[string]int
	asked []string
	mu    sync.Mutex
}

const dims = 4

func newAxisEncoder() *axisEncoder {
	return &axisEncoder{axes: map[string]int{"car": 0, "worker": 1, "helmet": 2, "scene": 3}}
}

func (a *axisEncoder) EncodeText(_ context.Context, text string) (Embedding, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, text)
	e := Embedding{Vector: make([]float32, dims), Words: strings.Fields(text)}
	for _, w := range e.Words {
		if axis, ok := a.axes[w]; ok {
			e.Vector[axis] = 1
		} else {
			e.Unknown = append(e.Unknown, w)
		}
	}
	return e, nil
}

// calibration has a background with mean 0.05 and a spread of 0.05 on each axis.
func calibration() Calibration {
	c := Calibration{Dims: dims, Alpha: 0.7, AlphaWord: 0.3, Beta: 0.5, Confident: 8, Possible: 4}
	for i := range 20 {
		v := float32(i%2) * 0.1
		c.Background = append(c.Background, v, v, v, v)
	}
	return c
}

type testRefiner struct {
	scores map[index.ID]float32
	err    error
	got    []Candidate
}

func (r *testRefiner) Refine(_ context.Context, _ RefineQuery, candidates []Candidate) ([]Refined, error) {
	r.got = candidates
	if r.err != nil {
		return nil, r.err
	}
	out := make([]Refined, len(candidates))
	for i, c := range candidates {
		out[i] = Refined{Score: r.scores[c.ID], Support: []float32{0.25}}
	}
	return out, nil
}
