package onnxfile

import (
	"encoding/binary"
	"errors"
)

// ErrDamaged: the bytes are no ONNX model, or only the start of one.
var ErrDamaged = errors.New("not a complete ONNX file")

// field is one field of a message, in the encoding of protocol buffers.
type field struct {
	number int
	value  uint64 // of a number
	data   []byte // of a string, a message or packed values
	raw    []byte // the whole field as it stands in the file
}

// How a field's value is written.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
	wireFixed32 = 5
)

// fields calls do for each field of a message, until it returns an error.
func fields(message []byte, do func(field) error) error {
	for len(message) > 0 {
		key, n := binary.Uvarint(message)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return ErrDamaged
		}
		f, rest := field{number: int(key >> 3)}, message[n:]
		switch key & 7 {
		case wireVarint:
			v, n := binary.Uvarint(rest)
			if n <= 0 {
				return ErrDamaged
			}
			f.value, rest = v, rest[n:]
		case wireFixed64:
			if len(rest) < 8 {
				return ErrDamaged
			}
			rest = rest[8:]
		case wireFixed32:
			if len(rest) < 4 {
				return ErrDamaged
			}
			rest = rest[4:]
		case wireBytes:
			size, n := binary.Uvarint(rest)
			if n <= 0 || size > uint64(len(rest)-n) {
				return ErrDamaged
			}
			f.data, rest = rest[n:n+int(size)], rest[n+int(size):]
		default:
			return ErrDamaged
		}
		f.raw = message[:len(message)-len(rest)]
		message = rest
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

// appendMessage appends a message as field `number` of another.
func appendMessage(to []byte, number int, message []byte) []byte {
	to = binary.AppendUvarint(to, uint64(number)<<3|wireBytes)
	to = binary.AppendUvarint(to, uint64(len(message)))
	return append(to, message...)
}
