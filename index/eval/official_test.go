package eval

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestOfficialAPAddsSoftRelevancies(t *testing.T) {
	// Rank 1 is half relevant, rank 2 fully: textbook AP would be 1/2.
	got := OfficialAP([]float64{0.5, 1}, []int32{0, 1})
	if got != 0.75 {
		t.Errorf("AP = %v, want (0.5+1)/2 = 0.75", got)
	}
}

func TestOfficialNDCGCutsAtTheNumberOfPositives(t *testing.T) {
	// One positive candidate, ranked second: only the first rank counts.
	if got := OfficialNDCG([]float64{0, 1}, []int32{0, 1}); got != 0 {
		t.Errorf("nDCG = %v, want 0", got)
	}
	if got := OfficialNDCG([]float64{0, 1}, []int32{1, 0}); got != 1 {
		t.Errorf("nDCG = %v, want 1", got)
	}
}

func TestUndefinedQueries(t *testing.T) {
	sim := dense(t, [][]float64{{3, 2}, {1, 2}})
	rel := dense(t, [][]float64{{0, 0}, {1, 0.5}})
	strict, err := EvaluateOfficial(context.Background(), sim, rel, OfficialOptions{Conformance: true})
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]Score{"mAP v2t": strict.MAP.V2T, "mAP t2v": strict.MAP.T2V, "mAP avg": strict.MAP.Avg, "nDCG v2t": strict.NDCG.V2T, "nDCG avg": strict.NDCG.Avg} {
		if s.Defined() {
			t.Errorf("conformance: %s = %v, want undefined", what, s)
		}
	}
	if !strict.NDCG.T2V.Defined() {
		t.Error("conformance: nDCG t2v is undefined although every text has a positive video")
	}
	lenient, err := EvaluateOfficial(context.Background(), sim, rel, OfficialOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Row 1 ranks text 1 (0.5) first, then text 0 (1): (0.5+1)/2.
	if lenient.MAP.V2T != 0.75 {
		t.Errorf("mAP v2t = %v, want 0.75 over the one query that has a relevant text", lenient.MAP.V2T)
	}
	if want := (DirectionCounts{V2T: 1, T2V: 1}); lenient.WithoutRelevant != want {
		t.Errorf("queries without relevant = %v, want %v", lenient.WithoutRelevant, want)
	}
	if want := (DirectionCounts{V2T: 1, T2V: 0}); lenient.WithoutPositive != want {
		t.Errorf("queries without positive = %v, want %v", lenient.WithoutPositive, want)
	}
}

func TestEvaluateOfficialRejects(t *testing.T) {
	ok := [][]float64{{1, 0, 0}, {0, 1, 0}}
	tests := []struct {
		name     string
		sim, rel [][]float64
		want     string
	}{
		{"shape", [][]float64{{1, 2}}, ok, "same size"},
		{"transposed", [][]float64{{1, 2}, {3, 4}, {5, 6}}, ok, "transposed"},
		{"nan similarity", [][]float64{{1, 0, 0}, {0, math.NaN(), 0}}, ok, "similarity of video 1 and text 1 is NaN"},
		{"infinite similarity", [][]float64{{1, 0, math.Inf(-1)}, {0, 0, 0}}, ok, "similarity of video 0 and text 2 is -Inf"},
		{"nan relevancy", ok, [][]float64{{1, 0, math.NaN()}, {0, 0, 0}}, "relevancy of video 0 and text 2"},
		{"relevancy above 1", ok, [][]float64{{1, 0, 0}, {0, 1.5, 0}}, "relevancy of video 1 and text 1 is 1.5"},
		{"negative relevancy", ok, [][]float64{{1, -0.5, 0}, {0, 1, 0}}, "between 0 and 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := EvaluateOfficial(context.Background(), dense(t, tt.sim), dense(t, tt.rel), OfficialOptions{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestEvaluateOfficialStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := dense(t, [][]float64{{1}})
	if _, err := EvaluateOfficial(ctx, m, m, OfficialOptions{}); err != context.Canceled {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// TestRankingOrders compares the one sort that both metrics share with the two
// sorts of the official code, written down literally.
func TestRankingOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sim := rapid.SliceOfN(rapid.OneOf(
			rapid.Float64Range(-3, 3),
			rapid.SampledFrom([]float64{0, math.Copysign(0, -1), 1, -1, 0.5, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64}),
		), 1, 50).Draw(t, "similarity")

		wantMAP := indices(len(sim))
		slices.SortStableFunc(wantMAP, func(a, b int32) int { return ascending(-sim[a], -sim[b]) })
		wantNDCG := indices(len(sim))
		slices.SortStableFunc(wantNDCG, func(a, b int32) int { return ascending(sim[a], sim[b]) })
		slices.Reverse(wantNDCG)

		var r ranking
		if got := r.sort(sim); !slices.Equal(got, wantMAP) {
			t.Fatalf("mAP order %v, want %v", got, wantMAP)
		}
		if got := r.reverseTies(); !slices.Equal(got, wantNDCG) {
			t.Fatalf("nDCG order %v, want %v", got, wantNDCG)
		}
	})
}

func TestPerfectOrderIsOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rel := rapid.SliceOfN(rapid.SampledFrom([]float64{0, 0.25, 0.5, 1}), 1, 40).Draw(t, "relevancy")
		rel = append(rel, 1)
		var q querySorter
		q.discounts = newDiscounts(len(rel))
		ap, ndcg := q.metrics(rel, rel)
		if ap != 1 || ndcg != 1 {
			t.Fatalf("AP %v, nDCG %v, want 1 and 1", ap, ndcg)
		}
	})
}

