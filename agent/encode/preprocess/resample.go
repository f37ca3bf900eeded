package preprocess

import "encoding/binary"

// Resampling in fixed point, bit for bit what Pillow computes: weights of 22
// fractional bits, one pass per axis, and after each pass a value is rounded to
// nearest and clipped to 0..255.
//
// Sums fit 32 bits. So two of them are kept in one 64-bit word, and one
// multiplication serves two bytes: with word = hi<<32 + lo, both signed,
// adding pair*weight adds to each. lo is the low half read as a signed number,
// hi is what remains when lo is taken away.

const (
	half     = 1 << (precisionBits - 1)
	pairHalf = half<<32 | half // the rounding term of both sums of a word
	lanes    = 0xff<<32 | 0xff // the bytes of a word that belong to its sums
)

// clip brings a sum back to a byte.
func clip(sum int32) uint8 {
	v := sum >> precisionBits
	if uint32(v) <= 255 {
		return uint8(v)
	}
	if v < 0 {
		return 0
	}
	return 255
}

func unpair(word uint64) (lo, hi int32) {
	lo = int32(word)
	return lo, int32((word - uint64(int64(lo))) >> 32)
}

// downFirst tells whether the vertical pass comes first. As each pass rounds,
// the order shows. Pillow 13 begins with the vertical pass where the picture
// loses more than twice as many rows as columns (all versions before begin with
// the horizontal one, which differs by 1 at most).
func downFirst(w, h, toWidth, toHeight int) bool {
	return w != toWidth && h > toHeight && h-toHeight > 2*(w-toWidth)
}

// horizontal scales two rows of RGB pixels at once, the first in the low sums,
// the second in the high ones. The rows must be readable one byte beyond the
// last pixel that t reads.
func horizontal(dst0, dst1, src0, src1 []byte, t *taps) {
	for i, start := range t.start {
		n := int(t.n[i])
		a := src0[3*start:][: 3*n+1 : 3*n+1]
		b := src1[3*start:][: 3*n+1 : 3*n+1]
		red, green, blue := uint64(pairHalf), uint64(pairHalf), uint64(pairHalf)
		for _, k := range t.weight[i*t.stride:][:n] {
			if len(a) < 4 || len(b) < 4 {
				break
			}
			v := uint64(binary.LittleEndian.Uint32(a)) | uint64(binary.LittleEndian.Uint32(b))<<32
			w := uint64(int64(k))
			red += (v & lanes) * w
			green += (v >> 8 & lanes) * w
			blue += (v >> 16 & lanes) * w
			a, b = a[3:], b[3:]
		}
		p, q := dst0[3*i:3*i+3:3*i+3], dst1[3*i:3*i+3:3*i+3]
		lo, hi := unpair(red)
		p[0], q[0] = clip(lo), clip(hi)
		lo, hi = unpair(green)
		p[1], q[1] = clip(lo), clip(hi)
		lo, hi = unpair(blue)
		p[2], q[2] = clip(lo), clip(hi)
	}
}

// vertical computes one row of `width` bytes as the weighted sum of rows of
// src, which begin every `stride` bytes. dst has width bytes rounded up to a
// multiple of 8, acc half as many words; both are overwritten.
func vertical(dst, src []byte, width, stride int, weights []int32, acc []uint64) {
	for i := range acc {
		acc[i] = pairHalf
	}
	for j, k := range weights {
		row, a, w := src[j*stride:][:width], acc, uint64(int64(k))
		for len(row) >= 8 && len(a) >= 4 {
			v := binary.LittleEndian.Uint64(row)
			a[0] += (v & lanes) * w
			a[1] += (v >> 8 & lanes) * w
			a[2] += (v >> 16 & lanes) * w
			a[3] += (v >> 24 & lanes) * w
			row, a = row[8:], a[4:]
		}
		for l, v := range row {
			a[l%4] += uint64(v) << (l / 4 * 32) * w
		}
	}
	for len(dst) >= 8 && len(acc) >= 4 {
		for l := range 4 {
			lo, hi := unpair(acc[l])
			dst[l], dst[l+4] = clip(lo), clip(hi)
		}
		dst, acc = dst[8:], acc[4:]
	}
}
