package agent

import "errors"

var (
	// ErrBadRequest is wrapped by errors of Import that lie in the request itself.
	ErrBadRequest = errors.New("cannot import")
	// ErrTooManyJobs is returned by Jobs.Start while too many imports wait.
	ErrTooManyJobs = errors.New("too many imports are waiting: try again when some are done")

	errNotAFile = errors.New("is neither a file nor a folder")
	errStopped  = errors.New("the import was stopped")
)