// TestColumnsEqualRowsOfTranspose holds the two directions together: T2V of a
// table is V2T of its transpose.
func TestColumnsEqualRowsOfTranspose(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, cols := rapid.IntRange(1, 40).Draw(t, "rows"), rapid.IntRange(1, 80).Draw(t, "cols")
		draw := func(name string, g *rapid.Generator[float64]) (*Dense, *Dense) {
			data := rapid.SliceOfN(g, rows*cols, rows*cols).Draw(t, name)
			flipped := make([]float64, len(data))
			for i := range rows {
				for j := range cols {
					flipped[j*rows+i] = data[i*cols+j]
				}
			}
			a, err := NewDense(rows, cols, data)
			if err != nil {
				t.Fatal(err)
			}
			b, err := NewDense(cols, rows, flipped)
			if err != nil {
				t.Fatal(err)
			}
			return a, b
		}
		sim, simT := draw("similarity", rapid.SampledFrom([]float64{-1, 0, 0.25, 0.5, 2}))
		rel, relT := draw("relevancy", rapid.SampledFrom([]float64{0, 0, 0.5, 1}))
		a, err := EvaluateOfficial(context.Background(), sim, rel, OfficialOptions{Workers: 2})
		if err != nil {
			t.Fatal(err)
		}
		b, err := EvaluateOfficial(context.Background(), simT, relT, OfficialOptions{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		same := func(what string, x, y []float64) {
			if !slices.EqualFunc(x, y, func(p, q float64) bool { return p == q || math.IsNaN(p) && math.IsNaN(q) }) {
				t.Fatalf("%s: %v and %v differ", what, x, y)
			}
		}
		same("AP", a.PerQuery.APT2V, b.PerQuery.APV2T)
		same("AP", a.PerQuery.APV2T, b.PerQuery.APT2V)
		same("nDCG", a.PerQuery.NDCGT2V, b.PerQuery.NDCGV2T)
		same("nDCG", a.PerQuery.NDCGV2T, b.PerQuery.NDCGT2V)
	})
}

func TestNewDenseRejects(t *testing.T) {
	for _, tt := range []struct{ rows, cols, values int }{{0, 3, 0}, {3, 0, 0}, {2, 2, 3}, {2, 2, 5}, {-1, -4, 4}} {
		if _, err := NewDense(tt.rows, tt.cols, make([]float64, tt.values)); err == nil {
			t.Errorf("%d x %d over %d values: no error", tt.rows, tt.cols, tt.values)
		}
	}
}

func indices(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

func ascending(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
