package version

import (
	"runtime"
	"testing"
)

func TestString(t *testing.T) {
	built := " " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH
	for _, tc := range []struct{ name, version, commit, date, want string }{
		{"everything known", "1.2.3", "abc123", "2026-01-02T03:04:05Z", "1.2.3 (abc123, 2026-01-02T03:04:05Z)" + built},
		{"no date", "1.2.3", "abc123-dirty", "", "1.2.3 (abc123-dirty)" + built},
		{"outside a repository", "1.2.3", "", "", "1.2.3" + built},
		{"a date alone says nothing", "1.2.3", "", "2026-01-02T03:04:05Z", "1.2.3" + built},
	} {
		t.Run(tc.name, func(t *testing.T) {
			defer func(v, c, d string) { Version, Commit, Date = v, c, d }(Version, Commit, Date)
			Version, Commit, Date = tc.version, tc.commit, tc.date
			if got := String(); got != tc.want {
				t.Errorf("String() = %q, want %q", got, tc.want)
			}
		})
	}
}
