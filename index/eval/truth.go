package eval

import (
	"io"
	"slices"
	"strings"
)

// Question is one query about footage and the files that show its answer.
type Question struct {
	Query string
	// Relevant holds the paths of the files below the footage folder; empty
	// means that nothing shows it, and the right answer is "no match".
	Relevant []string
	Line     int
}

// ReadTruth reads a CSV file with the columns query and relevant (files
// separated by a bar, or nothing); name is used in errors. Mistakes come back
// together as a *FileError.
func ReadTruth(r io.Reader, name string) ([]Question, error) {
	t, err := openTable(r, name, "query", "relevant")
	if err != nil {
		return nil, err
	}
	var questions []Question
	for t.next() {
		q := Question{Query: t.field("query"), Relevant: []string{}, Line: t.line}
		if q.Query == "" {
			t.problem("query is empty")
		}
		if list := t.field("relevant"); list != "" {
			for file := range strings.SplitSeq(list, "|") {
				file = strings.TrimSpace(file)
				t.path("relevant", file)
				if slices.Contains(q.Relevant, file) {
					t.problem("relevant names %s twice", quoteShort(file))
				}
				q.Relevant = append(q.Relevant, file)
			}
		}
		questions = append(questions, q)
	}
	return questions, t.close()
}

// ReadTruthFile is ReadTruth on a file.
func ReadTruthFile(path string) ([]Question, error) { return readFile(path, ReadTruth) }
