// Package vfs is the small file-system interface the store writes through, so
// that power loss, full disks and failing fsyncs can be tested like any other
// input.
//
// Two implementations: [OS] is the real file system, [Mem] lives in memory,
// remembers what was fsynced and what was not, and can be cloned as it would
// look after a power cut ([Mem.Crash]). The interface makes no promise that
// POSIX does not make: a write is durable only after Sync or SyncData of its
// file, a directory entry only after SyncDir of its directory.
package vfs
