package tune

import (
	"fmt"
	"math"
)

// minNorm keeps the division by a row's length from blowing up.
const minNorm = 1e-8

// Cosines are the similarities of every clip with every sentence: rows divided
// by their length (at least 1e-8), then multiplied.
func Cosines(clips, sentences [][]float64) ([][]float64, error) {
	if err := checkRows("clips", clips); err != nil {
		return nil, err
	}
	if err := checkRows("sentences", sentences); err != nil {
		return nil, err
	}
	if len(clips[0]) != len(sentences[0]) {
		return nil, fmt.Errorf("cosines: clips have %d dimensions, sentences %d", len(clips[0]), len(sentences[0]))
	}
	v, _ := unitRows(clips)
	t, _ := unitRows(sentences)
	out := make([][]float64, len(v))
	for i := range v {
		out[i] = make([]float64, len(t))
		for j := range t {
			for d := range v[i] {
				out[i][j] += v[i][d] * t[j][d]
			}
		}
	}
	return out, nil
}

// CosineGradients carries a gradient to the similarities on to the embeddings,
// through the division by their lengths.
func CosineGradients(clips, sentences, gradient [][]float64) (toClips, toSentences [][]float64) {
	v, vn := unitRows(clips)
	t, tn := unitRows(sentences)
	toClips, toSentences = likeRows(clips), likeRows(sentences)
	for i := range v {
		for j := range t {
			g := gradient[i][j]
			if g == 0 {
				continue
			}
			for d := range v[i] {
				toClips[i][d] += g * t[j][d]
				toSentences[j][d] += g * v[i][d]
			}
		}
	}
	throughUnit(toClips, v, vn)
	throughUnit(toSentences, t, tn)
	return toClips, toSentences
}

// throughUnit turns gradients to unit rows into gradients to the rows they were made of.
func throughUnit(grad, unit [][]float64, norms []float64) {
	for i, g := range grad {
		var along float64
		if norms[i] > minNorm {
			for d := range g {
				along += g[d] * unit[i][d]
			}
		}
		for d := range g {
			g[d] = (g[d] - along*unit[i][d]) / max(norms[i], minNorm)
		}
	}
}

func unitRows(m [][]float64) (unit [][]float64, norms []float64) {
	unit, norms = likeRows(m), make([]float64, len(m))
	for i, row := range m {
		var s float64
		for _, x := range row {
			s += x * x
		}
		norms[i] = math.Sqrt(s)
		for d, x := range row {
			unit[i][d] = x / max(norms[i], minNorm)
		}
	}
	return unit, norms
}

func likeRows(m [][]float64) [][]float64 {
	out := make([][]float64, len(m))
	for i := range m {
		out[i] = make([]float64, len(m[i]))
	}
	return out
}

func checkRows(name string, m [][]float64) error {
	if len(m) == 0 || len(m[0]) == 0 {
		return fmt.Errorf("%s: there are no embeddings", name)
	}
	for i, row := range m {
		if len(row) != len(m[0]) {
			return fmt.Errorf("%s: row %d has %d dimensions, the first %d", name, i, len(row), len(m[0]))
		}
		for d, x := range row {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("%s: entry %d,%d is %v: every entry must be a finite number", name, i, d, x)
			}
		}
	}
	return nil
}
