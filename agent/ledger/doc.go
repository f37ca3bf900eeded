// Package ledger keeps which footage files were taken in: by fingerprint of
// their content, so that a renamed or copied file is known again and a changed
// one is new. It is what makes an import skip what it has and go on where it
// was stopped; which clips of a half-taken file are indexed, the index itself
// says.
//
// # File
//
// The ledger is one text file, <data_dir>/sources/ledger, that is only appended to:
//
//	gemba footage ledger 1\n                      header
//	5f3b9c01 {"camera":"dock","key":"g1-…",…}\n   a record
//	…
//
// A record begins with the CRC-32C of its JSON in eight hexadecimal digits and
// a space. The JSON is an Entry; a later record of the same camera and key
// replaces an earlier one, and each record's path is remembered as a place
// where that content lies. Every record is synced before Put returns.
//
// Reading goes from newline to newline: a torn last line is cut off, a damaged
// line in the middle is left out and counted, and the rest still counts. A lost
// record costs reading a file again, never a clip twice: the index knows the
// clips of each fingerprint. When most of the file is outdated it is written
// anew under a temporary name and renamed over the old one.
package ledger
