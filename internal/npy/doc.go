// Package npy reads and writes the NumPy array format (.npy), so far as gemba
// needs it: arrays of numbers in C order, of at most four dimensions.
//
// A file is a magic number, a version, the length of a header, the header (a
// Python dictionary literal) and the values:
//
//	┌───────────────┬───────┬───────┬─────────────┬──────────────────────────┬────────┐
//	│ "\x93NUMPY" 6 │ major │ minor │ length 2(4) │ {'descr': '<f4', …} '\n' │ values │
//	└───────────────┴───────┴───────┴─────────────┴──────────────────────────┴────────┘
//
// The length is little-endian, two bytes in version 1 and four in versions 2
// and 3. Values are little-endian, the last index running fastest.
//
// Files come from foreign programs. Nothing is allocated on a header's word
// alone: memory grows with the bytes that really arrive.
package npy
