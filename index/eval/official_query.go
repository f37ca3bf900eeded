package eval

import (
	"math"
	"slices"
)

// OfficialAP is the published "average precision" of one query. order ranks
// all candidates, best first; relevancy[i] is that of candidate i.
//
// It is not textbook average precision: at each rank that holds a relevant
// candidate (relevancy exactly 1) it adds (sum of the soft relevancies of
// everything ranked so far) / rank, so partly relevant candidates ranked high
// raise it. Without any relevant candidate it is NaN.
func OfficialAP(relevancy []float64, order []int32) float64 {
	var running, sum float64
	relevant := 0
	for k, i := range order {
		r := relevancy[i]
		running += r
		if r == 1 {
			relevant++
			sum += running / float64(k+1)
		}
	}
	if relevant == 0 {
		return math.NaN()
	}
	return sum / float64(relevant)
}

// OfficialNDCG is the published nDCG of one query: linear gain, discount
// log2(rank+1), and only the first k ranks count, k being the number of
// candidates with relevancy above 0 for this query. NaN if there is none.
func OfficialNDCG(relevancy []float64, order []int32) float64 {
	return officialNDCG(relevancy, order, positives(relevancy, nil), newDiscounts(len(order)))
}

// officialNDCG takes the positive relevancies (sorted here) and the discounts
// from buffers that the caller reuses.
func officialNDCG(relevancy []float64, order []int32, ideal, discounts []float64) float64 {
	if len(ideal) == 0 {
		return math.NaN()
	}
	slices.Sort(ideal)
	var dcg, idcg float64
	for k, i := range order[:len(ideal)] {
		dcg += relevancy[i] / discounts[k]
		idcg += ideal[len(ideal)-1-k] / discounts[k]
	}
	return dcg / idcg
}

// positives collects the relevancies above 0 into buf.
func positives(relevancy, buf []float64) []float64 {
	buf = buf[:0]
	for _, r := range relevancy {
		if r > 0 {
			buf = append(buf, r)
		}
	}
	return buf
}

// newDiscounts returns log2(rank+1) for ranks 1 to n.
func newDiscounts(n int) []float64 {
	d := make([]float64, n)
	for k := range d {
		d[k] = math.Log2(float64(k + 2))
	}
	return d
}
