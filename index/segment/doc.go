// Package segment is the bytes on disk of one camera's UTC day under one model
// pack: an append-only log that is the truth, column files derived from it
// that searches read, and a seal that says how far both are known good. It
// writes, recovers, reads and verifies them; docs/formats.md draws them.
//
// # Files of a segment folder
//
//	log    header, then records: data, sync marks, tombstones. Append only.
//	cols   derived: blocks of 256 rows, one column after another.
//	seal   checkpoint: rows, bounds and checksums up to a log length.
//
// A record counts as durable once a sync mark behind it, or the seal, promises
// its bytes. A bad record before a promise is corruption, one after it is the
// torn tail of a write that nobody was told had succeeded.
//
// # Concurrency
//
// One writer (Append, Delete, Commit, Seal hold one lock) and any number of
// readers. A reader takes a [View], which never changes.
package segment
