package agent

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/gembahq/gemba/index"
)

// explain says an error so that an operator knows what to do.
func explain(err error) string {
	var pe *fs.PathError
	switch {
	case err == nil:
		return ""
	case isDiskFull(err):
		return "the disk is full: make room and import again; what is indexed stays"
	case errors.Is(err, fs.ErrNotExist):
		return "no such file or folder"
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user: grant the user that runs gemba access to it"
	case errors.Is(err, syscall.ELOOP):
		return "the symbolic links to it go round in a circle"
	case errors.Is(err, syscall.EIO), errors.Is(err, syscall.ESTALE):
		return "the disk or network share it lies on cannot be read: " + err.Error()
	case errors.As(err, &pe):
		return pe.Err.Error()
	}
	return err.Error()
}

// explainFile is explain for an error that is shown beside the path of its file.
func explainFile(path string, err error) string {
	text := explain(err)
	if _, after, ok := strings.Cut(text, path+": "); ok && after != "" {
		return after
	}
	return text
}

func isDiskFull(err error) bool {
	return errors.Is(err, index.ErrDiskFull) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
