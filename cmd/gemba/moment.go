package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// momentHelp says which forms parseMoment reads.
const momentHelp = `RFC 3339, "2026-11-20", "2026-11-20 14:00", "14:00" (today), "now", "today", "yesterday", or back from now: "-2h", "-30m", "-3d"`

// momentRange says which edge of a whole day is meant.
type momentRange bool

const (
	dayStart momentRange = false
	dayEnd   momentRange = true
)

// parseMoment reads a time as people write it. Without a zone it is local. A
// whole day means its first moment, or with dayEnd the first moment of the day
// after, so that "--from 2026-11-20 --to 2026-11-20" is that day.
func parseMoment(text string, now time.Time, loc *time.Location, edge momentRange) (time.Time, error) {
	text = strings.TrimSpace(text)
	now = now.In(loc)
	t, err := parseMomentAnyYear(text, now, loc, edge)
	if err != nil {
		return time.Time{}, err
	}
	// Outside these years a time is a typing mistake, and JSON has no form for it.
	if y := t.Year(); y < 1970 || y > 2261 {
		return time.Time{}, fmt.Errorf("%q lies in the year %d", text, y)
	}
	return t, nil
}

func parseMomentAnyYear(text string, now time.Time, loc *time.Location, edge momentRange) (time.Time, error) {
	day := func(offset int) time.Time {
		if edge == dayEnd {
			offset++
		}
		return time.Date(now.Year(), now.Month(), now.Day()+offset, 0, 0, 0, 0, loc)
	}
	switch strings.ToLower(text) {
	case "":
		return time.Time{}, fmt.Errorf("a time is empty; give %s", momentHelp)
	case "now":
		return now, nil
	case "today":
		return day(0), nil
	case "yesterday":
		return day(-1), nil
	}
	if back, ok := strings.CutPrefix(text, "-"); ok {
		return backFrom(now, back, text)
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, loc); err == nil {
			return t, nil
		}
	}
	if t, err := time.ParseInLocation("2006-01-02", text, loc); err == nil {
		if edge == dayEnd {
			t = time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, loc)
		}
		return t, nil
	}
	if t, err := time.Parse("15:04", text); err == nil {
		return time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, loc), nil
	}
	return time.Time{}, fmt.Errorf("%q is no time; give %s", text, momentHelp)
}

// backFrom subtracts a span like 2h, 1h30m, 3d or 1w. Days are calendar days:
// across a change of the clock "-1d" is the same time of day.
func backFrom(now time.Time, span, text string) (time.Time, error) {
	bad := fmt.Errorf("%q is no span back from now; give it like -2h, -30m, -3d or -1w", text)
	if span == "" {
		return time.Time{}, bad
	}
	unit, number := span[len(span)-1], span[:len(span)-1]
	if unit == 'd' || unit == 'w' {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			return time.Time{}, bad
		}
		if unit == 'w' {
			n *= 7
		}
		return now.AddDate(0, 0, -int(n)), nil
	}
	d, err := time.ParseDuration(span)
	if err != nil || d < 0 {
		return time.Time{}, bad
	}
	return now.Add(-d), nil
}
