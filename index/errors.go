package index

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/text"
)

// Errors of opening a store.
var (
	// ErrLocked: another process has the data folder open. The message names it.
	ErrLocked = errors.New("data folder is in use")
	// ErrNotWritable: the data folder cannot be written.
	ErrNotWritable = errors.New("data folder cannot be written")
	// ErrNoIndex: OpenReadOnly found no index in the folder.
	ErrNoIndex = errors.New("there is no index in the data folder")
	// ErrNewerVersion: the folder was written by a newer release. Nothing was
	// changed.
	ErrNewerVersion = segment.ErrNewerVersion
)

// Errors of an open store.
var (
	// ErrClosed: the store was closed.
	ErrClosed = errors.New("index is closed")
	// ErrReadOnly: a change was asked of a store opened with OpenReadOnly.
	ErrReadOnly = segment.ErrReadOnly
	// ErrDiskFull: there was no room. What was stored before is intact, and the
	// store works again as soon as there is room.
	ErrDiskFull = errors.New("disk is full: free space, or lower retention.max_bytes")
	// ErrInvalidClip: a clip given to Append cannot be stored; the message says
	// why.
	ErrInvalidClip = errors.New("clip cannot be stored")
	// ErrInvalidSearch: a search cannot be answered as asked.
	ErrInvalidSearch = errors.New("search cannot be answered")
	// ErrNotFound: there is no such clip, or it has no thumbnail.
	ErrNotFound = segment.ErrNotFound
	// ErrCorrupt: stored bytes are damaged; see segment.CorruptError.
	ErrCorrupt = segment.ErrCorrupt
	// ErrTooManyWords: a text filter has more than text.MaxWords words.
	ErrTooManyWords = text.ErrTooManyWords
	// ErrSyncLost: making clips durable failed. The clips appended since the
	// last successful commit are gone from the store and must be added again.
	ErrSyncLost = errors.New("clips could not be made durable")
)

// Problem is damage that was found, and what became of it.
type Problem = segment.Problem

// classify gives errors of the file system the sentinel that callers look for.
func classify(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrDiskFull), errors.Is(err, ErrNotWritable):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", ErrDiskFull, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrNotWritable, err)
	}
	return err
}
