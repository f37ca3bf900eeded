package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
)

type goldenDirections struct{ V2T, T2V, Avg Score }

type goldenFile struct {
	Cases []struct {
		Name       string      `json:"name"`
		NVideo     int         `json:"n_video"`
		NText      int         `json:"n_text"`
		TiesV2T    bool        `json:"ties_v2t"`
		TiesT2V    bool        `json:"ties_t2v"`
		Similarity [][]float64 `json:"similarity"`
		Relevancy  [][]float64 `json:"relevancy"`
		Expect     struct {
			Official       goldenMetrics `json:"official"`
			OfficialStable struct {
				goldenMetrics
				PerQuery struct {
					APV2T   []Score `json:"ap_v2t"`
					APT2V   []Score `json:"ap_t2v"`
					NDCGV2T []Score `json:"ndcg_v2t"`
					NDCGT2V []Score `json:"ndcg_t2v"`
				} `json:"per_query"`
			} `json:"official_stable"`
		} `json:"expect"`
	} `json:"cases"`
}

type goldenMetrics struct {
	MAP  goldenDirections `json:"mAP"`
	NDCG goldenDirections `json:"nDCG"`
}

func goldenDir() string {
	if dir := os.Getenv("GEMBA_GOLDEN"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "testdata", "golden")
}

func TestGoldenMetrics(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(goldenDir(), "metrics_small.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden goldenFile
	if err := json.Unmarshal(raw, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) == 0 {
		t.Fatal("the golden file holds no cases")
	}
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			sim, rel := dense(t, c.Similarity), dense(t, c.Relevancy)
			if r, n := sim.Dims(); r != c.NVideo || n != c.NText {
				t.Fatalf("similarity is %d x %d, the file says %d x %d", r, n, c.NVideo, c.NText)
			}
			for _, workers := range []int{1, 3} {
				got, err := EvaluateOfficial(context.Background(), sim, rel, OfficialOptions{Conformance: true, Workers: workers})
				if err != nil {
					t.Fatal(err)
				}
				stable := c.Expect.OfficialStable
				sameDirections(t, "stable mAP", got.MAP, stable.MAP)
				sameDirections(t, "stable nDCG", got.NDCG, stable.NDCG)
				samePerQuery(t, "ap_v2t", got.PerQuery.APV2T, stable.PerQuery.APV2T)
				samePerQuery(t, "ap_t2v", got.PerQuery.APT2V, stable.PerQuery.APT2V)
				samePerQuery(t, "ndcg_v2t", got.PerQuery.NDCGV2T, stable.PerQuery.NDCGV2T)
				samePerQuery(t, "ndcg_t2v", got.PerQuery.NDCGT2V, stable.PerQuery.NDCGT2V)

				// Above 16 items the published sort is an accident on ties.
				if !(c.TiesV2T && c.NText > 16) {
					sameScore(t, "official mAP v2t", got.MAP.V2T, c.Expect.Official.MAP.V2T)
					sameScore(t, "official nDCG v2t", got.NDCG.V2T, c.Expect.Official.NDCG.V2T)
				}
				if !(c.TiesT2V && c.NVideo > 16) {
					sameScore(t, "official mAP t2v", got.MAP.T2V, c.Expect.Official.MAP.T2V)
					sameScore(t, "official nDCG t2v", got.NDCG.T2V, c.Expect.Official.NDCG.T2V)
				}
			}
		})
	}
}

func dense(t testing.TB, rows [][]float64) *Dense {
	t.Helper()
	var data []float64
	for _, r := range rows {
		if len(r) != len(rows[0]) {
			t.Fatal("rows of different length")
		}
		data = append(data, r...)
	}
	d, err := NewDense(len(rows), len(rows[0]), data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func sameDirections(t *testing.T, what string, got Directions, want goldenDirections) {
	t.Helper()
	sameScore(t, what+" v2t", got.V2T, want.V2T)
	sameScore(t, what+" t2v", got.T2V, want.T2V)
	sameScore(t, what+" avg", got.Avg, want.Avg)
}

func samePerQuery(t *testing.T, what string, got []float64, want []Score) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d queries, want %d", what, len(got), len(want))
	}
	for i := range got {
		sameScore(t, fmt.Sprintf("%s[%d]", what, i), Score(got[i]), want[i])
	}
}

// sameScore compares within 1e-12, relative for values above 1.
func sameScore(t *testing.T, what string, got, want Score) {
	t.Helper()
	if got.Defined() != want.Defined() {
		t.Errorf("%s = %v, want %v", what, got, want)
		return
	}
	if d := math.Abs(float64(got - want)); d > 1e-12*max(1, math.Abs(float64(want))) {
		t.Errorf("%s = %.17g, want %.17g", what, float64(got), float64(want))
	}
}
