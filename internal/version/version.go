package version

import (
	"runtime"
	"strings"
)

// Set with -ldflags -X; they are variables only for that.
var (
	// Version is the release, such as "0.1.0", or the nearest tag with the distance to it.
	Version = "0.1.0-dev"
	// Commit is the abbreviated commit that was built, with "-dirty" where the tree had changes; empty if unknown.
	Commit = ""
	// Date is when that commit was made, RFC 3339 in UTC; empty if unknown. It is not the time of the build, so that the
	// same commit gives the same program.
	Date = ""
)

// String is one line for people: version, what is known of the commit, and the Go and platform it was built for.
func String() string {
	var b strings.Builder
	b.WriteString(Version)
	if Commit != "" {
		b.WriteString(" (" + Commit)
		if Date != "" {
			b.WriteString(", " + Date)
		}
		b.WriteString(")")
	}
	b.WriteString(" " + runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH)
	return b.String()
}
