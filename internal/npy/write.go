package npy

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteMatrix writes data as a [rows, cols] array of its own type, format
// version 1, byte for byte what NumPy writes. It returns an error if data does
// not hold rows*cols values, or the error of w.
func WriteMatrix[T float32 | float64 | int64](w io.Writer, rows, cols int, data []T) error {
	if rows < 0 || cols < 0 || rows*cols != len(data) {
		return fmt.Errorf("write .npy: %d values for %d rows of %d", len(data), rows, cols)
	}
	var descr string
	var put func([]byte, T) []byte
	switch any(data).(type) {
	case []float32:
		descr, put = "<f4", func(b []byte, v T) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		}
	case []float64:
		descr, put = "<f8", func(b []byte, v T) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		}
	default:
		descr, put = "<i8", func(b []byte, v T) []byte {
			return binary.LittleEndian.AppendUint64(b, uint64(v))
		}
	}
	text := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%d, %d), }", descr, rows, cols)
	// NumPy leaves room for the leading extent to grow to 21 digits, and ends
	// the header on a multiple of 64 bytes.
	text += strings.Repeat(" ", 21-len(fmt.Sprint(rows)))
	text += strings.Repeat(" ", 64-(len(magic)+4+len(text)+1)%64) + "\n"

	out := bufio.NewWriterSize(w, chunkBytes)
	out.WriteString(magic + "\x01\x00")
	out.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(text))))
	out.WriteString(text)
	var b [8]byte
	for _, v := range data {
		if _, err := out.Write(put(b[:0], v)); err != nil {
			return fmt.Errorf("write .npy: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write .npy: %w", err)
	}
	return nil
}
