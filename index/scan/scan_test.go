package scan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/vfs"
)

// fixture makes a segment of n rows: row i starts at second i, lasts one
// second, has vector (i mod 10)/10 in its first number and hub 1.
func fixture(t testing.TB, n int) *segment.Segment {
	t.Helper()
	m := vfs.NewMem()
	if err := m.MkdirAll("p"); err != nil {
		t.Fatal(err)
	}
	h := segment.Header{Partition: 3, Number: 1, Dims: 2, Camera: "gate", Plain: true}
	s, err := segment.Create("p", h, segment.Options{FS: m, Files: segment.NewFiles(m, 8)})
	if err != nil {
		t.Fatal(err)
	}
	var recs []segment.Record
	for i := range n {
		recs = append(recs, segment.Record{Ord: uint32(i), Start: int64(i) * 1e9, Duration: 1e6,
			Vector: []float32{float32(i%10) / 10, 0}, Plain: []float32{0, float32(i) / 1024}, Hub: 1})
	}
	if err := s.Append(recs); err != nil {
		t.Fatal(err)
	}
	if err := s.Seal(true); err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t *testing.T, jobs []Job, q Query) ([]Candidate, Stats) {
	t.Helper()
	if q.To == 0 {
		q.From, q.To = Always, Never
	}
	var first []Candidate
	var stats Stats
	for workers := 1; workers <= 4; workers++ {
		got, st, err := Run(t.Context(), jobs, q, workers)
		if err != nil {
			t.Fatal(err)
		}
		if workers == 1 {
			first, stats = got, st
		} else if !slices.Equal(got, first) || st.Scored != stats.Scored {
			t.Fatalf("%d workers find %v, one finds %v", workers, got, first)
		}
	}
	return first, stats
}

func TestTiesGoByID(t *testing.T) {
	s := fixture(t, 700)
	got, st := run(t, []Job{{Segment: s.View(), Partition: 3}}, Query{Vector: []float32{1, 0}, Alpha: 0.5, Limit: 5})
	if st.Scored != 700 {
		t.Errorf("scored %d", st.Scored)
	}
	for i, c := range got {
		if want := uint64(3)<<32 | uint64(9+10*i); c.ID != want || math.Abs(float64(c.Score)-0.4) > 1e-3 || c.Hub != 1 || math.Abs(float64(c.Dot)-0.9) > 1e-3 {
			t.Errorf("place %d: %+v, want id %x", i, c, want)
		}
	}
}

func TestPlainVectorsAndNegatives(t *testing.T) {
	s := fixture(t, 300)
	jobs := []Job{{Segment: s.View(), Partition: 3}}
	got, _ := run(t, jobs, Query{Vector: []float32{0, 1}, Plain: true, Limit: 1})
	if got[0].ID != 3<<32|299 {
		t.Errorf("by plain vector: %+v", got[0])
	}
	got, _ = run(t, jobs, Query{Vector: []float32{1, 0}, Negative: []float32{1, 0}, Beta: 2, Limit: 1})
	if got[0].ID != 3<<32 {
		t.Errorf("with the negative twice as strong: %+v", got[0])
	}
}

func TestFiltersComeFirst(t *testing.T) {
	s := fixture(t, 1000)
	allow := roaring.New()
	for i := uint32(0); i < 1000; i += 7 {
		allow.Add(i)
	}
	q := Query{Vector: []float32{1, 0}, Limit: 1000, From: 100e9, To: 800e9}
	got, st := run(t, []Job{{Segment: s.View(), Partition: 3, Allow: allow}}, q)
	want := 0
	for i := 100; i < 800; i++ {
		if i%7 == 0 {
			want++
		}
	}
	if len(got) != want || st.Scored != want {
		t.Errorf("%d found, %d scored, want %d", len(got), st.Scored, want)
	}
	if err := s.Delete([]uint32{105, 112}, 0); err != nil {
		t.Fatal(err)
	}
	if _, st := run(t, []Job{{Segment: s.View(), Partition: 3, Allow: allow}}, q); st.Scored != want-2 {
		t.Errorf("with two dead %d scored, want %d", st.Scored, want-2)
	}
	few := roaring.BitmapOf(5, 600, 5000)
	if got, _ := run(t, []Job{{Segment: s.View(), Partition: 3, Allow: few}}, Query{Vector: []float32{1, 0}, Limit: 9}); len(got) != 2 {
		t.Errorf("few allowed: %v", got)
	}
	if got, _ := run(t, []Job{{Segment: s.View(), Partition: 3, Allow: roaring.New()}}, q); len(got) != 0 {
		t.Errorf("none allowed: %v", got)
	}
}

