package vfs

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync is fdatasync: content and size, without the time stamps, which
// spares a journal write on most file systems.
func datasync(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
