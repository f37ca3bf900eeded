package httpapi

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// noon is when the footage of the test world begins.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// shots are the clips of the test world. The words are what the stub model sees.
var shots = []struct {
	camera, picture, video string
	at                     time.Duration
	sees                   string
	note                   string
}{
	{"gate", "car", "car-detection", 0, "car", "delivery"},
	{"gate", "car", "car-detection", 4 * time.Second, "car", ""},
	{"gate", "car", "car-detection", time.Hour, "park", ""},
	{"yard", "worker-zone", "worker-zone-detection", 2 * time.Hour, "worker helmet", ""},
	{"yard", "worker-zone", "worker-zone-detection", 26 * time.Hour, "worker", ""},
	{"line", "bottle", "bottle-detection", 0, "bottles", ""},
	{"shop", "store-aisle", "store-aisle-detection", 3 * time.Hour, "people shop", ""},
	{"hall", "one-by-one-person", "one-by-one-person-detection", 4 * time.Hour, "people table", ""},
	{"hall", "people", "people-detection", 5 * time.Hour, "people floor", ""},
}

// vocabulary of the stub model: one axis a word.
var vocabulary = []string{"car", "park", "worker", "helmet", "bottles", "people", "shop", "table", "floor", "giraffe"}

func vectorOf(text string) (vector []float32, unknown []string) {
	vector = make([]float32, len(vocabulary))
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if axis := slices.Index(vocabulary, word); axis >= 0 {
			vector[axis] = 1
		} else {
			unknown = append(unknown, word)
		}
	}
	return vector, unknown
}

// stubModel encodes words to axes. A query that says "slow" waits for its context,
// "broken" fails and "panic" panics.
type stubModel struct{}

func (stubModel) EncodeText(ctx context.Context, text string) (query.Embedding, error) {
	switch text {
	case "slow":
		<-ctx.Done()
		return query.Embedding{}, ctx.Err()
	case "broken":
		return query.Embedding{}, fmt.Errorf("model file is damaged")
	case "panic":
		panic("model went mad")
	}
	vector, unknown := vectorOf(text)
	return query.Embedding{Vector: vector, Words: strings.Fields(text), Unknown: unknown}, nil
}

func (stubModel) EncodeImage(_ context.Context, picture []byte) ([]float32, error) {
	if string(picture) == "no picture" {
		return nil, &query.InvalidError{Field: "image", Reason: "is not a JPEG or PNG picture"}
	}
	vector, _ := vectorOf("bottles")
	return vector, nil
}

// stubStore is the test world as an index.
type stubStore struct {
	mu     sync.Mutex
	clips  []index.Clip
	thumbs map[index.ID][]byte
}

func newStubStore(t testing.TB, filled bool) *stubStore {
	t.Helper()
	s := &stubStore{thumbs: map[index.ID][]byte{}}
	if !filled {
		return s
	}
	for i, shot := range shots {
		jpeg, err := os.ReadFile(filepath.Join("testdata", shot.picture+".jpg"))
		if err != nil {
			t.Fatal(err)
		}
		vector, _ := vectorOf(shot.sees)
		id := index.ID(uint64(1)<<32 | uint64(i+1))
		s.clips = append(s.clips, index.Clip{
			ID: id, Camera: shot.camera, Start: noon.Add(shot.at), Duration: 4 * time.Second, Vector: vector, Note: shot.note,
			FrameOffsets: []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second}, Best: 2,
			Source: index.Source{Path: "/srv/footage/secret-folder/" + shot.video + ".mp4", Offset: time.Second},
		})
		s.thumbs[id] = jpeg
	}
	return s
}

func (s *stubStore) passes(f index.Filter, c index.Clip) bool {
	if len(f.Cameras) > 0 && !slices.Contains(f.Cameras, c.Camera) {
		return false
	}
	if !f.From.IsZero() && !c.Start.Add(c.Duration).After(f.From) || !f.To.IsZero() && !c.Start.Before(f.To) {
		return false
	}
	return len(f.Labels) == 0 && strings.Contains(c.Note, strings.Trim(f.Text, `"`))
}

