package npy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
)

// chunkBytes is how much is read and converted at a time; a multiple of every
// value size.
const chunkBytes = 1 << 16

const maxDimensions = 4

// Read reads one array of one to four dimensions, stored as float16, float32 or
// float64 in C order, and demands that r ends with it. NaN and infinite values
// are read as they are (see Matrix.CheckFinite).
//
// Errors are ErrFormat, ErrUnsupported or ErrTruncated, or come from r.
func Read[T Float](r io.Reader) (Array[T], error) {
	h, before, err := readHeader(r)
	if err != nil {
		return Array[T]{}, err
	}
	if h.fortran && len(h.shape) > 1 {
		return Array[T]{}, fmt.Errorf("%w: Fortran order; save it with np.ascontiguousarray", ErrUnsupported)
	}
	if len(h.shape) < 1 || len(h.shape) > maxDimensions {
		return Array[T]{}, fmt.Errorf("%w: %d dimensions, shape %v; 1 to %d are read", ErrUnsupported, len(h.shape), h.shape, maxDimensions)
	}
	width, convert, err := decoder[T](h.descr)
	if err != nil {
		return Array[T]{}, err
	}
	count, err := h.count()
	if err != nil {
		return Array[T]{}, err
	}
	data, err := readValues(r, count, width, before, convert)
	if err != nil {
		return Array[T]{}, err
	}
	return Array[T]{Shape: h.shape, Data: data}, nil
}

// ReadMatrix is Read for an array that must have two dimensions.
func ReadMatrix[T Float](r io.Reader) (Matrix[T], error) {
	a, err := Read[T](r)
	if err != nil {
		return Matrix[T]{}, err
	}
	if len(a.Shape) != 2 {
		return Matrix[T]{}, fmt.Errorf("%w: shape %v, a matrix is needed", ErrUnsupported, a.Shape)
	}
	return Matrix[T]{Rows: a.Shape[0], Cols: a.Shape[1], Data: a.Data}, nil
}

// ReadMatrixFile is ReadMatrix for a file; errors name it.
func ReadMatrixFile[T Float](name string) (Matrix[T], error) {
	f, err := os.Open(name)
	if err != nil {
		return Matrix[T]{}, err
	}
	defer f.Close()
	m, err := ReadMatrix[T](f)
	if err != nil {
		return Matrix[T]{}, fmt.Errorf("read %s: %w", name, err)
	}
	return m, nil
}

// readValues reads count values and demands the end of r after them.
func readValues[T Float](r io.Reader, count, width int, before int64, convert func([]T, []byte) []T) ([]T, error) {
	want := int64(count) * int64(width)
	// The buffer is as large as the header says only if the file is.
	room := min(count, chunkBytes)
	if f, ok := r.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() >= before+want {
			room = count
		}
	}
	data := make([]T, 0, room)
	buf := make([]byte, min(want, chunkBytes))
	for left := want; left > 0; {
		n, err := io.ReadFull(r, buf[:min(left, chunkBytes)])
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, fmt.Errorf("%w: %d of %d bytes of values", ErrTruncated, want-left+int64(n), want)
		}
		if err != nil {
			return nil, fmt.Errorf("read .npy values: %w", err)
		}
		data = convert(data, buf[:n])
		left -= int64(n)
	}
	var one [1]byte
	switch _, err := io.ReadFull(r, one[:]); {
	case err == nil:
		return nil, fmt.Errorf("%w: more bytes than its shape says", ErrFormat)
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("read .npy values: %w", err)
	}
	return data, nil
}

// decoder returns the bytes a value of type descr takes and a function that
// appends the values in a buffer.
func decoder[T Float](descr string) (int, func([]T, []byte) []T, error) {
	switch descr {
	case "<f2":
		return 2, func(dst []T, b []byte) []T {
			for ; len(b) >= 2; b = b[2:] {
				dst = append(dst, T(halfToFloat(binary.LittleEndian.Uint16(b))))
			}
			return dst
		}, nil
	case "<f4":
		return 4, func(dst []T, b []byte) []T {
			for ; len(b) >= 4; b = b[4:] {
				dst = append(dst, T(math.Float32frombits(binary.LittleEndian.Uint32(b))))
			}
			return dst
		}, nil
	case "<f8":
		return 8, func(dst []T, b []byte) []T {
			for ; len(b) >= 8; b = b[8:] {
				dst = append(dst, T(math.Float64frombits(binary.LittleEndian.Uint64(b))))
			}
			return dst
		}, nil
	}
	return 0, nil, fmt.Errorf("%w: values of type %q; float16, float32 and float64 (little-endian) are read", ErrUnsupported, descr)
}

// halfToFloat converts an IEEE 754 half-precision number.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp, frac := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exp {
	case 0: // zero or subnormal: frac * 2^-24
		v := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 0x1f: // infinite or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
