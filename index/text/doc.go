// Package text finds clips by words: labels, camera names, file names and
// notes. It is the only importer of bleve.
//
// There is one bleve index per UTC day, so that retention removes a folder and
// damage costs a day. A document is a clip's id, 8 bytes big-endian; nothing is
// stored but the inverted lists, because the segment log is the truth. Beside
// the documents each day keeps, per partition, the ordinal up to which it has
// seen the log: a batch writes documents and watermark in one snapshot, so the
// watermark is never ahead of its documents. Whoever owns the log compares the
// watermark with it at open, replays what is missing and takes back what is too
// much.
//
// Batches are not waited for to reach the disk, for the same reason: after a
// power cut the watermark says what to replay.
//
// Words are found by stem in English and exactly in any language; Chinese,
// Japanese and Korean are indexed as pairs of characters, so any substring is
// found.
package text
