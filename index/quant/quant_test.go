package quant

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// widen is the textbook definition, independent of the bit tricks.
func widen(h uint16) float64 {
	sign := 1.0
	if h&0x8000 != 0 {
		sign = -1
	}
	exp, mant := int(h>>10&31), float64(h&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(mant, -24)
	case 31:
		if mant != 0 {
			return math.NaN()
		}
		return sign * math.Inf(1)
	}
	return sign * math.Ldexp(1024+mant, exp-25)
}

func TestEveryHalfWidensExactly(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		want, got := widen(h), float64(Float(h))
		if math.IsNaN(want) != math.IsNaN(got) || !math.IsNaN(want) && want != got {
			t.Fatalf("Float(%#04x) = %v, want %v", h, got, want)
		}
		if math.IsNaN(want) {
			continue
		}
		if back := Half(Float(h)); back != h {
			t.Fatalf("Half(Float(%#04x)) = %#04x", h, back)
		}
	}
}

func TestHalfRoundsToNearestEven(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	check := func(f float32) {
		t.Helper()
		h := Half(f)
		got := widen(h)
		if math.Abs(float64(f)) >= 65520 {
			if !math.IsInf(got, 0) {
				t.Fatalf("Half(%v) = %v, want infinity", f, got)
			}
			return
		}
		err := math.Abs(got - float64(f))
		for _, n := range []uint16{h - 1, h + 1} {
			near := widen(n)
			if n&0x8000 != h&0x8000 || math.IsNaN(near) || math.IsInf(near, 0) {
				continue
			}
			d := math.Abs(near - float64(f))
			if d < err || d == err && h&1 == 1 {
				t.Fatalf("Half(%v) = %v, but %v is nearer or even", f, got, near)
			}
		}
	}
	for range 200_000 {
		f := math.Float32frombits(r.Uint32())
		if f != f || math.IsInf(float64(f), 0) {
			continue
		}
		check(f)
		check(float32(r.NormFloat64()))
		check(float32(r.NormFloat64() * 0x1p-20)) // subnormals
	}
	// Exact ties, also those between subnormals.
	for i := uint16(0); i < 0x7bff; i++ {
		check(float32((widen(i) + widen(i+1)) / 2))
	}
	if h := Half(float32(math.NaN())); h&0x7c00 != 0x7c00 || h&0x3ff == 0 {
		t.Errorf("NaN became %#04x", h)
	}
	for _, f := range []float32{65520, float32(math.Inf(1)), 1e30} {
		if h := Half(f); h != 0x7c00 {
			t.Errorf("Half(%v) = %#04x, want infinity", f, h)
		}
	}
}

func TestDotAgreesWithExactArithmetic(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, dims := range []int{1, 3, 7, 8, 9, 16, 64, 384, 511, 512} {
		v, x := make([]float32, dims), make([]float32, dims)
		for i := range v {
			v[i], x[i] = float32(r.NormFloat64()), float32(r.NormFloat64()*0.05)
		}
		x[0] = 1e-6 // a subnormal half
		row := AppendHalf(nil, x)
		exact, size := new(big.Float).SetPrec(200), 0.0
		for i := range v {
			h := widen(binary.LittleEndian.Uint16(row[2*i:]))
			term := new(big.Float).SetPrec(200).SetFloat64(float64(v[i]))
			exact.Add(exact, term.Mul(term, big.NewFloat(h)))
			size += math.Abs(float64(v[i]) * h)
		}
		want, _ := exact.Float64()
		if got := float64(Dot(v, row)); math.Abs(got-want) > 1e-6*size+1e-12 {
			t.Errorf("%d dims: dot = %v, want %v", dims, got, want)
		}
	}
}

func BenchmarkDot384(b *testing.B) {
	const rows, dims = 256, 384
	r := rand.New(rand.NewPCG(5, 6))
	v := make([]float32, dims)
	var block []byte
	for i := range v {
		v[i] = float32(r.NormFloat64() * 0.05)
	}
	for range rows {
		for range dims {
			block = binary.LittleEndian.AppendUint16(block, Half(float32(r.NormFloat64()*0.05)))
		}
	}
	b.SetBytes(int64(len(block)))
	var sum float32
	for b.Loop() {
		for i := range rows {
			sum += Dot(v, block[i*dims*2:])
		}
	}
	_ = sum
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
}
