package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// checkLibraries tells which native libraries this process really loaded, from
// the kernel's map of it: what the linker found is what counts.
func checkLibraries() check {
	loaded, err := mappedLibraries("libavcodec.so", "libavformat.so", "libonnxruntime.so")
	advice := "Install the package again (apt install --reinstall gemba), or run make build."
	switch {
	case err != nil:
		return warn("libraries", "See whether /proc is mounted.", "cannot be listed: %v", err)
	case len(loaded) == 0:
		return fail("libraries", advice, "FFmpeg is not loaded")
	}
	return ok("libraries", "%s", strings.Join(loaded, ", "))
}

// mappedLibraries lists the files mapped into this process whose names begin
// with one of the prefixes.
func mappedLibraries(prefixes ...string) ([]string, error) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		// address perms offset dev inode path; the path may hold blanks.
		_, path, ok := strings.Cut(lines.Text(), "/")
		if !ok {
			continue
		}
		path = "/" + path
		name := filepath.Base(path)
		wanted := slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if wanted && !slices.Contains(found, path) {
			found = append(found, path)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read /proc/self/maps: %w", err)
	}
	return found, nil
}
