package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// Score is one figure of a report. NaN means "not defined" (no query to
// average over, or what the official code turns into NaN) and is null in JSON.
type Score float64

// Defined reports whether the score is a number.
func (s Score) Defined() bool { return !math.IsNaN(float64(s)) }

// MarshalJSON writes null for NaN, and the shortest decimal that reads back as
// the same float64 otherwise.
func (s Score) MarshalJSON() ([]byte, error) {
	f := float64(s)
	switch {
	case math.IsNaN(f):
		return []byte("null"), nil
	case math.IsInf(f, 0):
		return nil, fmt.Errorf("score %v has no JSON form", f)
	}
	return json.Marshal(f)
}

// UnmarshalJSON reads what MarshalJSON writes: null becomes NaN.
func (s *Score) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*s = Score(math.NaN())
		return nil
	}
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("read score: %w", err)
	}
	*s = Score(f)
	return nil
}

// String writes four decimals, or "n/a" where the score is not defined.
func (s Score) String() string {
	if !s.Defined() {
		return "n/a"
	}
	return strconv.FormatFloat(float64(s), 'f', 4, 64)
}

// undefined is the Score of something that cannot be averaged.
func undefined() Score { return Score(math.NaN()) }