func (s *stubStore) Search(ctx context.Context, q index.Search) ([]index.Hit, index.SearchStats, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var hits []index.Hit
	stats := index.SearchStats{ScanTime: time.Millisecond}
	for _, c := range s.clips {
		if !s.passes(q.Filter, c) {
			continue
		}
		h := index.Hit{ID: c.ID, Camera: c.Camera, Start: c.Start, Duration: c.Duration}
		for i := range q.Vector {
			h.Score += q.Vector[i] * c.Vector[i]
			if q.Negative != nil {
				h.Score -= q.Beta * q.Negative[i] * c.Vector[i]
			}
		}
		hits = append(hits, h)
	}
	stats.Searched = len(hits)
	slices.SortFunc(hits, func(a, b index.Hit) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	return hits[:min(len(hits), q.Limit)], stats, ctx.Err()
}

func (s *stubStore) Clip(_ context.Context, id index.ID) (index.Clip, error) {
	for _, c := range s.clips {
		if c.ID == id {
			return c, nil
		}
	}
	return index.Clip{}, index.ErrNotFound
}

func (s *stubStore) Thumbnail(_ context.Context, id index.ID) ([]byte, error) {
	if jpeg, ok := s.thumbs[id]; ok {
		return jpeg, nil
	}
	return nil, index.ErrNotFound
}

func (s *stubStore) Coverage(_ context.Context, f index.Filter) ([]index.CameraCoverage, int, int, error) {
	by := map[string]*index.CameraCoverage{}
	searched := 0
	for _, c := range s.clips {
		if !s.passes(index.Filter{Cameras: f.Cameras, From: f.From, To: f.To}, c) {
			continue
		}
		searched++
		v := by[c.Camera]
		if v == nil {
			v = &index.CameraCoverage{Camera: c.Camera, From: c.Start}
			by[c.Camera] = v
		}
		v.Clips++
		v.Gap = c.Start.Sub(v.From) / 2
		v.To = c.Start.Add(c.Duration)
	}
	out := []index.CameraCoverage{}
	for _, name := range sortedKeys(by) {
		out = append(out, *by[name])
	}
	return out, searched, 0, nil
}

// stubFootage serves the sample footage of the repository. Cameras can be told to
// have lost their footage or to have recorded what no browser plays.
type stubFootage struct {
	gone, unplayable, slow map[string]bool
	missing                bool
	// remake, if set, gives the video in another file.
	remake func(path string) string
}

func (f *stubFootage) check(ctx context.Context, c index.Clip) error {
	if f.slow[c.Camera] {
		<-ctx.Done()
		return ctx.Err()
	}
	if f.gone[c.Camera] {
		return fmt.Errorf("open %s: %w", c.Source.Path, ErrFootageGone)
	}
	return nil
}

func (f *stubFootage) Video(ctx context.Context, c index.Clip) (string, time.Duration, error) {
	if err := f.check(ctx, c); err != nil {
		return "", 0, err
	}
	if f.unplayable[c.Camera] {
		return "", 0, fmt.Errorf("remux: %w", ErrNotPlayable)
	}
	if f.missing {
		return "/nowhere/at/all.mp4", 0, nil
	}
	path := filepath.Join("..", "..", "testdata", "footage", filepath.Base(c.Source.Path))
	if f.remake != nil {
		path = f.remake(path)
	}
	return path, c.Source.Offset, nil
}

func (f *stubFootage) Frame(ctx context.Context, c index.Clip, n int) ([]byte, error) {
	if err := f.check(ctx, c); err != nil {
		return nil, err
	}
	for _, shot := range shots {
		if shot.video+".mp4" == filepath.Base(c.Source.Path) {
			return os.ReadFile(filepath.Join("testdata", shot.picture+".jpg"))
		}
	}
	return nil, fmt.Errorf("no frame %d", n)
}

// stubImporter notes what it was asked.
type stubImporter struct {
	mu   sync.Mutex
	got  []ImportRequest
	jobs map[string]JobState
	err  error
}

func (i *stubImporter) Start(_ context.Context, r ImportRequest) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err != nil {
		return "", i.err
	}
	i.got = append(i.got, r)
	id := fmt.Sprintf("job-%d", len(i.got))
	i.jobs[id] = JobState{State: JobRunning, Progress: 0.25, Camera: r.Camera}
	return id, nil
}

func (i *stubImporter) Job(id string) (JobState, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	state, ok := i.jobs[id]
	return state, ok
}

func (i *stubImporter) Cancel(id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	state := i.jobs[id]
	state.State = JobCancelled
	i.jobs[id] = state
}

func (i *stubImporter) Jobs() []JobState {
	i.mu.Lock()
	defer i.mu.Unlock()
	var out []JobState
	for _, id := range sortedKeys(i.jobs) {
		state := i.jobs[id]
		state.ID = id
		out = append(out, state)
	}
	return out
}

type stubCameras struct {
	items []CameraState
	err   error
}

func (c *stubCameras) List(context.Context) ([]CameraState, error) { return c.items, c.err }

