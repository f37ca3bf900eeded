package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gembahq/gemba/agent"
)

// listFootage returns the video files below dir as sorted slash paths relative
// to it. Symbolic links are followed, to files and to folders; a circle of
// links is an error.
func listFootage(dir string) ([]string, error) {
	var files []string
	if err := walkFootage(dir, "", nil, &files); err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no video file below %s", dir)
	}
	slices.Sort(files)
	return files, nil
}

func walkFootage(root, below string, above []fs.FileInfo, files *[]string) error {
	here := filepath.Join(root, filepath.FromSlash(below))
	info, err := os.Stat(here)
	if err != nil {
		return err
	}
	for _, a := range above {
		if os.SameFile(a, info) {
			return fmt.Errorf("the symbolic links at %s go round in a circle", here)
		}
	}
	entries, err := os.ReadDir(here)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		rel := path.Join(below, e.Name())
		target, err := os.Stat(filepath.Join(here, e.Name()))
		switch {
		case err != nil:
			return err
		case target.IsDir():
			if err := walkFootage(root, rel, append(above[:len(above):len(above)], info), files); err != nil {
				return err
			}
		case agent.IsVideo(e.Name()):
			*files = append(*files, rel)
		}
	}
	return nil
}
