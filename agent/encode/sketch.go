package encode

import "math"

// Sketch shortens embeddings so that inner products are kept on average: a
// random orthogonal projection, the same everywhere and always. It makes visual
// tokens of the embeddings of models that give nothing else.
//
// Embeddings of at most as many values as asked for stay as they are. Others
// are multiplied by random signs, filled up with zeros to a power of two,
// transformed by the Hadamard matrix H, and of the result some values, picked
// at random, are kept:
//
//	y[j] = 1/sqrt(to) * sum over i of H[pick[j], i] * sign[i] * x[i]
//
// with H[r, i] = -1 to the number of bits that r and i share. Randomness is
// SplitMix64 with seed 1: sign[i] is -1 if the lowest bit of its value number i
// is set; then pick is the beginning of a shuffle of 0, 1, 2 …, in which place j
// is swapped with place j + value mod (places from j on).
type Sketch struct {
	from, to int
	sign     []float32 // nil if nothing is to be done
	pick     []int
}

// NewSketch makes the sketch from `from` values to at most `to`.
func NewSketch(from, to int) *Sketch {
	s := &Sketch{from: from, to: to}
	if to >= from {
		return s
	}
	random := splitMix(1)
	s.sign = make([]float32, from)
	for i := range s.sign {
		s.sign[i] = 1 - 2*float32(random.next()&1)
	}
	size := 1
	for size < from {
		size *= 2
	}
	s.pick = make([]int, size)
	for i := range s.pick {
		s.pick[i] = i
	}
	for j := range to {
		other := j + int(random.next()%uint64(size-j))
		s.pick[j], s.pick[other] = s.pick[other], s.pick[j]
	}
	return s
}

// Apply appends the sketch of x, which must have as many values as the sketch
// is from, to dst.
func (s *Sketch) Apply(dst, x []float32) []float32 {
	if s.sign == nil {
		return append(dst, x...)
	}
	v := make([]float32, len(s.pick))
	for i, sign := range s.sign {
		v[i] = sign * x[i]
	}
	for half := 1; half < len(v); half *= 2 {
		for i := 0; i < len(v); i += 2 * half {
			for j := i; j < i+half; j++ {
				v[j], v[j+half] = v[j]+v[j+half], v[j]-v[j+half]
			}
		}
	}
	scale := float32(1 / math.Sqrt(float64(s.to)))
	for _, r := range s.pick[:s.to] {
		dst = append(dst, scale*v[r])
	}
	return dst
}

// splitMix is the generator SplitMix64 by its state.
type splitMix uint64

func (s *splitMix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
