package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index"
)

func TestMerge(t *testing.T) {
	type clip struct {
		camera string
		at     int // seconds
		score  float32
		still  bool
	}
	tests := []struct {
		name  string
		gap   time.Duration
		clips []clip // best first
		want  string // best@[start,end]xclips
	}{
		{"nothing", 10 * time.Second, nil, ""},
		{"neighbours join", 10 * time.Second, []clip{{"a", 4, 1, false}, {"a", 0, 0.9, false}, {"a", 8, 0.8, false}}, "4@0-12x3"},
		{"a chain joins", 10 * time.Second, []clip{{"a", 0, 1, false}, {"a", 14, 0.9, false}, {"a", 28, 0.9, false}}, "0@0-32x3"},
		{"a hole divides", 10 * time.Second, []clip{{"a", 0, 1, false}, {"a", 15, 0.9, false}}, "0@0-4x1 15@15-19x1"},
		{"cameras stay apart", 10 * time.Second, []clip{{"a", 0, 1, false}, {"b", 4, 0.9, false}}, "0@0-4x1 4@4-8x1"},
		{"a clearly worse neighbour stays out", 10 * time.Second, []clip{{"a", 4, 1, false}, {"a", 8, 0.4, false}, {"a", 12, 0.3, false}}, "4@4-8x1 8@8-16x2"},
		{"the worse neighbour stops the growth", 10 * time.Second, []clip{{"a", 0, 1, false}, {"a", 8, 1, false}, {"a", 4, 0.1, false}}, "0@0-4x1 8@8-12x1 4@4-8x1"},
		{"still scenes are sparse", 10 * time.Second, []clip{{"a", 0, 1, true}, {"a", 60, 1, true}, {"a", 120, 1, false}}, "0@0-64x2 120@120-124x1"},
		{"an event ends", 10 * time.Second, []clip{{"a", 0, 1, true}, {"a", 60, 1, true}, {"a", 120, 1, true}, {"a", 180, 1, true}}, "0@0-124x3 180@180-184x1"},
		{"no merging", -1, []clip{{"a", 4, 1, false}, {"a", 0, 0.9, false}}, "4@4-8x1 0@0-4x1"},
		{"overlap joins", 0, []clip{{"a", 0, 1, false}, {"a", 2, 1, false}}, "0@0-6x2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var hits []ranked
			for i, c := range tt.clips {
				h := index.Hit{ID: index.ID(i), Camera: c.camera, Start: noon.Add(time.Duration(c.at) * time.Second), Duration: 4 * time.Second, Score: c.score, Still: c.still}
				hits = append(hits, ranked{hit: h, score: h.Score})
			}
			m := merger{gap: tt.gap, stillGap: 75 * time.Second, span: 150 * time.Second, drop: 0.5}
			var got []string
			for _, ev := range m.merge(hits) {
				got = append(got, fmt.Sprintf("%g@%g-%gx%d", ev.best.Start.Sub(noon).Seconds(), ev.start.Sub(noon).Seconds(), ev.end.Sub(noon).Seconds(), ev.clips))
			}
			if g := strings.Join(got, " "); g != tt.want {
				t.Errorf("got %q, want %q", g, tt.want)
			}
		})
	}
}
