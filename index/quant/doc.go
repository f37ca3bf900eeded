// Package quant holds the compact number formats of stored vectors and the
// kernels that score them. So far that is IEEE 754 binary16 ("half"), stored
// little-endian, scored exactly against float32 queries.
package quant
