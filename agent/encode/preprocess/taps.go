package preprocess

import "math"

// precisionBits is the fixed point of the weights: 32 bits less 8 for the
// value and 2 for overshoot of filters with negative lobes.
const precisionBits = 32 - 8 - 2

// taps are the weights of one pass: output i is the sum over j < n[i] of
// source[start[i]+j] * weight[i*stride+j], in units of 2^-precisionBits.
type taps struct {
	start, n []int32
	weight   []int32
	stride   int
	identity bool // each output is the source at start, no pass is needed
}

// newTaps computes the weights that scale `in` source positions to `to`, for
// the outputs first to first+count only.
func newTaps(f Filter, in, to, first, count int) taps {
	t := taps{start: make([]int32, count), n: make([]int32, count)}
	scale := float64(in) / float64(to)
	filterScale := max(scale, 1)
	support := f.support() * filterScale
	t.stride = min(int(math.Ceil(support))*2+1, in)
	t.identity = in == to
	t.weight = make([]int32, count*t.stride)
	row := make([]float64, t.stride)
	for i := range count {
		if t.identity {
			t.start[i], t.n[i], t.weight[i*t.stride] = int32(first+i), 1, 1<<precisionBits
			continue
		}
		center := (float64(first+i) + 0.5) * scale
		lo := max(int(center-support+0.5), 0)
		hi := min(int(center+support+0.5), in)
		sum := 0.0
		for j := range hi - lo {
			row[j] = f.at((float64(j+lo) - center + 0.5) * (1 / filterScale))
			sum += row[j]
		}
		for j := range hi - lo {
			w := row[j]
			if sum != 0 {
				w /= sum
			}
			t.weight[i*t.stride+j] = fixed(w)
		}
		t.start[i], t.n[i] = int32(lo), int32(hi-lo)
	}
	return t
}

// fixed rounds half away from zero.
func fixed(w float64) int32 {
	if w < 0 {
		return int32(-0.5 + w*(1<<precisionBits))
	}
	return int32(0.5 + w*(1<<precisionBits))
}

// mirrored are the taps for a source of `in` positions read from its end: what
// they give is what t gives on the flipped source.
func (t taps) mirrored(in int) taps {
	m := taps{start: make([]int32, len(t.start)), n: t.n, weight: make([]int32, len(t.weight)), stride: t.stride}
	for i, start := range t.start {
		n := t.n[i]
		m.start[i] = int32(in) - start - n
		for j := range int(n) {
			m.weight[i*t.stride+j] = t.weight[i*t.stride+int(n)-1-j]
		}
	}
	return m
}

// span is the range of source positions that any output reads.
func (t taps) span() (lo, hi int) {
	lo, hi = math.MaxInt, 0
	for i, s := range t.start {
		lo, hi = min(lo, int(s)), max(hi, int(s+t.n[i]))
	}
	return lo, hi
}
