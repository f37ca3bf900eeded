package query

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index"
	"pgregory.net/rapid"
)

func newEngine(t testing.TB, store *memStore, change func(*Options)) *Engine {
	t.Helper()
	o := Options{Calibration: calibration(), Model: func() Model { return Model{Pack: "test 1", Provider: "cpu"} }}
	if change != nil {
		change(&o)
	}
	e, err := New(store, newAxisEncoder(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func search(t testing.TB, e *Engine, r Request) *Response {
	t.Helper()
	response, err := e.Search(context.Background(), r)
	if err != nil {
		t.Fatalf("search %+v: %v", r, err)
	}
	return response
}

func ids(r *Response) []string {
	out := []string{}
	for _, item := range r.Items {
		out = append(out, item.ClipID)
	}
	return out
}

func TestInvalidRequests(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	e := newEngine(t, store, func(o *Options) { o.Cameras = func() []string { return []string{"yard"} } })
	tests := []struct {
		name   string
		r      Request
		field  string
		reason string
	}{
		{"nothing", Request{}, "query", "empty"},
		{"only spaces", Request{Query: " \t\n"}, "query", "empty"},
		{"100 kB", Request{Query: strings.Repeat("car ", 25_000)}, "query", "100000 bytes"},
		{"one byte too long", Request{Query: strings.Repeat("a", MaxQueryBytes+1)}, "query", "4097"},
		{"invalid UTF-8", Request{Query: "car \xff"}, "query", "UTF-8"},
		{"unknown camera", Request{Query: "car", Cameras: []string{"gate", "roof"}}, "cameras", `"roof"; there are: gate, yard`},
		{"empty camera", Request{Query: "car", Cameras: []string{""}}, "cameras", "empty entry"},
		{"too many cameras", Request{Query: "car", Cameras: make([]string, 1000)}, "cameras", "at most"},
		{"invalid label", Request{Query: "car", Labels: []string{"\xff"}}, "labels", "UTF-8"},
		{"invalid text", Request{Text: "\xff"}, "text", "UTF-8"},
		{"from after to", Request{Query: "car", From: noon.Add(time.Hour), To: noon}, "from", "before to"},
		{"from is to", Request{Query: "car", From: noon, To: noon}, "from", "before to"},
		{"from too early", Request{Query: "car", From: time.Date(1492, 1, 1, 0, 0, 0, 0, time.UTC)}, "from", "1492"},
		{"to too late", Request{Query: "car", To: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}, "to", "9999"},
		{"limit below", Request{Query: "car", Limit: -1}, "limit", "between 1 and 500"},
		{"limit above", Request{Query: "car", Limit: 501}, "limit", "between 1 and 500"},
		{"limit far above", Request{Query: "car", Limit: 1e9}, "limit", "1000000000"},
		{"cursor of nothing", Request{Query: "car", Cursor: "!"}, "cursor", "not a cursor"},
		{"long cursor", Request{Query: "car", Cursor: strings.Repeat("A", 1000)}, "cursor", "not a cursor"},
		{"like nothing", Request{LikeClip: "x"}, "like_clip", "clip id"},
		{"like a missing clip", Request{LikeClip: "00000000000000ff"}, "like_clip", "no clip"},
		{"two subjects", Request{Query: "car", LikeClip: "0000000000000001"}, "query", "only one"},
		{"picture", Request{Image: []byte{1}}, "image", "cannot search by picture"},
		{"large picture", Request{Image: make([]byte, maxImageBytes+1)}, "image", "at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := e.Search(context.Background(), tt.r)
			var bad *InvalidError
			if !errors.As(err, &bad) {
				t.Fatalf("got error %v, want an InvalidError", err)
			}
			if bad.Field != tt.field || !strings.Contains(bad.Reason, tt.reason) {
				t.Errorf("got %q: %q, want %q with %q", bad.Field, bad.Reason, tt.field, tt.reason)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	store.addClip(index.Clip{Camera: "yard", Start: noon, Duration: 4 * time.Second, Vector: []float32{0.2, 0.9, 0, 0}, Hub: 0.5, Labels: []string{"person"}})
	e := newEngine(t, store, nil)
	r := search(t, e, Request{Query: "car", Limit: 5})
	if got, want := ids(r), []string{"0000000000000001", "0000000000000002"}; !reflect.DeepEqual(got, want) {
		t.Fatalf("found %v, want %v", got, want)
	}
	first := r.Items[0]
	want := Result{
		ClipID: "0000000000000001", Camera: "gate", Start: noon, End: noon.Add(4 * time.Second), EventStart: noon, EventEnd: noon.Add(4 * time.Second), EventClips: 1,
		Score: 1, FirstStageScore: 1, Z: first.Z, Confidence: Confident,
		MatchedFrame: MatchedFrame{Time: noon.Add(2 * time.Second), N: 1, URL: "/api/v1/clips/0000000000000001/frames/1"},
		Words:        []WordSupport{{Text: "car"}}, Labels: []string{},
		ThumbnailURL: "/api/v1/clips/0000000000000001/thumbnail", VideoURL: "/api/v1/clips/0000000000000001/video",
	}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("first answer\n%+v\nwant\n%+v", first, want)
	}
	if math.Abs(first.Z-19) > 1e-3 { // (1 - 0.05) / 0.05
		t.Errorf("z is %g, want 19", first.Z)
	}
	// A bare word takes the small hub weight: 0.2 - 0.3 * 0.5.
	if got := r.Items[1].Score; math.Abs(float64(got)-0.05) > 1e-6 {
		t.Errorf("score of the clip with a hub term is %g, want 0.05", got)
	}
	if r.Items[1].Confidence != Weak || r.NoMatch {
		t.Errorf("second answer %s, no_match %v; want weak and false", r.Items[1].Confidence, r.NoMatch)
	}
	if r.Coverage.SearchedClips != 2 || len(r.Coverage.Cameras) != 2 || r.Coverage.Cameras[0].ID != "gate" {
		t.Errorf("coverage %+v", r.Coverage)
	}
	if r.Model != (Model{Pack: "test 1", Provider: "cpu"}) {
		t.Errorf("model %+v", r.Model)
	}
	if r.Timing.Filter != 0.001 || r.Timing.Scan != 0.002 || r.Timing.Rescore != 0.003 || r.Timing.Total <= 0 || r.Timing.Refine != 0 {
		t.Errorf("timing %+v", r.Timing)
	}
	if r.NextCursor != "" {
		t.Errorf("a last page has cursor %q", r.NextCursor)
	}
}

func TestWeights(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	e := newEngine(t, store, nil)
	tests := []struct {
		query       string
		alpha, beta float32
		negative    []float32
		text        string
	}{
		{query: "car", alpha: 0.3},
		{query: "a red car", alpha: 0.3},
		{query: "a car beside the gate", alpha: 0.7},
		{query: "worker without helmet", alpha: 0.3, beta: 0.5, negative: []float32{0, 0, 1, 0}},
		{query: "worker without helmet or car", alpha: 0.3, beta: 0.5, negative: []float32{float32(math.Sqrt(0.5)), 0, float32(math.Sqrt(0.5)), 0}},
		{query: `car "north gate"`, alpha: 0.7, text: `"north gate"`},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			store.searches = nil
			search(t, e, Request{Query: tt.query})
			s := store.searches[0]
			if s.Alpha != tt.alpha || s.Beta != tt.beta || s.Filter.Text != tt.text {
				t.Errorf("alpha %g beta %g text %q, want %g %g %q", s.Alpha, s.Beta, s.Filter.Text, tt.alpha, tt.beta, tt.text)
			}
			for i := range tt.negative {
				if math.Abs(float64(s.Negative[i]-tt.negative[i])) > 1e-6 {
					t.Fatalf("negative %v, want %v", s.Negative, tt.negative)
				}
			}
			if len(s.Negative) != len(tt.negative) {
				t.Errorf("negative %v, want %v", s.Negative, tt.negative)
			}
			if s.Limit != fetchFactor*(DefaultLimit+1) {
				t.Errorf("fetched %d clips", s.Limit)
			}
		})
	}
}

func TestNegationTurnsTheOrder(t *testing.T) {
	store := &memStore{}
	with := store.add("gate", 0, 0, 1, 1, 0)
	without := store.add("gate", time.Hour, 0, 0.9, 0, 0)
	e := newEngine(t, store, nil)
	if got := ids(search(t, e, Request{Query: "worker"})); got[0] != with.String() {
		t.Fatalf("without negation %v comes first", got)
	}
	r := search(t, e, Request{Query: "a worker without a helmet"})
	if r.Items[0].ClipID != without.String() {
		t.Errorf("the worker with a helmet comes first")
	}
	if !reflect.DeepEqual(r.Understood.Without, []string{"a helmet"}) || r.Understood.Text != "a worker" {
		t.Errorf("understood %+v", r.Understood)
	}
}

// TestWornNegation: a pack whose text tower knows "without" has the sentence asked
// whole, against the sentence turned round; others have it taken apart.
func TestWornNegation(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 0, 1, 1, 0)
	without := store.add("gate", time.Hour, 0, 1, 0, 1)
	knows := newAxisEncoder()
	knows.axes["without"] = 3
	e, err := New(store, knows, Options{Calibration: func() Calibration { c := calibration(); c.BetaWorn = 0.75; return c }()})
	if err != nil {
		t.Fatal(err)
	}
	r := search(t, e, Request{Query: "a worker without a helmet nearby"})
	s := store.searches[0]
	if !slices.Equal(s.Vector, []float32{0, 1, 1, 1}) || !slices.Equal(s.Negative, []float32{0, 1, 1, 0}) || s.Beta != 0.75 || s.Alpha != 0 {
		t.Errorf("asked %v - %g * %v, alpha %g", s.Vector, s.Beta, s.Negative, s.Alpha)
	}
	if r.Items[0].ClipID != without.String() {
		t.Error("the worker with a helmet comes first")
	}
	if !slices.Equal(r.Understood.Without, []string{"a helmet nearby"}) || !slices.Contains(r.Understood.UnknownWords, "nearby") {
		t.Errorf("understood %+v", r.Understood)
	}
	search(t, e, Request{Query: "a worker without a car"})
	if s := store.searches[1]; !slices.Equal(s.Vector, []float32{0, 1, 0, 0}) || s.Beta != 0.5 {
		t.Errorf("a thing that nobody wears: asked %v - %g * %v", s.Vector, s.Beta, s.Negative)
	}
}

// TestTail: with enough background photos z is measured from the best hundredth of
// them. Two that nearly fit make a match less sure, the other 198 change nothing.
func TestTail(t *testing.T) {
	c := Calibration{Dims: 1}
	for i := range 200 {
		c.Background = append(c.Background, float32(i%2)*0.1)
	}
	even := c.level([]float32{1}, 0, nil, 0)
	if z := even.z(0.1); math.Abs(z-3) > 1e-6 {
		t.Errorf("the tail stands at z %g, want 3", z)
	}
	c.Background[0], c.Background[1] = 0.3, 0.5
	odd := c.level([]float32{1}, 0, nil, 0)
	if z := odd.z(0.4); math.Abs(z-3) > 1e-6 {
		t.Errorf("with two photos that fit, their mean stands at z %g, want 3", z)
	}
	if even.z(0.4) < 2*odd.z(0.4) {
		t.Errorf("z %g with them, %g without", odd.z(0.4), even.z(0.4))
	}
	few := Calibration{Dims: 1, Background: c.Background[2:100]}
	if l := few.level([]float32{1}, 0, nil, 0); math.Abs(l.mean-0.05) > 1e-6 {
		t.Errorf("the mean of 98 photos is %g, want 0.05", l.mean)
	}
}

func TestNoMatch(t *testing.T) {
	store := &memStore{}
	e := newEngine(t, store, nil)
	if r := search(t, e, Request{Query: "car"}); !r.NoMatch || len(r.Items) != 0 || r.Items == nil {
		t.Errorf("an empty index gives %+v", r)
	}
	store.add("gate", 0, 0.1, 0, 0, 0)
	store.add("gate", time.Hour, 0.05, 0, 0, 0)
	r := search(t, e, Request{Query: "car"})
	if !r.NoMatch || len(r.Items) != 2 || r.Items[0].Confidence != Weak {
		t.Errorf("weak answers give no_match %v and %d items", r.NoMatch, len(r.Items))
	}
	store.add("gate", 2*time.Hour, 0.3, 0, 0, 0)
	r = search(t, e, Request{Query: "car"})
	if r.NoMatch || r.Items[0].Confidence != Possible {
		t.Errorf("z %g gives %s, no_match %v", r.Items[0].Z, r.Items[0].Confidence, r.NoMatch)
	}
}

func TestFiltersOnly(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	want := store.addClip(index.Clip{Camera: "gate", Start: noon, Duration: time.Second, Vector: make([]float32, dims), Labels: []string{"person"}})
	e := newEngine(t, store, nil)
	r := search(t, e, Request{Labels: []string{"person"}})
	if len(r.Items) != 1 || r.Items[0].ClipID != want.String() || r.NoMatch || r.Items[0].Confidence != Confident || r.Items[0].Z != 0 {
		t.Errorf("got %+v", r)
	}
	if store.searches[0].Vector != nil {
		t.Error("a question without words was encoded")
	}
	if r.Coverage.ExcludedClips != 1 || r.Coverage.SearchedClips != 1 {
		t.Errorf("coverage %+v", r.Coverage)
	}
}

func TestFiltersOnlyPages(t *testing.T) {
	store := &memStore{}
	for i := range 30 {
		store.addClip(index.Clip{Camera: "gate", Start: noon.Add(time.Duration(i) * time.Hour), Duration: time.Second, Labels: []string{"person"}})
	}
	e := newEngine(t, store, nil)
	n := 30
	for r := (Request{Labels: []string{"person"}, Limit: 4}); ; {
		response := search(t, e, r)
		for _, item := range response.Items {
			if want := index.ID(n).String(); item.ClipID != want {
				t.Fatalf("got %s, want %s: newest first", item.ClipID, want)
			}
			n--
		}
		// What comes in later is newer than everything delivered.
		store.addClip(index.Clip{Camera: "gate", Start: noon.Add(100 * time.Hour), Duration: time.Second, Labels: []string{"person"}})
		if r = (Request{Cursor: response.NextCursor, Limit: 4}); r.Cursor == "" {
			break
		}
	}
	if n != 0 {
		t.Errorf("%d clips were not shown", n)
	}
}

func TestTooManyWords(t *testing.T) {
	store := &memStore{err: fmt.Errorf("filter: %w", index.ErrTooManyWords)}
	e := newEngine(t, store, nil)
	var bad *InvalidError
	if _, err := e.Search(context.Background(), Request{Text: "a b c"}); !errors.As(err, &bad) || bad.Field != "text" {
		t.Errorf("got %v", err)
	}
}

func TestCoverageOfEmptyCamera(t *testing.T) {
	store := &emptyCamera{}
	e, err := New(store, newAxisEncoder(), Options{Calibration: calibration(), Cameras: func() []string { return []string{"new"} }})
	if err != nil {
		t.Fatal(err)
	}
	c := search(t, e, Request{Query: "car", Cameras: []string{"new"}}).Coverage
	if len(c.Cameras) != 1 || c.Cameras[0].From != nil || c.Cameras[0].To != nil || c.Cameras[0].Clips != 0 {
		t.Errorf("coverage %+v", c)
	}
}

// emptyCamera lists a camera that has no clips, as the index does for cameras that
// are asked for by name.
type emptyCamera struct{ memStore }

func (*emptyCamera) Coverage(context.Context, index.Filter) ([]index.CameraCoverage, int, int, error) {
	return []index.CameraCoverage{{Camera: "new"}}, 0, 0, nil
}

func TestWithoutTextModel(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	e, err := New(store, nil, Options{Calibration: calibration()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Search(context.Background(), Request{Query: "car"}); !errors.Is(err, ErrNoTextModel) {
		t.Errorf("got %v", err)
	}
	if r := search(t, e, Request{Text: ""}.withLabel("x")); len(r.Items) != 0 {
		t.Errorf("got %v", ids(r))
	}
}

func (r Request) withLabel(l string) Request { r.Labels = []string{l}; return r }

func TestLikeClip(t *testing.T) {
	store := &memStore{}
	a := store.add("gate", 0, 1, 0.1, 0, 0)
	b := store.add("gate", time.Hour, 0.9, 0, 0, 0)
	store.add("gate", 2*time.Hour, 0, 1, 0, 0)
	e := newEngine(t, store, nil)
	r := search(t, e, Request{LikeClip: a.String(), Limit: 1})
	if got := ids(r); len(got) != 1 || got[0] != b.String() {
		t.Fatalf("like %s gives %v, want %s", a, got, b)
	}
	if r.NextCursor == "" {
		t.Error("one more clip is there, but no cursor")
	}
}

type imageEncoder struct{}

func (imageEncoder) EncodeImage(context.Context, []byte) ([]float32, error) {
	return []float32{0, 1, 0, 0}, nil
}

func TestByPicture(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	b := store.add("gate", time.Hour, 0, 1, 0, 0)
	e := newEngine(t, store, func(o *Options) { o.Image = imageEncoder{} })
	if r := search(t, e, Request{Image: []byte("jpeg")}); r.Items[0].ClipID != b.String() {
		t.Errorf("got %v", ids(r))
	}
}

func TestRefiner(t *testing.T) {
	newStore := func() (*memStore, []index.ID) {
		store := &memStore{}
		var all []index.ID
		for i := range 4 {
			all = append(all, store.add("gate", time.Duration(i)*time.Hour, 1-float32(i)*0.1, 0, 0, 0))
		}
		return store, all
	}
	t.Run("re-orders the top", func(t *testing.T) {
		store, all := newStore()
		refiner := &testRefiner{scores: map[index.ID]float32{all[0]: -5, all[1]: -3, all[2]: -4}}
		e := newEngine(t, store, func(o *Options) { o.Refiner, o.RefineTop = refiner, 3 })
		r := search(t, e, Request{Query: "car", Refine: true})
		want := []string{all[1].String(), all[2].String(), all[0].String(), all[3].String()}
		if got := ids(r); !reflect.DeepEqual(got, want) {
			t.Fatalf("order %v, want %v", got, want)
		}
		top, last := r.Items[0], r.Items[3]
		if !top.Refined || top.Score != -3 || top.FirstStageScore != 0.9 || top.Words[0].Support == nil || *top.Words[0].Support != 0.25 {
			t.Errorf("first %+v", top)
		}
		if last.Refined || last.Score != last.FirstStageScore || last.Words[0].Support != nil {
			t.Errorf("last %+v", last)
		}
		if len(refiner.got) != 3 || refiner.got[0].FirstStage != 1 {
			t.Errorf("candidates %+v", refiner.got)
		}
	})
	for name, change := range map[string]func(*Options, *Request){
		"not asked for": func(o *Options, r *Request) { r.Refine = false },
		"fails":         func(o *Options, r *Request) { o.Refiner.(*testRefiner).err = errors.New("out of memory") },
		"absent":        func(o *Options, r *Request) { o.Refiner = nil },
		"not finite": func(o *Options, r *Request) {
			o.Refiner.(*testRefiner).scores = map[index.ID]float32{1: float32(math.NaN())}
		},
	} {
		t.Run(name, func(t *testing.T) {
			store, all := newStore()
			r := Request{Query: "car", Refine: true}
			e := newEngine(t, store, func(o *Options) {
				o.Refiner = &testRefiner{scores: map[index.ID]float32{all[3]: 9}}
				change(o, &r)
			})
			got := search(t, e, r)
			if got.Items[0].ClipID != all[0].String() || got.Items[0].Refined || got.Items[0].Score != got.Items[0].FirstStageScore {
				t.Errorf("got %+v", got.Items[0])
			}
		})
	}
}

func TestPaging(t *testing.T) {
	store := &memStore{}
	var want []string
	for i := range 60 {
		id := store.add("gate", time.Duration(i)*time.Hour, 1-float32(i)*0.01, 0, 0, 0)
		want = append(want, id.String())
	}
	e := newEngine(t, store, nil)
	r := search(t, e, Request{Query: "car", Limit: 7})
	got := ids(r)
	for page := 0; r.NextCursor != ""; page++ {
		// Clips that come in or go away while somebody pages must not shift pages.
		store.add("yard", time.Duration(page)*time.Hour, 5, 0, 0, 0)
		next := Request{Cursor: r.NextCursor, Limit: 7}
		if page%2 == 0 {
			next.Query = " car"
		}
		r = search(t, e, next)
		if len(r.Items) == 0 || len(r.Items) > 7 {
			t.Fatalf("page %d has %d items", page, len(r.Items))
		}
		got = append(got, ids(r)...)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("pages give\n%v\nwant\n%v", got, want)
	}
}

func TestPagingPastTheFirstFetch(t *testing.T) {
	store := &memStore{}
	for i := range 400 {
		store.add("gate", time.Duration(i)*time.Hour, 1-float32(i)*0.001, 0, 0, 0)
	}
	e := newEngine(t, store, func(o *Options) { o.MaxDepth = 300; o.MaxLimit = 100 })
	n := 0
	for r := search(t, e, Request{Query: "car", Limit: 10}); ; r = search(t, e, Request{Cursor: r.NextCursor, Limit: 10}) {
		for _, item := range r.Items {
			if want := index.ID(n + 1).String(); item.ClipID != want {
				t.Fatalf("item %d is %s, want %s", n, item.ClipID, want)
			}
			n++
		}
		if r.NextCursor == "" {
			break
		}
	}
	if n != 300 {
		t.Errorf("paged through %d clips, want the depth limit of 300", n)
	}
}

func TestPageWithDeletedClip(t *testing.T) {
	store := &memStore{}
	var all []index.ID
	for i := range 6 {
		all = append(all, store.add("gate", time.Duration(i)*time.Hour, 1-float32(i)*0.1, 0, 0, 0))
	}
	e := newEngine(t, store, nil)
	r := search(t, e, Request{Query: "car", Limit: 2})
	store.remove(all[3])
	r = search(t, e, Request{Cursor: r.NextCursor, Limit: 2})
	if got := ids(r); len(got) != 1 || got[0] != all[2].String() {
		t.Errorf("second page %v", got)
	}
	r = search(t, e, Request{Cursor: r.NextCursor, Limit: 2})
	if got := ids(r); len(got) != 2 || got[0] != all[4].String() {
		t.Errorf("third page %v", got)
	}
}

func TestCursors(t *testing.T) {
	store := &memStore{}
	for i := range 10 {
		store.add("gate", time.Duration(i)*time.Hour, 1, 0, 0, 0)
	}
	clock := noon
	newOne := func() *Engine {
		e := newEngine(t, store, func(o *Options) { o.MaxSnapshots = 2 })
		e.snapshots.now = func() time.Time { return clock }
		return e
	}
	e := newOne()
	first := search(t, e, Request{Query: "car", Limit: 1})

	var bad *InvalidError
	if _, err := e.Search(context.Background(), Request{Query: "helmet", Cursor: first.NextCursor}); !errors.As(err, &bad) || bad.Field != "cursor" {
		t.Errorf("a cursor of another question gives %v", err)
	}
	if _, err := newOne().Search(context.Background(), Request{Cursor: first.NextCursor}); !errors.Is(err, ErrCursorExpired) {
		t.Errorf("a cursor of another engine gives %v", err)
	}
	clock = clock.Add(9 * time.Minute)
	search(t, e, Request{Cursor: first.NextCursor, Limit: 1})
	clock = clock.Add(9 * time.Minute)
	search(t, e, Request{Cursor: first.NextCursor, Limit: 1}) // using it keeps it
	clock = clock.Add(11 * time.Minute)
	if _, err := e.Search(context.Background(), Request{Cursor: first.NextCursor}); !errors.Is(err, ErrCursorExpired) {
		t.Errorf("an old cursor gives %v", err)
	}

	first = search(t, e, Request{Query: "car", Limit: 1})
	for i := range 2 {
		search(t, e, Request{Query: fmt.Sprintf("car %d", i), Limit: 1})
	}
	if _, err := e.Search(context.Background(), Request{Cursor: first.NextCursor}); !errors.Is(err, ErrCursorExpired) {
		t.Errorf("a cursor pushed out by others gives %v", err)
	}
}

func TestFailures(t *testing.T) {
	store := &memStore{err: errors.New("disk on fire")}
	e := newEngine(t, store, nil)
	if _, err := e.Search(context.Background(), Request{Query: "car"}); err == nil || !strings.Contains(err.Error(), "disk on fire") {
		t.Errorf("got %v", err)
	}
	store.err = nil
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Search(ctx, Request{Query: "car"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestBestEffortLanguages(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	e := newEngine(t, store, nil)
	for _, q := range []string{"the of and", "空の駐車場", "👷", "?", "\x00", strings.Repeat("a", MaxQueryBytes)} {
		r := search(t, e, Request{Query: q})
		if len(r.Items) != 1 {
			t.Errorf("%q gives %d items", q, len(r.Items))
		}
	}
}

func TestNewRefusesBadCalibration(t *testing.T) {
	for name, change := range map[string]func(*Calibration){
		"no dims":            func(c *Calibration) { c.Dims = 0 },
		"ragged background":  func(c *Calibration) { c.Background = c.Background[1:] },
		"hub count":          func(c *Calibration) { c.BackgroundHub = []float32{1} },
		"thresholds crossed": func(c *Calibration) { c.Confident = c.Possible - 1 },
		"not a number":       func(c *Calibration) { c.Alpha = float32(math.NaN()) },
	} {
		t.Run(name, func(t *testing.T) {
			c := calibration()
			change(&c)
			if _, err := New(&memStore{}, nil, Options{Calibration: c}); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestWrongVectorLength(t *testing.T) {
	store := &memStore{}
	c := calibration()
	c.Dims, c.Background = 5, nil
	e, err := New(store, newAxisEncoder(), Options{Calibration: c})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Search(context.Background(), Request{Query: "car"}); err == nil {
		t.Error("a vector of the wrong length was searched with")
	}
}

func TestWithoutBackground(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 1, 0, 0, 0)
	e := newEngine(t, store, func(o *Options) { o.Calibration.Background = nil })
	r := search(t, e, Request{Query: "car"})
	if r.Items[0].Confidence != Possible || r.NoMatch || r.Items[0].Z != 0 {
		t.Errorf("got %+v", r.Items[0])
	}
}

// TestBar pins how thresholds follow the amount searched. The expected values are
// quantiles: with a tail of p a draw and n draws, 1-(1-p)^n pass.
func TestBar(t *testing.T) {
	c := Calibration{Confident: 3.5, Possible: 3, Pool: 100}
	tests := []struct {
		name                string
		covered             *Coverage
		confident, possible float64
	}{
		{"as calibrated", covered(10_000, 10_000), 3.5, 3},
		{"many cameras", covered(100, slices.Repeat([]int{1}, 100)...), 3.5, 3},
		{"one clip", covered(1, 1), 1.995, 1.144},
		{"nothing", covered(0), 1.995, 1.144},
		{"a million clips", covered(1_000_000, slices.Repeat([]int{100_000}, 10)...), 4.333, 3.929},
		{"a filter leaves one in four", covered(2500, 10_000), 3.311, 2.782},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := c.bar(tt.covered)
			if math.Abs(b.confident-tt.confident) > 0.001 || math.Abs(b.possible-tt.possible) > 0.001 {
				t.Errorf("thresholds %.3f and %.3f, want %.3f and %.3f", b.confident, b.possible, tt.confident, tt.possible)
			}
		})
	}
}

func covered(searched int, clips ...int) *Coverage {
	c := &Coverage{SearchedClips: searched}
	for _, n := range clips {
		c.Cameras = append(c.Cameras, CameraCoverage{Clips: n})
	}
	return c
}

func TestBarRisesWithClips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		threshold := rapid.Float64Range(-30, 30).Draw(t, "threshold")
		few := rapid.IntRange(1, 1_000_000).Draw(t, "clips")
		more := few + rapid.IntRange(0, 1_000_000).Draw(t, "further clips")
		c := Calibration{Confident: threshold + 1, Possible: threshold}
		a, b := c.bar(covered(few, few)), c.bar(covered(more, more))
		if a.possible > b.possible+1e-9 || a.confident > b.confident+1e-9 || a.possible > a.confident+1e-9 || math.IsNaN(a.possible) || math.IsInf(b.confident, 0) {
			t.Fatalf("%d clips: %+v, %d clips: %+v", few, a, more, b)
		}
	})
}

func TestHubTerms(t *testing.T) {
	bank := []float32{1, 0, 0, 1, 0.5, 0.5}
	rows := []float32{1, 0, 0.2, 0.4}
	got := HubTerms(bank, rows, 2, 2)
	want := []float32{0.75, 0.35}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-6 {
			t.Errorf("hub terms %v, want %v", got, want)
		}
	}
	if got := HubTerms(nil, rows, 2, 10); got[0] != 0 || len(got) != 2 {
		t.Errorf("without a bank: %v", got)
	}
}

// TestPagesAreOneList checks for random footage that whatever the page size the
// pages put together are the same list, without merging every clip once.
func TestPagesAreOneList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := &memStore{}
		n := rapid.IntRange(0, 80).Draw(t, "clips")
		for range n {
			store.add(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "camera"), time.Duration(rapid.IntRange(0, 600).Draw(t, "at"))*time.Second,
				float32(rapid.IntRange(0, 10).Draw(t, "score"))/10, 0, 0, 0)
		}
		gap := rapid.SampledFrom([]time.Duration{-1, 0, time.Minute}).Draw(t, "gap")
		o := Options{Calibration: calibration(), MergeGap: gap}
		all := func(limit int) (list []string, clips int) {
			e, err := New(store, newAxisEncoder(), o)
			if err != nil {
				t.Fatal(err)
			}
			r := Request{Query: "car", Limit: limit}
			for {
				response, err := e.Search(context.Background(), r)
				if err != nil {
					t.Fatal(err)
				}
				for _, item := range response.Items {
					list = append(list, item.ClipID)
					clips += item.EventClips
				}
				if response.NextCursor == "" {
					return list, clips
				}
				r = Request{Cursor: response.NextCursor, Limit: rapid.IntRange(1, 9).Draw(t, "limit")}
			}
		}
		list, clips := all(rapid.IntRange(1, 9).Draw(t, "first limit"))
		if clips != n {
			t.Fatalf("%d clips in the events, %d indexed", clips, n)
		}
		seen := map[string]bool{}
		for _, id := range list {
			if seen[id] {
				t.Fatalf("clip %s twice in %v", id, list)
			}
			seen[id] = true
		}
		if gap < 0 && len(list) != n {
			t.Fatalf("%d items, want %d", len(list), n)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA")
	f.Add(cursor{id: newSnapshotID(), offset: 20}.String())
	f.Add("AAAAAAAAAAAAAAAAAAAAAB")
	f.Add("====")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(text)
		if err == nil && c.String() != text {
			t.Errorf("%q reads as %q", text, c.String())
		}
		store := &memStore{}
		e, err := New(store, newAxisEncoder(), Options{Calibration: calibration()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Search(context.Background(), Request{Query: "car", Cursor: text}); text != "" && err == nil {
			t.Errorf("a made-up cursor %q was answered", text)
		}
	})
}

func FuzzSearch(f *testing.F) {
	f.Add("car", "gate", "x", 20)
	f.Add("no \"helmet", "", "", 0)
	f.Fuzz(func(t *testing.T, q, camera, text string, limit int) {
		store := &memStore{}
		store.add("gate", 0, 1, 0, 0, 0)
		e, err := New(store, newAxisEncoder(), Options{Calibration: calibration()})
		if err != nil {
			t.Fatal(err)
		}
		r := Request{Query: q, Text: text, Limit: limit}
		if camera != "" {
			r.Cameras = []string{camera}
		}
		_, err = e.Search(context.Background(), r)
		var bad *InvalidError
		if err != nil && !errors.As(err, &bad) {
			t.Errorf("%+v gives %v", r, err)
		}
	})
}

// phrasebook translates by a table.
type phrasebook map[string]Translation

func (b phrasebook) Translate(text string) (Translation, bool) {
	t, ok := b[text]
	return t, ok
}

func TestTranslatedQuestion(t *testing.T) {
	store := &memStore{}
	store.add("gate", 0, 0, 1, 1, 0)
	without := store.add("gate", time.Hour, 0, 0.9, 0, 0)
	book := phrasebook{"作業員": {Text: "a worker without a helmet", Unknown: []string{"ぬぬ"}, Ignored: []string{"昨日"}}, "？": {}}
	e := newEngine(t, store, func(o *Options) { o.Translator = book })
	r := search(t, e, Request{Query: "作業員"})
	if r.Items[0].ClipID != without.String() {
		t.Errorf("the negation of the translation does not count")
	}
	u := r.Understood
	if u.Translation != "a worker without a helmet" || u.Text != "a worker" || !slices.Equal(u.IgnoredWords, []string{"昨日"}) || !slices.Contains(u.UnknownWords, "ぬぬ") {
		t.Errorf("understood %+v", u)
	}
	if u := search(t, e, Request{Query: "worker"}).Understood; u.Translation != "" || u.Text != "worker" || u.IgnoredWords == nil {
		t.Errorf("a question in the model's language: understood %+v", u)
	}
	if u := search(t, e, Request{Query: "？"}).Understood; u.Translation != "" || u.Text != "？" {
		t.Errorf("an empty translation: understood %+v", u)
	}
}
