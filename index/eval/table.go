package eval

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTableBytes bounds an annotation file. A quote that is never closed makes
// one field of the rest of the file, so this bounds a field too.
const maxTableBytes = 256 << 20

// table reads a CSV file with a header row, by column name, and collects every
// mistake instead of stopping at the first.
type table struct {
	csv      *csv.Reader
	limited  *io.LimitedReader
	names    []string // the columns asked for, in that order
	columns  map[string]int
	fields   []string
	line     int
	problems FileError
	fatal    error // an I/O error: not a mistake of the file
	rows     int
}

// openTable reads the header row, which must name each of columns once; others
// are ignored, in any order. A byte order mark is skipped.
func openTable(r io.Reader, name string, columns ...string) (*table, error) {
	limited := &io.LimitedReader{R: r, N: maxTableBytes + 1}
	buffered := bufio.NewReader(limited)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\ufeff" {
		buffered.Discard(3)
	}
	t := &table{csv: csv.NewReader(buffered), limited: limited, names: columns, columns: map[string]int{}}
	t.problems.Name = name
	t.csv.ReuseRecord = true

	header, err := t.csv.Read()
	var parse *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		t.problems.add(0, "the file is empty; its first line must be "+strings.Join(columns, ","))
		return nil, t.problems.err()
	case errors.As(err, &parse):
		t.problems.add(parse.Line, parse.Err.Error())
		return nil, t.problems.err()
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	for i, h := range header {
		h = strings.TrimSpace(h)
		if !slices.Contains(columns, h) {
			continue
		}
		if _, twice := t.columns[h]; twice {
			t.problems.add(1, fmt.Sprintf("column %q appears twice", h))
		}
		t.columns[h] = i
	}
	for _, c := range columns {
		if _, ok := t.columns[c]; !ok {
			t.problems.add(1, fmt.Sprintf("there is no column %q; the first line must be %s", c, strings.Join(columns, ",")))
		}
	}
	if err := t.problems.err(); err != nil {
		return nil, err
	}
	return t, nil
}

// next moves to the next row that has the right number of fields, all of them
// printable UTF-8.
func (t *table) next() bool {
	for {
		record, err := t.csv.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			return false
		case errors.Is(err, csv.ErrFieldCount):
			t.line, _ = t.csv.FieldPos(0)
			t.problem("%d fields instead of the %d of the first line (a field with a comma needs quotes)", len(record), t.csv.FieldsPerRecord)
			continue
		case errors.As(err, &parse):
			// What follows a broken quote is guesswork; stop here.
			t.problems.add(parse.StartLine, parse.Err.Error())
			return false
		case err != nil:
			t.fatal = err
			return false
		}
		t.fields = record
		t.line, _ = t.csv.FieldPos(0)
		t.rows++
		if t.textual() {
			return true
		}
	}
}

// textual reports whether the wanted fields are text, and notes which is not.
func (t *table) textual() bool {
	ok := true
	for _, name := range t.names {
		f := t.fields[t.columns[name]]
		if !utf8.ValidString(f) {
			t.problem("%s is not valid UTF-8", name)
			ok = false
		} else if at := strings.IndexFunc(f, unicode.IsControl); at >= 0 {
			t.problem("%s holds a control character (%q)", name, f[at])
			ok = false
		}
	}
	return ok
}

// field returns a column of the current row without surrounding blanks.
func (t *table) field(column string) string {
	return strings.TrimSpace(t.fields[t.columns[column]])
}

// problem notes a mistake on the current line.
func (t *table) problem(format string, args ...any) {
	t.problems.add(t.line, fmt.Sprintf(format, args...))
}

// unique notes a mistake if value is empty or was seen on an earlier line.
func (t *table) unique(seen map[string]int, column, value string) {
	if value == "" {
		t.problem("%s is empty", column)
		return
	}
	if first, ok := seen[value]; ok {
		t.problem("%s %s is already on line %d", column, quoteShort(value), first)
		return
	}
	seen[value] = t.line
}

// close returns everything that was wrong.
func (t *table) close() error {
	if t.fatal != nil {
		return fmt.Errorf("read %s: %w", t.problems.Name, t.fatal)
	}
	if t.limited.N <= 0 {
		t.problems.add(0, fmt.Sprintf("the file is larger than %d MiB", maxTableBytes>>20))
	}
	if t.rows == 0 && len(t.problems.Problems) == 0 {
		t.problems.add(0, "there is no row below the first line")
	}
	return t.problems.err()
}

// quoteShort quotes foreign text for an error message, cut to a length that
// still fits a terminal line.
func quoteShort(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strconv.Quote(s)
}

// readFile opens a file and reads it with read.
func readFile[T any](path string, read func(io.Reader, string) ([]T, error)) ([]T, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return read(f, path)
}
