package index

import "syscall"

const (
	eio   = syscall.EIO
	erofs = syscall.EROFS
)
