package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time as people write it: 90s, 15m, 1h30m, 30d, 2w.
type Duration time.Duration

// ParseDuration reads a duration. Beside Go's units it knows d (24 hours) and w (7 days); it is never negative.
func ParseDuration(text string) (Duration, error) {
	rest := strings.TrimSpace(text)
	if rest == "" {
		return 0, errors.New("is empty: write a duration such as 90s, 15m, 1h or 30d")
	}
	if rest == "0" {
		return 0, nil
	}
	var sum float64 // nanoseconds
	for rest != "" {
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return 0, fmt.Errorf("%q is not a duration: write a number and a unit, such as 90s, 15m, 1h or 30d", text)
		}
		value, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is not a duration: %q is not a number", text, rest[:n])
		}
		rest = rest[n:]
		end := strings.IndexFunc(rest, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
		if end < 0 {
			end = len(rest)
		}
		unit, ok := durationUnits[rest[:end]]
		if !ok {
			return 0, fmt.Errorf("%q is not a duration: %q is none of the units ms, s, m, h, d, w", text, rest[:end])
		}
		sum += value * float64(unit)
		rest = rest[end:]
	}
	if sum >= math.MaxInt64 {
		return 0, fmt.Errorf("%q is longer than 292 years", text)
	}
	return Duration(sum), nil
}

var durationUnits = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

// String writes the duration as ParseDuration reads it.
func (d Duration) String() string {
	if day := Duration(24 * time.Hour); d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return time.Duration(d).String()
}
