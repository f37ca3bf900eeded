package npy

import "errors"

// Errors that a caller may want to tell apart. All are wrapped with what was
// found in the file.
var (
	// ErrFormat: the bytes are no .npy file, or its header is damaged.
	ErrFormat = errors.New("not a valid .npy file")
	// ErrUnsupported: a valid .npy file of a kind that is not read here
	// (Fortran order, objects, records, integers, big-endian values, or another
	// number of dimensions).
	ErrUnsupported = errors.New("unsupported .npy array")
	// ErrTruncated: the file ends before its last value.
	ErrTruncated = errors.New(".npy file is truncated")
	// ErrNotFinite: a value is NaN or infinite where that is not allowed.
	ErrNotFinite = errors.New("value is not finite")
)
