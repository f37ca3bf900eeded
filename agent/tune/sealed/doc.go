// Package sealed is how learned numbers lie in files: a line that names kind and
// version, a JSON header, arrays of float32, and a checksum over all of it.
//
//	gemba head 1\n          kind and version
//	uint32                  length of the header
//	{"config": …}           header, JSON
//	uint32                  number of arrays
//	uint32 float32 …        each: its length, then its numbers
//	uint32                  CRC-32C of everything before
//
// Integers and floats are little-endian. A file that was cut short, damaged or
// is of a later version is refused as a whole: nothing of it is used.
package sealed
