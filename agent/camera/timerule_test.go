package camera

import (
	"errors"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 7, 14, 12, 0, 0, 0, time.UTC)

func TestStartByRule(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	created := time.Date(2026, 7, 1, 1, 2, 3, 0, time.UTC)
	modified := time.Date(2026, 7, 2, 0, 1, 0, 0, time.UTC)
	for _, c := range []struct {
		rule, path string
		created    time.Time
		want       string
		origin     Origin
	}{
		{"", "/v/a.mp4", created, "2026-07-01T01:02:03Z", FromContainer},
		{"auto", "/v/20260703_080910.mp4", created, "2026-07-01T01:02:03Z", FromContainer},
		{"auto", "/v/20260703_080910.mp4", time.Time{}, "2026-07-02T23:09:10Z", FromName},
		{"auto", "/v/cam 2026-07-03 08.09.10.mkv", time.Time{}, "2026-07-02T23:09:10Z", FromName},
		{"auto", "/v/2026-07-03T08-09-10Z.mkv", time.Time{}, "2026-07-03T08:09:10Z", FromName},
		{"auto", "/v/2026-07-03/08-09-10.mp4", time.Time{}, "2026-07-02T23:09:10Z", FromName},
		{"auto", "/v/20260703080910.ts", time.Time{}, "2026-07-02T23:09:10Z", FromName},
		{"auto", "/v/x-20260703080910123.ts", time.Time{}, "2026-07-02T00:00:00Z", FromFileTime}, // a longer run of digits is no time
		{"auto", "/v/20260732_080910.mp4", time.Time{}, "2026-07-02T00:00:00Z", FromFileTime},
		{"auto", "/v/20260631_080910.mp4", time.Time{}, "2026-07-02T00:00:00Z", FromFileTime},
		{"auto", "/v/19800101_080910.mp4", time.Time{}, "2026-07-02T00:00:00Z", FromFileTime}, // a clock never set
		{"auto", "/v/20300101_080910.mp4", time.Time{}, "2026-07-02T00:00:00Z", FromFileTime}, // not yet
		{"auto", "/v/a.mp4", time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC), "2026-07-02T00:00:00Z", FromFileTime},
		{"name", "/v/20260703_080910.mp4", created, "2026-07-02T23:09:10Z", FromName},
		{"file-time", "/v/20260703_080910.mp4", created, "2026-07-02T00:00:00Z", FromFileTime},
		{"name:%Y%m%d_%H%M%S", "/v/ch03_20260703_080910_01.mp4", created, "2026-07-02T23:09:10Z", FromName},
		{"name:%d.%m.%y %I-%M%p", "/v/03.07.26 08-09PM.avi", created, "2026-07-03T11:09:00Z", FromName},
		{"name:正門%Y%m%d_%H", "/v/正門20260703_08.mp4", created, "2026-07-02T23:00:00Z", FromName},
		{"name:%s", "/v/1783065600.mp4", created, "2026-07-03T08:00:00Z", FromName},
		{"name:%Y%m%d/*_%H%M%S.%f", "/v/20260703/cam_080910.25.mp4", created, "2026-07-02T23:09:10.25Z", FromName},
		{"name:%Y%m%d%H%M%S%z", "/v/20260703080910+0100.mp4", created, "2026-07-03T07:09:10Z", FromName},
	} {
		rule, err := ParseTimeRule(c.rule)
		if err != nil {
			t.Errorf("rule %q: %v", c.rule, err)
			continue
		}
		got, origin, err := rule.Start(Facts{Path: c.path, Created: c.created, Modified: modified, Duration: time.Minute}, tokyo, now)
		if err != nil || got.Format(time.RFC3339Nano) != c.want || origin != c.origin || got.Location() != time.UTC {
			t.Errorf("rule %q, %s: %s from %s, %v; want %s from %s", c.rule, c.path, got.Format(time.RFC3339Nano), origin, err, c.want, c.origin)
		}
	}
}

func TestStartNotFound(t *testing.T) {
	for _, rule := range []string{"container", "name", "name:%Y%m%d_%H%M%S", "file-time"} {
		r, err := ParseTimeRule(rule)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := r.Start(Facts{Path: "/v/clip.mp4"}, nil, now); !errors.Is(err, ErrNoTime) {
			t.Errorf("rule %q: %v, want ErrNoTime", rule, err)
		}
	}
}

func TestParseTimeRuleRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"yesterday":                        "is none of",
		"name:":                            "needs a pattern",
		"name:%Y%m%d":                      "lacks a part",
		"name:%Y%m%d%H%Q":                  "%Q is not known",
		"name:%Y%m%d%H%":                   "lone %",
		"name:%Y%Y%m%d%H":                  "twice",
		"name:%Y%m%d%I%M":                  "lacks a part",
		"name:" + strings.Repeat("x", 300): "longer than",
	} {
		if _, err := ParseTimeRule(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseTimeRule(%q): %v, want one with %q", in, err, want)
		}
	}
}

func FuzzTimeRule(f *testing.F) {
	f.Add("name:%Y%m%d_%H%M%S", "20260703_080910.mp4")
	f.Add("auto", "2026-07-03T08-09-10+09:00")
	f.Add("name:%I%p*%M%y%m%d", "12AMxx0726")
	f.Fuzz(func(t *testing.T, rule, name string) {
		r, err := ParseTimeRule(rule)
		if err != nil {
			return
		}
		start, _, err := r.Start(Facts{Path: name}, time.UTC, now)
		if err == nil && (start.Before(earliest) || start.After(now.Add(clockSkew))) {
			t.Errorf("rule %q on %q: %v is not a time to believe", rule, name, start)
		}
	})
}
