package config

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is one mistake in a configuration.
type Problem struct {
	File string // as given to Load, or "environment"
	Line int    // from 1; 0 where there is none
	Text string
}

// String writes the problem as file:line: text.
func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems is the error Load returns: every mistake of a configuration, by file and line.
type Problems []Problem

// Error lists every mistake, one a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

func (p Problems) sort() {
	sort.SliceStable(p, func(i, j int) bool {
		if p[i].File != p[j].File {
			return p[i].File < p[j].File
		}
		return p[i].Line < p[j].Line
	})
}
