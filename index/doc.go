// Package index keeps the clips of a box and finds them: a store of vectors,
// words and thumbnails with crash safety as its first duty.
//
//	Append ──> segment log (truth) ──> columns ──> Search
//	               │ group commit         (derived)    ▲
//	               └──> text index (derived) ── bitmap ┘
//
// # What holds when
//
//   - When Append returns, its clips are found by vector, camera and time.
//   - They are durable, and found by words and labels, after the next group
//     commit: every SyncEvery, every SyncBytes, or when Sync returns.
//   - After a power cut or a kill every clip whose Sync had returned is there,
//     once, by vector and by words. What was appended later may be lost, whole.
//
// The log of each camera and UTC day is the only truth. Everything else is
// derived from it and made again when missing, damaged or behind. See
// docs/formats.md for the files.
//
// # Concurrency
//
// All methods may be called from several goroutines. A search works on the
// store as it was when it began, and a day that retention removes stays
// readable until the searches that use it are done.
package index
