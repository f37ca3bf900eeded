package eval

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestNewRecall(t *testing.T) {
	tests := []struct {
		name  string
		ranks []int
		want  string
	}{
		{"none", nil, `{"r1":null,"r5":null,"r10":null,"median_rank":null}`},
		{"odd", []int{1, 5, 11}, `{"r1":0.3333333333333333,"r5":0.6666666666666666,"r10":0.6666666666666666,"median_rank":5}`},
		{"even", []int{1, 2, 6, 10}, `{"r1":0.25,"r5":0.5,"r10":1,"median_rank":4}`},
		{"some not found", []int{Unranked, 1, 3}, `{"r1":0.3333333333333333,"r5":0.6666666666666666,"r10":0.6666666666666666,"median_rank":3}`},
		{"most not found", []int{Unranked, Unranked, 1}, `{"r1":0.3333333333333333,"r5":0.3333333333333333,"r10":0.3333333333333333,"median_rank":null}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := json.Marshal(NewRecall(tt.ranks))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestBestRank(t *testing.T) {
	scores := []float32{0.5, 0.9, 0.5, 0.1}
	for _, tt := range []struct {
		relevant []int
		want     int
	}{{[]int{1}, 1}, {[]int{0}, 2}, {[]int{2}, 3}, {[]int{3, 2}, 3}, {[]int{3, 0, 2}, 2}, {nil, Unranked}} {
		if got := BestRank(scores, tt.relevant); got != tt.want {
			t.Errorf("BestRank(%v) = %d, want %d", tt.relevant, got, tt.want)
		}
	}
}

func TestBestRankIsTheFirstRelevantRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		scores := rapid.SliceOfN(rapid.SampledFrom([]float32{-1, 0, 0.5, 1}), 1, 30).Draw(t, "scores")
		relevant := rapid.SliceOfNDistinct(rapid.IntRange(0, len(scores)-1), 1, len(scores), rapid.ID[int]).Draw(t, "relevant")
		ranks := RelevantRanks(scores, func(i int) bool { return slices.Contains(relevant, i) })
		if len(ranks) != len(relevant) {
			t.Fatalf("%d ranks for %d relevant candidates", len(ranks), len(relevant))
		}
		if got := BestRank(scores, relevant); got != ranks[0] {
			t.Fatalf("BestRank %d, first of RelevantRanks %d", got, ranks[0])
		}
	})
}

func TestAveragePrecision(t *testing.T) {
	for _, tt := range []struct {
		name  string
		ranks []int
		total int
		want  float64
	}{
		{"perfect", []int{2, 1}, 2, 1},
		{"textbook", []int{1, 4}, 2, 0.75},
		{"one missing", []int{1, Unranked}, 2, 0.5},
		{"all missing", nil, 3, 0},
	} {
		if got := AveragePrecision(tt.ranks, tt.total); got != Score(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := AveragePrecision(nil, 0); got.Defined() {
		t.Errorf("nothing relevant: %v, want undefined", got)
	}
}

func TestMeanReciprocalRank(t *testing.T) {
	if got := MeanReciprocalRank([]int{1, 4, Unranked, 2}); got != Score((1+0.25+0.5)/4) {
		t.Errorf("mrr = %v", got)
	}
	if got := MeanReciprocalRank(nil); got.Defined() {
		t.Errorf("mrr of nothing = %v, want undefined", got)
	}
}

func TestMean(t *testing.T) {
	if got := Mean([]Score{1, undefined(), 0.5}); got != 0.75 {
		t.Errorf("mean = %v, want 0.75", got)
	}
	if got := Mean([]Score{undefined()}); got.Defined() {
		t.Errorf("mean = %v, want undefined", got)
	}
}

func TestAUC(t *testing.T) {
	for _, tt := range []struct {
		name     string
		pos, neg []float64
		want     Score
	}{
		{"apart", []float64{2, 3}, []float64{0, 1}, 1},
		{"swapped", []float64{0, 1}, []float64{2, 3}, 0},
		{"equal", []float64{1, 1}, []float64{1}, 0.5},
		{"mixed", []float64{1, 3}, []float64{1, 2}, (0.5 + 2) / 4},
	} {
		if got := AUC(tt.pos, tt.neg); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	nan := math.NaN()
	for _, u := range [][2][]float64{{nil, {1}}, {{1}, nil}, {{nan}, {1}}, {{1}, {0, nan}}} {
		if got := AUC(u[0], u[1]); got.Defined() {
			t.Errorf("AUC(%v, %v) = %v, want undefined", u[0], u[1], got)
		}
	}
}

func TestAUCAgainstPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.SampledFrom([]float64{-2, -1, 0, 0.5, 1, 7}), 1, 20)
		pos, neg := values.Draw(t, "positive"), values.Draw(t, "negative")
		var wins float64
		for _, p := range pos {
			for _, n := range neg {
				switch {
				case p > n:
					wins++
				case p == n:
					wins += 0.5
				}
			}
		}
		want := wins / float64(len(pos)*len(neg))
		if got := float64(AUC(pos, neg)); math.Abs(got-want) > 1e-12 {
			t.Fatalf("AUC = %v, want %v", got, want)
		}
	})
}

func TestScoreJSON(t *testing.T) {
	for _, s := range []Score{0, 1, 0.1, Score(math.NaN())} {
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back Score
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		if back != s && (back.Defined() || s.Defined()) {
			t.Errorf("%v became %s and then %v", s, raw, back)
		}
	}
	if _, err := json.Marshal(Score(math.Inf(1))); err == nil {
		t.Error("infinity was written as JSON")
	}
}
