package segment

import (
	"errors"
	"fmt"
)

// ErrCorrupt marks damage to bytes that had been made durable. The error that
// wraps it is a [CorruptError].
var ErrCorrupt = errors.New("stored data is damaged")

// ErrNotFound means that no live row has the ordinal asked for.
var ErrNotFound = errors.New("no such clip")

// ErrNewerVersion means that a file was written by a newer release.
var ErrNewerVersion = errors.New("written by a newer version of gemba; upgrade, or use a folder made by this version")

// ErrReadOnly is returned by every change of a segment opened for reading.
var ErrReadOnly = errors.New("index is open for reading only")

// ErrBroken means that the writer of a segment has ended for good, because a
// write could not be taken back or an fsync failed; see [Segment.Recover].
var ErrBroken = errors.New("log cannot be written on")

// CorruptError says where damage was found.
type CorruptError struct {
	Path   string
	Offset int64 // in the file, of the damaged record or block
	Reason string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s is damaged at byte %d: %s", e.Path, e.Offset, e.Reason)
}

// Unwrap makes errors.Is(err, ErrCorrupt) hold.
func (e *CorruptError) Unwrap() error { return ErrCorrupt }

// A Problem is damage that was found and what became of it.
type Problem struct {
	Path     string
	Offset   int64
	Reason   string
	Lost     int  // clips that cannot be read any more
	Repaired bool // derived data was made again, or a damaged part set aside
}

func (p Problem) String() string {
	s := fmt.Sprintf("%s, byte %d: %s", p.Path, p.Offset, p.Reason)
	if p.Lost > 0 {
		s += fmt.Sprintf("; %d clips lost", p.Lost)
	}
	if p.Repaired {
		s += "; repaired"
	}
	return s
}
