package encode

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// BundledPack finds the pack that comes with gemba: the folder named by
// GEMBA_PACK; else the first that has a manifest of ../share/gemba/pack and
// ../../packaging/pack beside the folder of the running program, and
// /usr/share/gemba/pack. The pack isn't opened.
func BundledPack() (string, error) {
	if dir := os.Getenv("GEMBA_PACK"); dir != "" {
		if hasManifest(dir) {
			return dir, nil
		}
		return "", fmt.Errorf("%w: GEMBA_PACK names %s, where there is no %s", ErrPack, dir, manifestName)
	}
	var dirs []string
	if bin, err := programDir(); err == nil {
		dirs = append(dirs, filepath.Join(bin, "../share/gemba/pack"), filepath.Join(bin, "../../packaging/pack"))
	}
	dirs = append(dirs, "/usr/share/gemba/pack")
	for _, dir := range dirs {
		if hasManifest(dir) {
			return dir, nil
		}
	}
	return "", fmt.Errorf("%w: the bundled pack is in none of %s: reinstall gemba, set GEMBA_PACK, or name a pack in the configuration (model.pack)",
		ErrPack, strings.Join(dirs, ", "))
}

func hasManifest(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, manifestName))
	return err == nil && info.Mode().IsRegular()
}

// programDir is the folder of the running program, links resolved.
func programDir() (string, error) {
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return "", err
	}
	return filepath.Dir(exe), nil
}
