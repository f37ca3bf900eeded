package sealed

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"slices"
	"testing"
)

type note struct{ Name string }

func sample(t testing.TB) []byte {
	t.Helper()
	data, err := Encode("head", 1, note{"dock"}, []float32{1, -2.5}, nil, []float32{3})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestRoundTrip(t *testing.T) {
	var n note
	version, arrays, err := Decode(sample(t), "head", 1, &n)
	if err != nil || version != 1 || n.Name != "dock" || len(arrays) != 3 || !slices.Equal(arrays[0], []float32{1, -2.5}) || len(arrays[1]) != 0 || arrays[2][0] != 3 {
		t.Fatalf("%d %v %v %v", version, n, arrays, err)
	}
}

// Every flipped bit and every cut is found.
func TestEveryDamageIsFound(t *testing.T) {
	data := sample(t)
	for i := range data {
		for bit := range 8 {
			bad := slices.Clone(data)
			bad[i] ^= 1 << bit
			if _, _, err := Decode(bad, "head", 1, &note{}); err == nil {
				t.Fatalf("bit %d of byte %d", bit, i)
			}
		}
		if _, _, err := Decode(data[:i], "head", 1, &note{}); err == nil {
			t.Fatalf("cut at %d", i)
		}
	}
}

func TestRefusals(t *testing.T) {
	if _, _, err := Decode(sample(t), "checkpoint", 1, &note{}); !errors.Is(err, ErrKind) {
		t.Error(err)
	}
	newer, _ := Encode("head", 2, note{})
	if _, _, err := Decode(newer, "head", 1, &note{}); !errors.Is(err, ErrNewerVersion) {
		t.Error(err)
	}
	if _, err := Encode("head", 1, note{}, []float32{float32(math.NaN())}); err == nil {
		t.Error("NaN was kept")
	}
}

// Whatever the bytes, with a right checksum too, Decode neither panics nor
// allocates by a length it only read.
func FuzzDecode(f *testing.F) {
	f.Add(sample(f), true)
	f.Add([]byte("gemba head 1\n\xff\xff\xff\xff"), true)
	f.Add([]byte("gemba head 1\n\x02\x00\x00\x00{}\xff\xff\xff\x7f\xff\xff\xff\x7f"), true)
	f.Fuzz(func(t *testing.T, data []byte, sum bool) {
		if sum {
			data = binary.LittleEndian.AppendUint32(slices.Clone(data), crc32.Checksum(data, castagnoli))
		}
		_, arrays, err := Decode(data, "head", 1, &note{})
		if err == nil {
			for _, a := range arrays {
				if 4*len(a) > len(data) {
					t.Fatal("more numbers than bytes")
				}
			}
		}
	})
}
