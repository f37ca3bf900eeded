package index

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Writers, searchers, readers, retention and commits at once: run with -race.
func TestEverythingAtOnce(t *testing.T) {
	o := testOptions(t.TempDir())
	o.SyncEvery, o.SyncBytes = 5*time.Millisecond, 8<<10
	s := openTest(t, o)
	ctx := t.Context()
	const perWriter = 900
	var writers, others sync.WaitGroup
	var stop atomic.Bool
	var mu sync.Mutex
	var kept []ID // of days that retention leaves
	fail := func(err error) bool {
		if err != nil {
			t.Error(err)
		}
		return err != nil
	}
	for w := range 3 {
		writers.Go(func() {
			for n := 0; n < perWriter; n += 30 {
				var clips []Clip
				for i := range 30 {
					c := testClip(fmt.Sprintf("cam%d", w%2), n+i)
					// Ten old days that are dropped, and one that stays.
					if day := (n / 30) % 11; day < 10 {
						c.Start = c.Start.AddDate(0, 0, -20+day)
					}
					clips = append(clips, c)
				}
				ids, err := s.Append(ctx, clips)
				if fail(err) {
					return
				}
				if !clips[0].Start.Before(testStart) {
					mu.Lock()
					kept = append(kept, ids...)
					mu.Unlock()
				}
			}
		})
	}
	for range 2 {
		others.Go(func() {
			for n := 0; !stop.Load(); n++ {
				q := Search{Vector: testClip("q", n).Vector, Alpha: 0.3, Limit: 10}
				if n%3 == 0 {
					q.Filter.Text = "note"
				}
				hits, _, err := s.Search(ctx, q)
				if fail(err) {
					return
				}
				for _, h := range hits {
					// The day may be dropped between the search and this.
					if _, err := s.Clip(ctx, h.ID); err != nil && !errors.Is(err, ErrNotFound) {
						fail(err)
						return
					}
					if _, err := s.Thumbnail(ctx, h.ID); err != nil && !errors.Is(err, ErrNotFound) {
						fail(err)
						return
					}
				}
			}
		})
	}
	others.Go(func() {
		for !stop.Load() {
			if fail(s.DropBefore(ctx, testStart.AddDate(0, 0, -5))) {
				return
			}
			if _, _, _, err := s.Coverage(ctx, Filter{}); fail(err) {
				return
			}
			s.Stats()
			for _, p := range s.all() {
				for _, g := range p.segments() {
					_ = g.Seal(false) // may have been dropped
				}
			}
		}
	})
	writers.Wait()
	stop.Store(true)
	others.Wait()
	mustSync(t, s)
	have := map[ID]bool{}
	for _, id := range everything(t, s, Filter{Text: "note"}) {
		have[id] = true
	}
	for _, id := range kept {
		if !have[id] {
			t.Fatalf("clip %s is gone", id)
		}
	}
	if len(kept) == 0 {
		t.Error("nothing was kept: the test shows nothing")
	}
	if st := s.Stats(); st.Problems > 0 {
		t.Errorf("damage: %v", st.Damage)
	}
}

func TestClosedStoreSaysSo(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	ids := mustAppend(t, s, testClip("gate", 0))
	mustClose(t, s)
	mustClose(t, s)
	ctx := context.Background()
	for name, do := range map[string]func() error{
		"append":   func() error { _, err := s.Append(ctx, []Clip{testClip("gate", 1)}); return err },
		"sync":     func() error { return s.Sync(ctx) },
		"search":   func() error { _, _, err := s.Search(ctx, Search{}); return err },
		"clip":     func() error { _, err := s.Clip(ctx, ids[0]); return err },
		"coverage": func() error { _, _, _, err := s.Coverage(ctx, Filter{}); return err },
		"drop":     func() error { return s.DropBefore(ctx, testStart) },
	} {
		if err := do(); !errors.Is(err, ErrClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelledContextStops(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	ids := mustAppend(t, s, testClip("gate", 0))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, do := range map[string]func() error{
		"append": func() error { _, err := s.Append(ctx, []Clip{testClip("gate", 1)}); return err },
		"sync":   func() error { return s.Sync(ctx) },
		"search": func() error { _, _, err := s.Search(ctx, Search{Vector: testClip("gate", 0).Vector}); return err },
		"clip":   func() error { _, err := s.Clip(ctx, ids[0]); return err },
	} {
		if err := do(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
