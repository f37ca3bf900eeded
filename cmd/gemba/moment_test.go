package main

import (
	"strings"
	"testing"
	"time"
)

func TestParseMoment(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 22, 15, 30, 10, 0, berlin)
	tests := []struct {
		text string
		edge momentRange
		want string
	}{
		{"2026-11-20T08:00:00Z", dayStart, "2026-11-20T08:00:00Z"},
		{"2026-11-20T08:00:00.5+09:00", dayStart, "2026-11-19T23:00:00.5Z"},
		{"2026-11-20", dayStart, "2026-11-19T23:00:00Z"},
		{"2026-11-20", dayEnd, "2026-11-20T23:00:00Z"},
		{"2026-11-20 14:00", dayStart, "2026-11-20T13:00:00Z"},
		{"2026-11-20 14:00", dayEnd, "2026-11-20T13:00:00Z"},
		{"2026-11-20T14:00:05", dayStart, "2026-11-20T13:00:05Z"},
		{" 2026-07-20 14:00:05 ", dayStart, "2026-07-20T12:00:05Z"},
		{"14:00", dayStart, "2026-11-22T13:00:00Z"},
		{"now", dayStart, "2026-11-22T14:30:10Z"},
		{"Today", dayStart, "2026-11-21T23:00:00Z"},
		{"today", dayEnd, "2026-11-22T23:00:00Z"},
		{"yesterday", dayStart, "2026-11-20T23:00:00Z"},
		{"yesterday", dayEnd, "2026-11-21T23:00:00Z"},
		{"-2h", dayStart, "2026-11-22T12:30:10Z"},
		{"-1h30m", dayStart, "2026-11-22T13:00:10Z"},
		{"-3d", dayStart, "2026-11-19T14:30:10Z"},
		{"-1w", dayStart, "2026-11-15T14:30:10Z"},
		// Across the change to winter time a day has 25 hours.
		{"-30d", dayStart, "2026-10-23T13:30:10Z"},
		{"2026-10-25", dayStart, "2026-10-24T22:00:00Z"},
		{"2026-10-25", dayEnd, "2026-10-25T23:00:00Z"},
	}
	for _, tt := range tests {
		got, err := parseMoment(tt.text, now, berlin, tt.edge)
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		if s := got.UTC().Format(time.RFC3339Nano); s != tt.want {
			t.Errorf("%q (%t) = %s, want %s", tt.text, tt.edge, s, tt.want)
		}
	}
	for _, bad := range []string{"", " ", "soon", "-", "-2", "-h", "--2h", "-2x", "-99999999d", "-999999999h", "2026-13-01", "2026-02-30", "25:00", "20.11.2026", "1066-10-14", "9999-12-31", "2026-11-20 14:00 CET"} {
		if got, err := parseMoment(bad, now, berlin, dayStart); err == nil {
			t.Errorf("%q gave %s, want an error", bad, got)
		}
	}
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"2026-11-20", "-2h", "-3d", "14:00", "yesterday", "2026-11-20T08:00:00+09:00"} {
		f.Add(s, true)
	}
	now := time.Date(2026, 11, 22, 15, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string, edge bool) {
		got, err := parseMoment(text, now, time.UTC, momentRange(edge))
		if err != nil {
			return
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("%q gave %v, which has no JSON form: %v", text, got, err)
		}
		if strings.HasPrefix(text, "-") && got.After(now) {
			t.Errorf("%q gave %v, which lies ahead", text, got)
		}
	})
}