func TestWithoutVectorNewestFirst(t *testing.T) {
	s := fixture(t, 600)
	got, _ := run(t, []Job{{Segment: s.View(), Partition: 3}}, Query{Limit: 3})
	for i, c := range got {
		if c.ID != 3<<32|uint64(599-i) || c.Score != 0 {
			t.Errorf("place %d: %+v", i, c)
		}
	}
}

// unreadable is a segment one block of which cannot be read.
type unreadable struct {
	segment.View
	block int
}

var errSector = errors.New("bad sector")

func (u unreadable) Load(i int, want segment.Columns, buf *segment.Buffer) (segment.Block, error) {
	if i == u.block {
		return segment.Block{}, errSector
	}
	return u.View.Load(i, want, buf)
}

func TestUnreadableBlockIsCounted(t *testing.T) {
	s := fixture(t, 600)
	got, st, err := Run(t.Context(), []Job{{Segment: unreadable{s.View(), 2}, Partition: 3}},
		Query{Vector: []float32{1, 0}, From: Always, To: Never, Limit: 1000}, 2)
	if err != nil || len(got) != 512 || st.Scored != 512 || st.Unreadable != 88 || !errors.Is(st.Err, errSector) {
		t.Errorf("%d found, %+v, %v", len(got), st, err)
	}
}

func TestQueriesThatDoNotFit(t *testing.T) {
	s := fixture(t, 3)
	nan := float32(math.NaN())
	for _, q := range []Query{
		{Vector: []float32{1}, Limit: 1},
		{Vector: []float32{1, 2, 3}, Limit: 1},
		{Vector: []float32{}, Limit: 1},
		{Vector: []float32{1, nan}, Limit: 1},
		{Vector: []float32{1, 0}, Negative: []float32{1}, Limit: 1},
		{Vector: []float32{1, 0}, Alpha: nan, Limit: 1},
		{Vector: []float32{1, 0}},
	} {
		if _, _, err := Run(context.Background(), []Job{{Segment: s.View()}}, q, 1); !errors.Is(err, ErrQuery) {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if got, _, err := Run(context.Background(), nil, Query{Vector: []float32{1}, Limit: 1}, 4); err != nil || len(got) != 0 {
		t.Errorf("nothing to scan: %v, %v", got, err)
	}
}

func TestTopKKeepsTheBest(t *testing.T) {
	for k := 1; k < 20; k++ {
		top := topK{k: k}
		var all []Candidate
		for i := range 200 {
			c := Candidate{ID: uint64(i * 7919 % 200), key: float64(i * 31 % 17)}
			all = append(all, c)
			if top.accepts(c.key) {
				top.add(c)
			}
		}
		slices.SortFunc(all, func(a, b Candidate) int {
			if before(&a, &b) {
				return -1
			}
			return 1
		})
		if got := merge(k, []topK{top}); !slices.Equal(got, all[:k]) {
			t.Fatalf("k %d: %v, want %v", k, got, all[:k])
		}
	}
}

func BenchmarkScan(b *testing.B) {
	for _, rows := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := fixture(b, rows)
			jobs := []Job{{Segment: s.View(), Partition: 3}}
			q := Query{Vector: []float32{1, 0}, From: Always, To: Never, Limit: 100}
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Run(context.Background(), jobs, q, 2); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
