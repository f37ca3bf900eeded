package index

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sort"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/index/quant"
	"github.com/gembahq/gemba/index/vfs"
)

// model is a store as a list.
type model struct {
	ids   []ID
	clips []Clip
}

func (m *model) pass(i int, f Filter) bool {
	c := &m.clips[i]
	if len(f.Cameras) > 0 && !slices.Contains(f.Cameras, c.Camera) {
		return false
	}
	if !f.To.IsZero() && !c.Start.Before(f.To) || !f.From.IsZero() && !c.End().After(f.From) && c.Start.Before(f.From) {
		return false
	}
	for _, l := range f.Labels {
		if !slices.Contains(c.Labels, l) {
			return false
		}
	}
	return f.Text == "" || slices.Contains([]string{"note", "of", fmt.Sprint(noteNumber(c))}, f.Text)
}

func noteNumber(c *Clip) int {
	var n int
	fmt.Sscanf(c.Note, "note of %d", &n)
	return n
}

func (m *model) score(i int, q Search) float64 {
	v := m.clips[i].Vector
	if q.UsePlain && m.clips[i].Plain != nil {
		v = m.clips[i].Plain
	}
	dot := func(a []float32) (s float64) {
		for k := range a {
			s += float64(a[k]) * float64(quant.Float(quant.Half(v[k])))
		}
		return s
	}
	s := dot(q.Vector) - float64(q.Alpha)*float64(m.clips[i].Hub)
	if q.Negative != nil {
		s -= float64(q.Beta) * dot(q.Negative)
	}
	return s
}

