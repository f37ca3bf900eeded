package quant

import "encoding/binary"

// halves maps every binary16 pattern to its value. 256 KiB, of which the
// patterns of real embeddings touch a small, cache-resident part: measured
// here, a look-up is more than twice as fast as shifting bits.
var halves = func() *[1 << 16]float32 {
	var t [1 << 16]float32
	for i := range t {
		t[i] = Float(uint16(i))
	}
	return &t
}()

// Dot is the dot product of v with one stored row of len(v) halves.
func Dot(v []float32, row []byte) float32 {
	row = row[:len(v)*HalfBytes]
	t := halves
	var a, b, c, d float32
	for len(v) >= 8 {
		w0 := binary.LittleEndian.Uint64(row)
		w1 := binary.LittleEndian.Uint64(row[8:])
		a += v[0]*t[uint16(w0)] + v[4]*t[uint16(w1)]
		b += v[1]*t[uint16(w0>>16)] + v[5]*t[uint16(w1>>16)]
		c += v[2]*t[uint16(w0>>32)] + v[6]*t[uint16(w1>>32)]
		d += v[3]*t[uint16(w0>>48)] + v[7]*t[uint16(w1>>48)]
		v, row = v[8:], row[16:]
	}
	for i, f := range v {
		a += f * t[binary.LittleEndian.Uint16(row[i*HalfBytes:])]
	}
	return (a + b) + (c + d)
}
