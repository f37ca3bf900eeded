package tune

import (
	"fmt"
	"math"
)

// MaxMargin is the max-margin ranking loss: every other pair must be less
// similar than the drawn one by margin. It returns the gradient to the
// similarities too.
func MaxMargin(similarity [][]float64, margin float64) (float64, [][]float64, error) {
	ones := make([]float64, len(similarity))
	for i := range ones {
		ones[i] = 1
	}
	return AdaptiveMaxMargin(similarity, ones, margin)
}

// AdaptiveMaxMargin is the max-margin ranking loss with a margin in proportion
// to the relevancy of the drawn pair.
func AdaptiveMaxMargin(similarity [][]float64, positive []float64, margin float64) (float64, [][]float64, error) {
	b := len(similarity)
	if err := checkSquare("similarity", similarity, b, math.Inf(-1), math.Inf(1)); err != nil {
		return 0, nil, err
	}
	if len(positive) != b {
		return 0, nil, fmt.Errorf("max-margin loss: %d positive relevancies for a batch of %d", len(positive), b)
	}
	grad := square(b)
	if b < 2 {
		return 0, grad, nil
	}
	var sum float64
	add := func(a, i, j int) {
		if v := positive[a]*margin - similarity[a][a] + similarity[i][j]; v > 0 {
			sum += v
			grad[a][a]--
			grad[i][j]++
		}
	}
	for a := range b {
		for other := range b {
			if other != a {
				add(a, other, a)
				add(a, a, other)
			}
		}
	}
	terms := float64(2 * b * (b - 1))
	scale(grad, 1/terms)
	return sum / terms, grad, nil
}

// InfoNCE is the symmetric contrastive loss: the mean of the cross entropies of
// both directions over similarities times logitScale, the diagonal being right.
func InfoNCE(similarity [][]float64, logitScale float64) (float64, [][]float64, error) {
	b := len(similarity)
	if err := checkSquare("similarity", similarity, b, math.Inf(-1), math.Inf(1)); err != nil {
		return 0, nil, err
	}
	grad := square(b)
	var sum float64
	line := make([]float64, b)
	direction := func(at func(a, k int) (value float64, grad *float64)) {
		for a := range b {
			top := math.Inf(-1)
			for k := range line {
				v, _ := at(a, k)
				line[k] = logitScale * v
				top = max(top, line[k])
			}
			var total float64
			for _, v := range line {
				total += math.Exp(v - top)
			}
			sum += top + math.Log(total) - line[a]
			for k, v := range line {
				_, g := at(a, k)
				*g += math.Exp(v-top) / total
				if k == a {
					*g--
				}
			}
		}
	}
	direction(func(a, k int) (float64, *float64) { return similarity[a][k], &grad[a][k] })
	direction(func(a, k int) (float64, *float64) { return similarity[k][a], &grad[k][a] })
	scale(grad, logitScale/float64(2*b))
	return sum / float64(2*b), grad, nil
}
