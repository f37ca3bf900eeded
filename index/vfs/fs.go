package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
)

// ErrLocked is returned by [FS.Lock] when somebody else holds the lock.
var ErrLocked = errors.New("file is locked by another process")

// A File is an open file. Reads and writes name their offset; a file has no
// position of its own, so one handle serves many readers and one writer.
type File interface {
	io.ReaderAt
	// WriteAt writes at an offset and extends the file as needed. On error the
	// number of bytes that did reach the file is returned.
	io.WriterAt
	// Truncate sets the size. Shrinking needs no free space.
	Truncate(size int64) error
	// Size is the present size in bytes.
	Size() (int64, error)
	// Sync makes content and metadata durable (fsync). An error is final for
	// the file: its unsynced content must be regarded as lost.
	Sync() error
	// SyncData makes the content and size durable (fdatasync); errors as Sync.
	SyncData() error
	Close() error
}

// Entry is one name in a directory.
type Entry struct {
	Name string
	Dir  bool
}

// FS is what the store needs of a file system. Names are slash-separated
// paths. Missing files give an error for which errors.Is(err, fs.ErrNotExist)
// holds, a full disk one that is syscall.ENOSPC or EDQUOT.
type FS interface {
	// Create makes a new file for reading and writing; it must not exist.
	Create(name string) (File, error)
	// Open opens an existing file for reading only.
	Open(name string) (File, error)
	// OpenWrite opens an existing file for reading and writing.
	OpenWrite(name string) (File, error)
	// Size is the size of a file by name.
	Size(name string) (int64, error)
	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]Entry, error)
	// MkdirAll creates a directory and its missing parents, not durably; see
	// [MkdirAllSync].
	MkdirAll(name string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a tree; a missing name is no error.
	RemoveAll(name string) error
	// Rename replaces newname by oldname in one step. Both lie in one directory.
	Rename(oldname, newname string) error
	// SyncDir makes the entries of a directory durable.
	SyncDir(name string) error
	// Lock takes an advisory lock on a file, creating it when exclusive; it
	// does not wait ([ErrLocked]). Closing the result releases it. The note
	// is written into the file by an exclusive holder, for people to read.
	Lock(name string, exclusive bool, note string) (io.Closer, error)
}

// ReadFile reads a whole file, at most limit bytes; a longer file is an error.
func ReadFile(fsys FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, fmt.Errorf("%s has %d bytes, at most %d expected", name, size, limit)
	}
	data := make([]byte, size)
	n, err := f.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return data[:n], nil
}

// TempSuffix ends the names of files and directories that are being written.
// Whatever bears it after a restart is unfinished and may be removed.
const TempSuffix = ".tmp-for-creation"

// WriteFileAtomic replaces a file so that after a power cut either the old or
// the new content is there, and the new one once it returns nil.
func WriteFileAtomic(fsys FS, name string, data []byte) error {
	tmp := name + TempSuffix
	if err := fsys.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := fsys.Create(tmp)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(data, 0)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = fsys.Rename(tmp, name)
	}
	if err != nil {
		_ = fsys.Remove(tmp) // best effort: open removes leftovers
		return err
	}
	return fsys.SyncDir(path.Dir(name))
}

// MkdirAllSync creates a directory and its missing parents below root durably:
// every directory that gained an entry is synced. root must exist.
func MkdirAllSync(fsys FS, root, name string) error {
	if name == root {
		return nil
	}
	if _, err := fsys.ReadDir(name); err == nil {
		return nil
	}
	parent := path.Dir(name)
	if parent == name {
		return fmt.Errorf("directory %s does not lie below %s", name, root)
	}
	if err := MkdirAllSync(fsys, root, parent); err != nil {
		return err
	}
	if err := fsys.MkdirAll(name); err != nil {
		return err
	}
	return fsys.SyncDir(parent)
}
