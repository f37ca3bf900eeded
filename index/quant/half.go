package quant

import (
	"encoding/binary"
	"math"
)

// MaxHalf is the largest finite binary16 value.
const MaxHalf = 65504

// HalfBytes is the stored size of one number.
const HalfBytes = 2

// Half rounds a float32 to the nearest binary16, ties to even. Values beyond
// the range become infinities, NaN stays NaN.
func Half(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b>>16) & 0x8000
	b &= 0x7fffffff
	switch {
	case b > 0x7f800000: // NaN
		return sign | 0x7e00
	case b >= 0x47800000: // 65536 and more, infinity
		return sign | 0x7c00
	case b >= 0x38800000: // normal in binary16
		b += 0xfff + (b>>13)&1 // round half to even; may carry into infinity
		return sign | uint16((b-0x38000000)>>13)
	case b < 0x33000000: // below half of the smallest subnormal
		return sign
	}
	// Subnormal: shift the full mantissa to units of 2^-24.
	shift := 126 - b>>23
	mant := b&0x7fffff | 0x800000
	half := mant >> shift
	rest := mant & (1<<shift - 1)
	mid := uint32(1) << (shift - 1)
	if rest > mid || rest == mid && half&1 == 1 {
		half++
	}
	return sign | uint16(half)
}

// Float widens a binary16 number exactly.
func Float(h uint16) float32 {
	bits := uint32(h&0x8000)<<16 | uint32(h&0x7fff)<<13
	if h&0x7c00 == 0x7c00 {
		return math.Float32frombits(bits | 0x7f800000)
	}
	return math.Float32frombits(bits) * scaleUp
}

// scaleUp is 2^112, the difference of the exponent biases of float32 and
// binary16. Multiplying by it turns shifted half bits into their value, for
// subnormals too, without a branch.
const scaleUp = 0x1p112

// AppendHalf appends v as little-endian binary16.
func AppendHalf(dst []byte, v []float32) []byte {
	for _, f := range v {
		dst = binary.LittleEndian.AppendUint16(dst, Half(f))
	}
	return dst
}

// Floats widens little-endian binary16 into dst, whose length counts.
func Floats(dst []float32, src []byte) {
	src = src[:len(dst)*HalfBytes]
	for i := range dst {
		dst[i] = halves[binary.LittleEndian.Uint16(src[i*HalfBytes:])]
	}
}
