package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	magic = "\x93NUMPY"
	// maxHeader is far above what an array of two dimensions needs; NumPy
	// itself refuses headers above 10,000 bytes by default.
	maxHeader = 1 << 16
)

// header is what the dictionary of a file says.
type header struct {
	descr   string
	fortran bool
	shape   []int
}

// count is the number of values, an error if it overflows.
func (h header) count() (int, error) {
	n := 1
	for _, d := range h.shape {
		if d != 0 && n > math.MaxInt/16/d {
			return 0, fmt.Errorf("%w: shape %v is too large", ErrFormat, h.shape)
		}
		n *= d
	}
	return n, nil
}

// readHeader reads up to the first value and returns how many bytes that were.
func readHeader(r io.Reader) (header, int64, error) {
	var pre [12]byte
	if err := readFull(r, pre[:8]); err != nil {
		return header{}, 0, err
	}
	if string(pre[:6]) != magic {
		return header{}, 0, fmt.Errorf("%w: it does not begin with the NumPy magic number", ErrFormat)
	}
	var length, before int64
	switch major := pre[6]; major {
	case 1:
		if err := readFull(r, pre[8:10]); err != nil {
			return header{}, 0, err
		}
		length, before = int64(binary.LittleEndian.Uint16(pre[8:])), 10
	case 2, 3:
		if err := readFull(r, pre[8:12]); err != nil {
			return header{}, 0, err
		}
		length, before = int64(binary.LittleEndian.Uint32(pre[8:])), 12
	default:
		return header{}, 0, fmt.Errorf("%w: format version %d, known are 1 to 3", ErrUnsupported, major)
	}
	if length > maxHeader {
		return header{}, 0, fmt.Errorf("%w: a header of %d bytes", ErrFormat, length)
	}
	text := make([]byte, length)
	if err := readFull(r, text); err != nil {
		return header{}, 0, err
	}
	h, err := parseHeader(string(text))
	return h, before + length, err
}

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w inside its header", ErrTruncated)
	}
	if err != nil {
		return fmt.Errorf("read .npy header: %w", err)
	}
	return nil
}

// parseHeader reads the dictionary literal
// {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }: exactly these
// keys, in any order.
func parseHeader(text string) (header, error) {
	p := literal{rest: text}
	h, seen := header{}, map[string]bool{}
	p.expect('{')
	for p.err == nil && !p.take('}') {
		key := p.str()
		p.expect(':')
		if p.err != nil {
			break
		}
		if seen[key] {
			p.fail("key %q twice", key)
			break
		}
		seen[key] = true
		switch key {
		case "descr":
			if p.peek() == '[' {
				return header{}, fmt.Errorf("%w: records", ErrUnsupported)
			}
			h.descr = p.str()
		case "fortran_order":
			h.fortran = p.boolean()
		case "shape":
			h.shape = p.tuple()
		default:
			p.fail("unknown key %q", key)
		}
		if p.err == nil && !p.take(',') && p.peek() != '}' {
			p.fail("expected ',' or '}'")
		}
	}
	if p.err == nil && strings.TrimSpace(p.rest) != "" {
		p.fail("text after the dictionary")
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("it needs descr, fortran_order and shape")
	}
	return h, p.err
}

// literal reads the few kinds of Python literals that headers are made of. The
// first error sticks, later calls do nothing.
type literal struct {
	rest string
	err  error
}

func (p *literal) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: header: %s", ErrFormat, fmt.Sprintf(format, args...))
	}
}

// peek returns the next byte after white space, 0 at the end.
func (p *literal) peek() byte {
	p.rest = strings.TrimLeft(p.rest, " \t\r\n")
	if p.rest == "" {
		return 0
	}
	return p.rest[0]
}

func (p *literal) take(b byte) bool {
	if p.err != nil || p.peek() != b || p.rest == "" {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

func (p *literal) expect(b byte) {
	if !p.take(b) {
		p.fail("expected %q", b)
	}
}

// str reads a quoted string without escapes.
func (p *literal) str() string {
	quote := p.peek()
	if p.err != nil || quote != '\'' && quote != '"' {
		p.fail("expected a string")
		return ""
	}
	text, rest, ok := strings.Cut(p.rest[1:], string(quote))
	if !ok || strings.ContainsAny(text, "\\\n") {
		p.fail("a string that does not end")
		return ""
	}
	p.rest = rest
	return text
}

func (p *literal) boolean() bool {
	p.peek()
	for word, value := range map[string]bool{"True": true, "False": false} {
		if rest, ok := strings.CutPrefix(p.rest, word); ok && p.err == nil {
			p.rest = rest
			return value
		}
	}
	p.fail("expected True or False")
	return false
}

func (p *literal) tuple() []int {
	shape := []int{}
	p.expect('(')
	for p.err == nil && !p.take(')') {
		p.peek()
		end := strings.IndexFunc(p.rest, func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(p.rest)
		}
		n, err := strconv.Atoi(p.rest[:end])
		if err != nil {
			p.fail("expected an extent")
			return nil
		}
		p.rest = p.rest[end:]
		if shape = append(shape, n); len(shape) > 32 {
			p.fail("more than 32 dimensions")
		}
		if !p.take(',') && p.peek() != ')' {
			p.fail("expected ',' or ')'")
		}
	}
	return shape
}
