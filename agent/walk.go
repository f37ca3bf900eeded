package agent

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// videoExtensions are the names by which a folder's files count as footage.
var videoExtensions = map[string]bool{
	".mp4": true, ".m4v": true, ".mov": true, ".mkv": true, ".webm": true, ".avi": true, ".ts": true, ".m2ts": true,
	".mts": true, ".mpg": true, ".mpeg": true, ".vob": true, ".3gp": true, ".3g2": true, ".flv": true, ".f4v": true,
	".wmv": true, ".asf": true, ".dav": true, ".h264": true, ".264": true, ".h265": true, ".265": true, ".hevc": true,
	".mjpeg": true, ".mjpg": true, ".ogv": true, ".mxf": true,
}

// IsVideo tells by its name whether a file in a folder is footage.
func IsVideo(name string) bool { return videoExtensions[strings.ToLower(filepath.Ext(name))] }

// found is a video file on disk.
type found struct {
	path     string
	size     int64
	modified time.Time
}

// walkVideos lists the video files at and below the paths, in the order of
// their names. A path that is a file counts whatever its name. Symbolic links
// are followed; a folder that is met twice, by a circle of links for example,
// is read once. Hidden files and folders below a path are left out, as
// recorders and copying programs keep unfinished files in them. What cannot be
// read goes to fail, and the walk goes on.
func walkVideos(ctx context.Context, paths []string, fail func(path string, err error)) ([]found, error) {
	w := walker{fail: fail, folders: map[inode]bool{}, files: map[string]bool{}}
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			fail(p, err)
			continue
		}
		if err := w.visit(ctx, abs, true); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

type inode struct {
	device, number uint64
}

type walker struct {
	fail    func(string, error)
	folders map[inode]bool
	files   map[string]bool
	out     []found
}

// visit takes in one path; its error is only ever the context's.
func (w *walker) visit(ctx context.Context, path string, named bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		w.fail(path, err)
		return nil
	}
	switch {
	case info.IsDir():
		return w.folder(ctx, path, info)
	case w.files[path]:
	case info.Mode().IsRegular():
		w.files[path] = true
		w.out = append(w.out, found{path, info.Size(), info.ModTime()})
	case named:
		w.fail(path, &fs.PathError{Op: "import", Path: path, Err: errNotAFile})
	}
	return nil
}

func (w *walker) folder(ctx context.Context, path string, info fs.FileInfo) error {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		at := inode{uint64(s.Dev), s.Ino}
		if w.folders[at] {
			return nil
		}
		w.folders[at] = true
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		w.fail(path, err) // and go on with what was listed before the error
	}
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		// A link may lead to a folder or to a file; only its target tells.
		if !e.IsDir() && e.Type()&fs.ModeSymlink == 0 && !IsVideo(name) {
			continue
		}
		full := filepath.Join(path, name)
		if e.Type()&fs.ModeSymlink != 0 && !IsVideo(name) {
			if target, err := os.Stat(full); err != nil || !target.IsDir() {
				continue // a link to something that is no footage, or to nothing
			}
		}
		if err := w.visit(ctx, full, false); err != nil {
			return err
		}
	}
	return nil
}
