package index

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/text"
	"github.com/gembahq/gemba/index/vfs"
)

var (
	testPack  = [32]byte{1, 2, 3}
	otherPack = [32]byte{9, 8, 7}
	testStart = time.Date(2026, 8, 21, 10, 0, 0, 0, time.UTC)
)

const testDims = 16

func unitVector(r *rand.Rand, dims int) []float32 {
	v := make([]float32, dims)
	sum := 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// testClip is clip n of a camera: four seconds, labelled with its number.
func testClip(camera string, n int) Clip {
	r := rand.New(rand.NewPCG(uint64(n), uint64(len(camera))))
	return Clip{
		Camera: camera, Start: testStart.Add(time.Duration(n) * 4 * time.Second), Duration: 4 * time.Second,
		Vector: unitVector(r, testDims), Hub: float32(n%7) / 10, Motion: 0.25, Still: n%5 == 0,
		Tokens:       Tokens{Rows: 2, Dims: 3, Scale: 0.01, Data: []int8{1, -2, 3, -4, 5, -128}},
		Labels:       []string{fmt.Sprintf("n%d", n)},
		Note:         fmt.Sprintf("note of %d", n),
		FrameOffsets: []time.Duration{0, 500 * time.Millisecond, 1500 * time.Millisecond}, Best: 1,
		Source:    Source{Key: "file-" + camera, Path: "/footage/" + camera + ".mp4", Offset: time.Duration(n) * 4 * time.Second},
		Thumbnail: fmt.Appendf(nil, "jpeg of %s %d", camera, n),
	}
}

func testOptions(dir string) Options {
	return Options{Dir: dir, PackHash: testPack, Dims: testDims, SyncEvery: time.Hour, SyncBytes: 1 << 30}
}

func openTest(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustAppend(t testing.TB, s *Store, clips ...Clip) []ID {
	t.Helper()
	ids, err := s.Append(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

func mustSync(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Sync(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func mustClose(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// everything lists the ids of all clips a search finds.
func everything(t testing.TB, s *Store, f Filter) []ID {
	t.Helper()
	hits, _, err := s.Search(context.Background(), Search{Filter: f, Limit: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	ids := []ID{}
	for _, h := range hits {
		ids = append(ids, h.ID)
	}
	slices.Sort(ids)
	return ids
}

// fakeText is a text index in a map that outlives its store, as files would.
type fakeText struct {
	mu   sync.Mutex
	days map[string]*fakeDay
}

type fakeDay struct {
	docs map[uint64]text.Doc
	seen map[uint32]uint32
}

func newFakeText() *fakeText { return &fakeText{days: map[string]*fakeDay{}} }

func (f *fakeText) clone() *fakeText {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := newFakeText()
	for n, d := range f.days {
		out.days[n] = &fakeDay{maps.Clone(d.docs), maps.Clone(d.seen)}
	}
	return out
}

func (f *fakeText) day(name string) *fakeDay {
	if f.days[name] == nil {
		f.days[name] = &fakeDay{map[uint64]text.Doc{}, map[uint32]uint32{}}
	}
	return f.days[name]
}

func (f *fakeText) Apply(_ context.Context, day string, b *text.Batch) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.day(day)
	for _, x := range b.Docs {
		d.docs[x.ID] = x
	}
	for _, id := range b.Delete {
		delete(d.docs, id)
	}
	maps.Copy(d.seen, b.Seen)
	return nil
}

func (f *fakeText) Seen(_ context.Context, day string, p uint32) (uint32, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.day(day).seen[p], nil
}

func (f *fakeText) Forget(_ context.Context, day string, p, ord uint32) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	d := f.day(day)
	for id := range d.docs {
		if ID(id).partition() == p && ID(id).ord() >= ord {
			delete(d.docs, id)
		}
	}
	d.seen[p] = ord
	return nil
}

func (f *fakeText) pick(day string, ok func(text.Doc) bool) map[uint32]*roaring.Bitmap {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := map[uint32]*roaring.Bitmap{}
	for id, d := range f.day(day).docs {
		if ok(d) {
			p := ID(id).partition()
			if out[p] == nil {
				out[p] = roaring.New()
			}
			out[p].Add(ID(id).ord())
		}
	}
	return out
}

func (f *fakeText) Select(_ context.Context, day string, q text.Query) (map[uint32]*roaring.Bitmap, error) {
	return f.pick(day, func(d text.Doc) bool {
		for _, l := range q.Labels {
			if !slices.Contains(d.Labels, l) {
				return false
			}
		}
		for _, w := range strings.Fields(q.Words) {
			if !slices.Contains(strings.Fields(d.Note), w) {
				return false
			}
		}
		return true
	}), nil
}

func (f *fakeText) IDs(day string) (map[uint32]*roaring.Bitmap, error) {
	return f.pick(day, func(text.Doc) bool { return true }), nil
}

func (f *fakeText) Days() ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Sorted(maps.Keys(f.days)), nil
}

func (f *fakeText) Drop(day string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.days, day)
	return nil
}

func (f *fakeText) Bytes() int64 { return 0 }
func (f *fakeText) Close() error { return nil }

// memOptions are options of a store in memory.
func memOptions(m *vfs.Mem, t *fakeText) Options {
	o := testOptions("data")
	o.FS, o.text = m, t
	return o
}
