package head

import (
	"math"

	"github.com/gembahq/gemba/internal/vector"
)

// normRow is Norm.forward of one row in place.
func normRow(l Norm[float32], row []float32) {
	var s0, s1, s2, s3 float32
	k := 0
	for ; k+4 <= len(row); k += 4 {
		s0 += row[k]
		s1 += row[k+1]
		s2 += row[k+2]
		s3 += row[k+3]
	}
	for ; k < len(row); k++ {
		s0 += row[k]
	}
	mean := (s0 + s1 + s2 + s3) / float32(len(row))
	s0, s1, s2, s3 = 0, 0, 0, 0
	for k = 0; k+4 <= len(row); k += 4 {
		a, b, c, d := row[k]-mean, row[k+1]-mean, row[k+2]-mean, row[k+3]-mean
		s0 += a * a
		s1 += b * b
		s2 += c * c
		s3 += d * d
	}
	for ; k < len(row); k++ {
		s0 += (row[k] - mean) * (row[k] - mean)
	}
	inverse := float32(1 / math.Sqrt(float64((s0+s1+s2+s3)/float32(len(row)))+normEpsilon))
	gain, offset := l.Gain[:len(row)], l.Offset[:len(row)]
	for k, v := range row {
		row[k] = (v-mean)*inverse*gain[k] + offset[k]
	}
}

// fastGELU is gelu within 1e-6 of it in absolute terms near zero and 2e-7 of
// its size elsewhere: erf is a quotient of two polynomials in float32.
func fastGELU(x float32) float32 {
	z := min(max(x*(1/math.Sqrt2), -4), 4)
	s := z * z
	p := s*-2.72614225801306e-10 + 2.77068142495902e-08
	p = s*p + -2.10102402082508e-06
	p = s*p + -5.69250639462346e-05
	p = s*p + -7.34990630326855e-04
	p = s*p + -2.95459980854025e-03
	p = s*p + -1.60960333262415e-02
	q := s*-1.45660718464996e-05 + -2.13374055278905e-04
	q = s*q + -1.68282697438203e-03
	q = s*q + -7.37332916720468e-03
	q = s*q + -1.42647390514189e-02
	return 0.5 * x * (1 + z*p/q)
}

// fastExp is e^x for x at most 0, within 3e-7 of its size: 2^whole times a
// polynomial of the fraction.
func fastExp(x float32) float32 {
	if x < -87 {
		return 0
	}
	const log2e = 1.4426950408889634
	y := x*log2e - 0.5
	whole := int32(y) // towards zero, so that the fraction lies around 0
	f := (x - float32(whole)*0.693359375) - float32(whole)*-2.12194440e-4
	p := float32(1.9875691500e-4)
	p = p*f + 1.3981999507e-3
	p = p*f + 8.3334519073e-3
	p = p*f + 4.1665795894e-2
	p = p*f + 1.6666665459e-1
	p = p*f + 5.0000001201e-1
	p = p*f*f + f + 1
	return p * math.Float32frombits(uint32(whole+127)<<23)
}

// fastSoftmax is softmax in float32.
func fastSoftmax(row []float32) {
	top := row[0]
	for _, v := range row {
		top = max(top, v)
	}
	var sum float32
	for i, v := range row {
		v = fastExp(v - top)
		row[i] = v
		sum += v
	}
	inverse := 1 / sum
	for i := range row {
		row[i] *= inverse
	}
}

func fastUnit(to, from []float32) {
	f := 1 / max(float32(math.Sqrt(float64(vector.Dot(from, from)))), minLength)
	for i, v := range from {
		to[i] = v * f
	}
}
