package eval

import (
	"fmt"
	"strings"
)

// maxProblems is how many mistakes of one file are reported in full; a file of
// the wrong kind has one on every line.
const maxProblems = 20

// FileError is everything that is wrong with one annotation file.
type FileError struct {
	Name     string
	Problems []LineProblem
	// More counts further mistakes that are not listed.
	More int
}

// LineProblem is one mistake. Line counts from 1; 0 means the file as a whole.
type LineProblem struct {
	Line   int
	Reason string
}

// Error lists each mistake on a line of its own as "file:line: reason".
func (e *FileError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		if p.Line > 0 {
			fmt.Fprintf(&b, "%s:%d: %s", e.Name, p.Line, p.Reason)
		} else {
			fmt.Fprintf(&b, "%s: %s", e.Name, p.Reason)
		}
	}
	if e.More > 0 {
		fmt.Fprintf(&b, "\n%s: %d more mistakes", e.Name, e.More)
	}
	return b.String()
}

func (e *FileError) add(line int, reason string) {
	if len(e.Problems) == maxProblems {
		e.More++
		return
	}
	e.Problems = append(e.Problems, LineProblem{Line: line, Reason: reason})
}

// err returns e if it holds a mistake, and nil otherwise.
func (e *FileError) err() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}
