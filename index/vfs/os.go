package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// OS is the file system of the machine.
type OS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (f osFile) SyncData() error { return datasync(f.File) }

// Files hold what cameras saw: readable by the service and its group only.
const (
	fileMode = 0o640
	dirMode  = 0o750
)

func wrapFile(f *os.File, err error) (File, error) {
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Create implements [FS].
func (OS) Create(name string) (File, error) {
	return wrapFile(os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode))
}

// Open implements [FS].
func (OS) Open(name string) (File, error) { return wrapFile(os.Open(name)) }

// OpenWrite implements [FS].
func (OS) OpenWrite(name string) (File, error) {
	return wrapFile(os.OpenFile(name, os.O_RDWR, 0))
}

// Size implements [FS].
func (OS) Size(name string) (int64, error) {
	st, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// ReadDir implements [FS].
func (OS) ReadDir(name string) ([]Entry, error) {
	list, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(list))
	for i, e := range list {
		out[i] = Entry{Name: e.Name(), Dir: e.IsDir()}
	}
	return out, nil
}

// MkdirAll implements [FS].
func (OS) MkdirAll(name string) error { return os.MkdirAll(name, dirMode) }

// Remove implements [FS].
func (OS) Remove(name string) error { return os.Remove(name) }

// RemoveAll implements [FS].
func (OS) RemoveAll(name string) error { return os.RemoveAll(name) }

// Rename implements [FS].
func (OS) Rename(oldname, newname string) error { return os.Rename(oldname, newname) }

// SyncDir implements [FS].
func (OS) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// Lock implements [FS] with flock, which the kernel drops when the process
// ends, however it ends.
func (OS) Lock(name string, exclusive bool, note string) (io.Closer, error) {
	flags, how := os.O_RDONLY, unix.LOCK_SH
	if exclusive {
		flags, how = os.O_RDWR|os.O_CREATE, unix.LOCK_EX
	}
	f, err := os.OpenFile(name, flags, fileMode)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			holder := make([]byte, 64)
			n, _ := f.ReadAt(holder, 0) // for the message only
			if n > 0 {
				return nil, fmt.Errorf("%w (%s)", ErrLocked, trimNote(holder[:n]))
			}
			return nil, ErrLocked
		}
		return nil, &fs.PathError{Op: "flock", Path: name, Err: err}
	}
	if exclusive {
		err := f.Truncate(0)
		if err == nil {
			_, err = f.WriteAt([]byte(note+"\n"), 0)
		}
		// The note is a courtesy: a full disk must not keep the store closed.
		if err != nil && !errors.Is(err, unix.ENOSPC) && !errors.Is(err, unix.EDQUOT) {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// trimNote keeps the first line of a lock file, printable characters only.
func trimNote(b []byte) string {
	out := make([]byte, 0, len(b))
	for _, c := range b {
		if c == '\n' {
			break
		}
		if c >= ' ' && c < 0x7f {
			out = append(out, c)
		}
	}
	return string(out)
}
