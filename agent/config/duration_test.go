package config

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	day := 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"0": 0, "90s": 90 * time.Second, "1h30m": 90 * time.Minute, "30d": 30 * day, "2w": 14 * day, "1.5h": 90 * time.Minute, " 5m ": 5 * time.Minute, "250ms": 250 * time.Millisecond,
	} {
		if got, err := ParseDuration(in); err != nil || got != Duration(want) {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
	for _, in := range []string{"", "5", "d", "-5m", "5 m", "5y", "1..5h", "1e9h", "999999999w", "５m"} {
		if got, err := ParseDuration(in); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", in, got)
		}
	}
}

func TestDurationReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, 1e6).Draw(t, "seconds")) * Duration(time.Second)
		if got, err := ParseDuration(d.String()); err != nil || got != d {
			t.Fatalf("%d is written %q and read %d, %v", d, d, got, err)
		}
	})
}

func FuzzParseDuration(f *testing.F) {
	f.Add("1h30m")
	f.Add("0.5d")
	f.Fuzz(func(t *testing.T, in string) {
		if d, err := ParseDuration(in); err == nil && d < 0 {
			t.Errorf("ParseDuration(%q) = %d", in, d)
		}
	})
}
