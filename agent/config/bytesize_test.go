package config

import (
	"testing"

	"pgregory.net/rapid"
)

func TestParseByteSize(t *testing.T) {
	for in, want := range map[string]ByteSize{
		"0": 0, "12B": 12, "4KiB": 4096, "512MiB": 512 << 20, "200GiB": 200 << 30, "1.5TB": 1.5e12, "3 GB": 3e9, "2kB": 2000,
	} {
		if got, err := ParseByteSize(in); err != nil || got != want {
			t.Errorf("ParseByteSize(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "5", "GiB", "-5GB", "5G", "5gib", "NaNB", "InfGB", "1e30PB", "0x5MB5"} {
		if got, err := ParseByteSize(in); err == nil {
			t.Errorf("ParseByteSize(%q) = %v, want an error", in, got)
		}
	}
}

func TestByteSizeReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := ByteSize(rapid.Int64Range(0, 1<<52).Draw(t, "bytes"))
		if got, err := ParseByteSize(b.String()); err != nil || got != b {
			t.Fatalf("%d is written %q and read %d, %v", b, b, got, err)
		}
	})
}

func FuzzParseByteSize(f *testing.F) {
	f.Add("1.5TB")
	f.Fuzz(func(t *testing.T, in string) {
		if b, err := ParseByteSize(in); err == nil && b < 0 {
			t.Errorf("ParseByteSize(%q) = %d", in, b)
		}
	})
}
