package main

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/index"
)

// fakeDays is an index of whole days of 100 bytes each.
type fakeDays struct {
	days  []time.Time
	stuck bool
}

func (f *fakeDays) Stats() index.Stats {
	s := index.Stats{Clips: len(f.days), LogBytes: int64(len(f.days)) * 70, TextBytes: int64(len(f.days)) * 30}
	if len(f.days) > 0 {
		s.Cameras = []index.CameraStats{{Camera: "a", Clips: len(f.days), First: f.days[0].Add(time.Hour), Last: f.days[len(f.days)-1].Add(2 * time.Hour)}}
	}
	return s
}

func (f *fakeDays) DropBefore(_ context.Context, t time.Time) error {
	if !f.stuck {
		f.days = slices.DeleteFunc(f.days, func(d time.Time) bool { return !d.Add(day).After(t) })
	}
	return nil
}

func TestRetention(t *testing.T) {
	first := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	now := first.Add(9*day + 12*time.Hour)
	for _, c := range []struct {
		name  string
		bound config.Retention
		days  int
		stuck bool
		left  int
		fails bool
	}{
		{"no bounds", config.Retention{}, 10, false, 10, false},
		{"by age", config.Retention{MaxAge: config.Duration(3 * day)}, 10, false, 4, false},
		{"all too old", config.Retention{MaxAge: config.Duration(time.Hour)}, 5, false, 0, false},
		{"by bytes", config.Retention{MaxBytes: 350}, 10, false, 3, false},
		{"the newest day stays", config.Retention{MaxBytes: 10}, 10, false, 1, false},
		{"both", config.Retention{MaxAge: config.Duration(3 * day), MaxBytes: 200}, 10, false, 2, false},
		{"an empty index", config.Retention{MaxAge: 1, MaxBytes: 1}, 0, false, 0, false},
		{"a day that cannot be dropped", config.Retention{MaxBytes: 350}, 10, true, 10, true},
	} {
		store := &fakeDays{stuck: c.stuck}
		for i := range c.days {
			store.days = append(store.days, first.Add(time.Duration(i)*day))
		}
		conf := config.Default()
		conf.Retention = c.bound
		r := &retention{store, quiet, func() *config.Config { return conf }, func() time.Time { return now }, time.Hour}
		if err := r.enforce(context.Background()); (err != nil) != c.fails {
			t.Errorf("%s: %v", c.name, err)
		}
		if len(store.days) != c.left {
			t.Errorf("%s: %d days are left, want %d", c.name, len(store.days), c.left)
		}
	}
}
