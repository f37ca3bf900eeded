package eval

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
)

// Directions holds one metric both ways. V2T ranks texts for each video, T2V
// ranks videos for each text, Avg is the mean of the two.
type Directions struct {
	V2T Score `json:"v2t"`
	T2V Score `json:"t2v"`
	Avg Score `json:"avg"`
}

// DirectionCounts counts queries of each direction.
type DirectionCounts struct {
	V2T int `json:"v2t"`
	T2V int `json:"t2v"`
}

// PerQuery holds one figure per query: rows for V2T, columns for T2V. NaN
// where the query has no relevant item (AP) or no positive one (NDCG).
type PerQuery struct {
	APV2T, APT2V     []float64
	NDCGV2T, NDCGT2V []float64
}

// Official is the result of the EK-100 retrieval evaluation.
type Official struct {
	MAP  Directions `json:"map"`
	NDCG Directions `json:"ndcg"`
	// WithoutRelevant counts queries for which nothing has relevancy exactly
	// 1; the official mAP is NaN as soon as there is one.
	WithoutRelevant DirectionCounts `json:"queries_without_relevant"`
	// WithoutPositive counts queries for which nothing has relevancy above 0;
	// the official nDCG is NaN as soon as there is one.
	WithoutPositive DirectionCounts `json:"queries_without_positive"`
	PerQuery        PerQuery        `json:"-"`
}

// OfficialOptions says how undefined queries count and how much of the machine
// to use.
type OfficialOptions struct {
	// Conformance gives NaN where the official code gives NaN. Otherwise the
	// queries it cannot score are left out of the mean (and counted).
	Conformance bool
	// Workers is the number of goroutines; 0 means one for each CPU.
	Workers int
}

// columnBlock is how many columns one worker reads at once: 32 columns of
// 9,668 float64 are 2.4 MB, still within a usual L2 plus L3 share.
const columnBlock = 32

// EvaluateOfficial computes mAP and nDCG of similarity against relevancy in
// both directions, exactly as published for EPIC-KITCHENS-100 except that
// sorting is stable: mAP breaks ties by lower index first, nDCG by higher
// index first.
//
// Both matrices are [videos][texts] of one size. Similarities must be finite,
// relevancies within 0 to 1; an error names the first value that is not.
func EvaluateOfficial(ctx context.Context, similarity, relevancy Matrix, o OfficialOptions) (*Official, error) {
	rows, cols := similarity.Dims()
	if err := sameShape(similarity, relevancy); err != nil {
		return nil, err
	}
	if err := checkValues(ctx, similarity, relevancy); err != nil {
		return nil, err
	}
	workers := o.Workers
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	pq := PerQuery{
		APV2T: make([]float64, rows), NDCGV2T: make([]float64, rows),
		APT2V: make([]float64, cols), NDCGT2V: make([]float64, cols),
	}
	discounts := newDiscounts(max(rows, cols))

	err := inParallel(ctx, workers, rows, func() func(int) {
		q := &querySorter{discounts: discounts}
		sim, rel := make([]float64, cols), make([]float64, cols)
		return func(i int) {
			similarity.Row(i, sim)
			relevancy.Row(i, rel)
			pq.APV2T[i], pq.NDCGV2T[i] = q.metrics(sim, rel)
		}
	})
	if err != nil {
		return nil, err
	}
	blocks := (cols + columnBlock - 1) / columnBlock
	err = inParallel(ctx, workers, blocks, func() func(int) {
		q := &querySorter{discounts: discounts}
		sim, rel := newColumns(min(columnBlock, cols), rows), newColumns(min(columnBlock, cols), rows)
		return func(b int) {
			from := b * columnBlock
			n := min(columnBlock, cols-from)
			similarity.Columns(from, sim[:n])
			relevancy.Columns(from, rel[:n])
			for k := range n {
				pq.APT2V[from+k], pq.NDCGT2V[from+k] = q.metrics(sim[k], rel[k])
			}
		}
	})
	if err != nil {
		return nil, err
	}

	res := &Official{PerQuery: pq}
	res.MAP.V2T, res.WithoutRelevant.V2T = meanScore(pq.APV2T, o.Conformance)
	res.MAP.T2V, res.WithoutRelevant.T2V = meanScore(pq.APT2V, o.Conformance)
	res.NDCG.V2T, res.WithoutPositive.V2T = meanScore(pq.NDCGV2T, o.Conformance)
	res.NDCG.T2V, res.WithoutPositive.T2V = meanScore(pq.NDCGT2V, o.Conformance)
	res.MAP.Avg = (res.MAP.V2T + res.MAP.T2V) / 2
	res.NDCG.Avg = (res.NDCG.V2T + res.NDCG.T2V) / 2
	return res, nil
}

// querySorter computes both metrics of a query from one sort.
type querySorter struct {
	ranking   ranking
	ideal     []float64
	discounts []float64
}

func (q *querySorter) metrics(sim, rel []float64) (ap, ndcg float64) {
	ap = OfficialAP(rel, q.ranking.sort(sim))
	order := q.ranking.reverseTies()
	q.ideal = positives(rel, q.ideal)
	return ap, officialNDCG(rel, order, q.ideal, q.discounts)
}

func newColumns(n, rows int) [][]float64 {
	backing := make([]float64, n*rows)
	out := make([][]float64, n)
	for k := range out {
		out[k] = backing[k*rows : (k+1)*rows : (k+1)*rows]
	}
	return out
}

// inParallel runs the function made by each worker's newWorker over 0..n-1. It
// stops early, with the context's error, when the context ends.
func inParallel(ctx context.Context, workers, n int, newWorker func() func(int)) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(workers, n) {
		wg.Go(func() {
			work := newWorker()
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				work(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

// meanScore averages in query order. Undefined queries make the mean undefined
// in conformance mode and are left out otherwise.
func meanScore(values []float64, conformance bool) (mean Score, leftOut int) {
	var sum float64
	for _, v := range values {
		if math.IsNaN(v) {
			leftOut++
			continue
		}
		sum += v
	}
	n := len(values) - leftOut
	if n == 0 || (conformance && leftOut > 0) {
		return undefined(), leftOut
	}
	return Score(sum / float64(n)), leftOut
}

func sameShape(similarity, relevancy Matrix) error {
	sr, sc := similarity.Dims()
	rr, rc := relevancy.Dims()
	switch {
	case sr == rr && sc == rc:
		return nil
	case sr == rc && sc == rr:
		return fmt.Errorf("similarity is %d x %d and relevancy %d x %d: one of them is transposed; both must be [videos][texts]", sr, sc, rr, rc)
	}
	return fmt.Errorf("similarity is %d x %d but relevancy is %d x %d; both must be [videos][texts] of the same size", sr, sc, rr, rc)
}

// checkValues reads everything once, in order, so that the error always names
// the first bad value whatever the number of workers.
func checkValues(ctx context.Context, similarity, relevancy Matrix) error {
	rows, cols := similarity.Dims()
	row := make([]float64, cols)
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return err
		}
		similarity.Row(i, row)
		for j, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("similarity of video %d and text %d is %v; similarities must be finite", i, j, v)
			}
		}
		relevancy.Row(i, row)
		for j, v := range row {
			if !(v >= 0 && v <= 1) {
				return fmt.Errorf("relevancy of video %d and text %d is %v; relevancies lie between 0 and 1", i, j, v)
			}
		}
	}
	return nil
}