// world is a running service with everything behind it made up.
type world struct {
	deps     Deps
	store    *stubStore
	footage  *stubFootage
	importer *stubImporter
	cameras  *stubCameras
	ready    Readiness
	log      *lockedBuffer
	server   *httptest.Server
	url      string
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newWorld starts a service; change may alter what it is made of.
func newWorld(t testing.TB, change func(*world)) *world {
	t.Helper()
	last := noon.Add(30 * time.Hour)
	w := &world{
		store:    newStubStore(t, true),
		footage:  &stubFootage{gone: map[string]bool{}, unplayable: map[string]bool{}, slow: map[string]bool{}},
		importer: &stubImporter{jobs: map[string]JobState{}},
		cameras: &stubCameras{items: []CameraState{
			{ID: "gate", Name: "North gate", State: "idle", Clips: 3, LastFrame: &last},
			{ID: "hall", Name: "Hall", State: "idle", Clips: 2, LastFrame: &last},
			{ID: "line", Name: "Bottling line", State: "idle", Clips: 1, LastFrame: &last},
			{ID: "shop", Name: "Shop", State: "idle", Clips: 1, LastFrame: &last},
			{ID: "yard", Name: "Yard", State: "idle", Clips: 2, LastFrame: &last},
		}},
		ready: Readiness{Ready: true, Parts: []Part{{Name: "index", OK: true, Detail: "9 clips"}}},
		log:   &lockedBuffer{},
	}
	w.deps = Deps{
		Footage: w.footage, Importer: w.importer, Cameras: w.cameras,
		Ready:      func(context.Context) Readiness { return w.ready },
		IndexStats: func() IndexStats { return IndexStats{Clips: len(w.store.clips), Partitions: 5} },
		Model:      func() query.Model { return query.Model{Pack: "stub 1", Provider: "cpu"} },
		Site:       Site{Site: "plant-7", Node: "box-1", Started: noon},
		Version:    Version{Version: "1.2.3", Commit: "abc", Go: "go1"},
		Registry:   prometheus.NewRegistry(),
		Logger:     slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Pictures:   true,
	}
	if change != nil {
		change(w)
	}
	if w.deps.Engine == nil {
		background := make([]float32, 0, 20*len(vocabulary))
		for i := range 20 {
			for range vocabulary {
				background = append(background, float32(i%2)*0.1)
			}
		}
		engine, err := query.New(w.store, stubModel{}, query.Options{
			Calibration: query.Calibration{Dims: len(vocabulary), Background: background, Beta: 0.5, Confident: 10, Possible: 4},
			Image:       stubModel{}, Model: w.deps.Model,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.deps.Engine = engine
	}
	w.deps.Store = w.store
	handler, err := New(w.deps)
	if err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewUnstartedServer(handler)
	w.server.Config = NewServer(handler, w.deps.Logger)
	w.server.Start()
	w.url = w.server.URL
	t.Cleanup(w.server.Close)
	return w
}

// answer is a response read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (w *world) do(t testing.TB, r *http.Request) answer {
	t.Helper()
	response, err := w.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, body}
}

func (w *world) get(t testing.TB, path string) answer {
	t.Helper()
	return w.do(t, w.request(t, http.MethodGet, path, ""))
}

func (w *world) post(t testing.TB, path, body string) answer {
	t.Helper()
	r := w.request(t, http.MethodPost, path, body)
	r.Header.Set("Content-Type", "application/json")
	return w.do(t, r)
}

func (w *world) request(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func decode[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		t.Fatalf("answer %d is no JSON: %v\n%s", a.status, err, a.body)
	}
	return v
}

// wantProblem checks that a is a whole problem of the given status, and that it
// names the field, if one is given.
func wantProblem(t testing.TB, a answer, status int, field string) Problem {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != problemType {
		t.Errorf("content type %q", got)
	}
	p := decode[Problem](t, a)
	if p.Status != status || p.Type != "about:blank" || p.Title != http.StatusText(status) || p.Detail == "" {
		t.Errorf("incomplete problem %+v", p)
	}
	if p.RequestID == "" || p.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("request id %q in the problem, %q in the header", p.RequestID, a.header.Get("X-Request-Id"))
	}
	if p.Instance == "" || !strings.HasPrefix(p.Instance, "/") {
		t.Errorf("instance %q in the problem", p.Instance)
	}
	if field != "" && (len(p.Errors) == 0 || p.Errors[0].Field != field || p.Errors[0].Message == "") {
		t.Errorf("field errors %+v, want one for %q", p.Errors, field)
	}
	if len(a.body) > 4096 {
		t.Errorf("a problem of %d bytes echoes the request", len(a.body))
	}
	return p
}