// Search must give what scoring every clip of a list gives, whatever was added,
// deleted, sealed, committed or opened again before, under any filter.
func TestSearchEqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fs, words := vfs.NewMem(), newFakeText()
		ctx := context.Background()
		open := func() *Store {
			s, err := Open(ctx, memOptions(fs, words))
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		s := open()
		defer func() { s.Close() }()
		var m model
		camera := rapid.SampledFrom([]string{"a", "b", "c"})
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return testStart.Add(time.Duration(rapid.IntRange(0, 3*86400).Draw(t, "second")) * time.Second)
		})
		number := 0
		add := func(t *rapid.T) {
			var clips []Clip
			cam, at := camera.Draw(t, "camera"), moment.Draw(t, "at")
			plain := rapid.Bool().Draw(t, "plain")
			for range rapid.IntRange(1, 120).Draw(t, "clips") {
				c := testClip(cam, number)
				number++
				c.Start, c.Duration = at, time.Duration(rapid.IntRange(0, 8).Draw(t, "length"))*time.Second
				at = at.Add(time.Duration(rapid.IntRange(-5, 20).Draw(t, "step")) * time.Second)
				c.Labels = []string{fmt.Sprintf("l%d", number%3), fmt.Sprintf("m%d", number%2)}
				if plain {
					c.Plain = slices.Clone(c.Vector)
					slices.Reverse(c.Plain)
				}
				clips = append(clips, c)
			}
			ids, err := s.Append(ctx, clips)
			if err != nil {
				t.Fatal(err)
			}
			m.ids, m.clips = append(m.ids, ids...), append(m.clips, clips...)
		}
		search := func(t *rapid.T) {
			if err := s.Sync(ctx); err != nil { // for the words
				t.Fatal(err)
			}
			number++
			q := Search{
				Vector: testClip("q", number).Vector, Alpha: rapid.SampledFrom([]float32{0, 0.3, 0.7}).Draw(t, "alpha"),
				UsePlain: rapid.Bool().Draw(t, "use plain"), Limit: rapid.IntRange(1, 60).Draw(t, "limit"),
			}
			if rapid.Bool().Draw(t, "negative") {
				q.Negative, q.Beta = testClip("n", number).Vector, 0.45
			}
			if rapid.Bool().Draw(t, "by camera") {
				q.Filter.Cameras = rapid.SliceOfN(camera, 1, 2).Draw(t, "cameras")
			}
			if rapid.Bool().Draw(t, "by time") {
				q.Filter.From = moment.Draw(t, "from")
				q.Filter.To = q.Filter.From.Add(time.Duration(rapid.IntRange(1, 40000).Draw(t, "span")) * time.Second)
			}
			if rapid.Bool().Draw(t, "by label") {
				q.Filter.Labels = rapid.SampledFrom([][]string{{"l0"}, {"l1", "m0"}, {"none"}}).Draw(t, "labels")
			}
			if rapid.Bool().Draw(t, "by word") && number > 1 {
				q.Filter.Text = rapid.SampledFrom([]string{"note", fmt.Sprint(number / 2), "of"}).Draw(t, "word")
			}
			var pass []int
			for i := range m.ids {
				if m.pass(i, q.Filter) {
					pass = append(pass, i)
				}
			}
			hits, st, err := s.Search(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			if st.Searched != len(pass) || st.Excluded != 0 {
				t.Fatalf("%+v: searched %d, %d pass", q.Filter, st.Searched, len(pass))
			}
			want := map[ID]float64{}
			for _, i := range pass {
				want[m.ids[i]] = m.score(i, q)
			}
			scores := make([]float64, 0, len(want))
			for _, x := range want {
				scores = append(scores, x)
			}
			sort.Sort(sort.Reverse(sort.Float64Slice(scores)))
			if len(hits) != min(q.Limit, len(pass)) {
				t.Fatalf("%d hits of %d, limit %d", len(hits), len(pass), q.Limit)
			}
			const eps = 1e-5 // float32 sums against float64
			for k, h := range hits {
				x, ok := want[h.ID]
				if !ok || math.Abs(x-float64(h.Score)) > eps || math.Abs(scores[k]-float64(h.Score)) > eps {
					t.Fatalf("hit %d is %s with %v; by hand %v, and the best such %v", k, h.ID, h.Score, x, scores[k])
				}
				if k > 0 && (hits[k-1].Score < h.Score || hits[k-1].Score == h.Score && hits[k-1].ID >= h.ID) {
					t.Fatalf("hits %d and %d are out of order", k-1, k)
				}
				delete(want, h.ID)
			}
		}
		coverage := func(t *rapid.T) {
			got, searched, _, err := s.Coverage(ctx, Filter{})
			if err != nil || searched != len(m.ids) {
				t.Fatalf("coverage of %d clips, want %d (%v)", searched, len(m.ids), err)
			}
			for _, c := range got {
				var spans []covered
				n := 0
				for i := range m.clips {
					if m.clips[i].Camera == c.Camera {
						n++
						spans = append(spans, covered{m.clips[i].Start.UnixNano(), m.clips[i].End().UnixNano()})
					}
				}
				gap := int64(0)
				spans = union(spans)
				for k := 1; k < len(spans); k++ {
					gap += spans[k].from - spans[k-1].to
				}
				if n != c.Clips || n > 0 && (int64(c.Gap) != gap || c.From.UnixNano() != spans[0].from || c.To.UnixNano() != spans[len(spans)-1].to) {
					t.Fatalf("coverage %+v, by hand %d clips, gap %v", c, n, time.Duration(gap))
				}
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"add":      add,
			"search":   search,
			"coverage": coverage,
			"sync": func(t *rapid.T) {
				if err := s.Sync(ctx); err != nil {
					t.Fatal(err)
				}
			},
			"seal": func(t *rapid.T) {
				release := rapid.Bool().Draw(t, "release")
				for _, p := range s.all() {
					for _, g := range p.segments() {
						if err := g.Seal(release); err != nil {
							t.Fatal(err)
						}
					}
				}
			},
			"reopen": func(t *rapid.T) {
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				s = open()
			},
			"kill": func(t *rapid.T) {
				left := fs.Clone()
				s.Close()
				fs = left
				s = open()
			},
			"delete": func(t *rapid.T) {
				if len(m.ids) == 0 {
					t.Skip("nothing to delete")
				}
				i := rapid.IntRange(0, len(m.ids)-1).Draw(t, "which")
				if err := s.Delete(ctx, m.ids[i:i+1]); err != nil {
					t.Fatal(err)
				}
				m.ids, m.clips = slices.Delete(m.ids, i, i+1), slices.Delete(m.clips, i, i+1)
			},
		})
	})
}
