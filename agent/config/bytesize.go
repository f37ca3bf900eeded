package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ByteSize is a number of bytes as people write it: 512MiB, 200GiB, 1.5TB.
type ByteSize int64

var byteUnits = []struct {
	name  string
	bytes float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40}, {"PiB", 1 << 50},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}, {"B", 1},
}

// ParseByteSize reads a size: a number with a unit of B, kB, MB, GB, TB, PB
// (powers of 1000) or KiB, MiB, GiB, TiB, PiB (powers of 1024). A number alone is refused,
// for it says nothing about what was meant; 0 needs no unit.
func ParseByteSize(text string) (ByteSize, error) {
	t := strings.TrimSpace(text)
	switch t {
	case "":
		return 0, errors.New("is empty: write a size such as 512MiB or 200GiB")
	case "0":
		return 0, nil
	}
	for _, u := range byteUnits {
		number, ok := strings.CutSuffix(t, u.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || v < 0 {
			return 0, fmt.Errorf("%q is not a size: write a number and a unit, such as 512MiB or 200GiB", text)
		}
		if v*u.bytes >= math.MaxInt64 {
			return 0, fmt.Errorf("%q is more than a disk can hold", text)
		}
		return ByteSize(v * u.bytes), nil
	}
	return 0, fmt.Errorf("%q is not a size: write a number and a unit of B, kB, MB, GB, TB, KiB, MiB, GiB or TiB", text)
}

// String writes the size exactly, as ParseByteSize reads it.
func (b ByteSize) String() string {
	for i := 4; i >= 0; i-- {
		if unit := ByteSize(byteUnits[i].bytes); b >= unit && b%unit == 0 {
			return strconv.FormatInt(int64(b/unit), 10) + byteUnits[i].name
		}
	}
	if b == 0 {
		return "0"
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}
