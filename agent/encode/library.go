package encode

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// What the Go binding was built against: loading asks the library for this
// version of its interface, so older libraries refuse and newer ones work.
const (
	minRuntime    = "1.24"
	minRuntimeAPI = 24
)

const libraryName = "libonnxruntime.so"

// findLibrary is the path of the ONNX Runtime library: the configured one; else
// the one named by GEMBA_ORT; else the first that exists beside the program.
func findLibrary(configured string) (string, error) {
	for _, named := range []struct{ path, by string }{
		{configured, "the configuration (model.onnxruntime)"}, {os.Getenv("GEMBA_ORT"), "GEMBA_ORT"},
	} {
		if named.path == "" {
			continue
		}
		info, err := os.Stat(named.path)
		if err != nil {
			return "", fmt.Errorf("%w: %s names a library that can't be read: %w", ErrRuntime, named.by, err)
		}
		if info.IsDir() {
			return "", fmt.Errorf("%w: %s names %s, a folder: name the file %s in it", ErrRuntime, named.by, named.path, libraryName)
		}
		return filepath.Abs(named.path)
	}
	bin, err := programDir()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRuntime, err)
	}
	native := filepath.Join(bin, "../native", runtime.GOARCH)
	dirs := []string{filepath.Join(bin, "../lib"), filepath.Join(native, "lib"), filepath.Join(native, "onnxruntime/lib")}
	for _, dir := range dirs {
		for _, name := range []string{libraryName, libraryName + ".1"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode().IsRegular() {
				return filepath.Join(dir, name), nil
			}
		}
	}
	return "", fmt.Errorf("%w: no %s in %s: reinstall gemba, or name a library of version %s or newer in the configuration (model.onnxruntime) or in GEMBA_ORT",
		ErrRuntime, libraryName, strings.Join(dirs, ", "), minRuntime)
}

// library is the one ONNX Runtime of this process. Once loaded it stays: its
// threads and providers outlive any session, and unloading them isn't safe.
var library struct {
	sync.Mutex
	path string // "" until loaded
}

// loadLibrary loads the library at path. A second call is free if it names the
// same file and an error if it names another.
func loadLibrary(path string) error {
	library.Lock()
	defer library.Unlock()
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if library.path == path {
		return nil
	}
	if library.path != "" {
		return fmt.Errorf("%w: %s is loaded already and a process can have one only: restart gemba to use %s", ErrRuntime, library.path, path)
	}
	ort.SetSharedLibraryPath(path)
	// Errors are returned to us as well; the log would only repeat them on
	// standard error, past gemba's own log.
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		switch text := err.Error(); {
		case strings.Contains(text, "Error setting ORT API base"):
			return fmt.Errorf("%w: %s is too old: version %s (API %d) or newer is needed", ErrRuntime, path, minRuntime, minRuntimeAPI)
		case strings.Contains(text, "OrtGetApiBase"):
			return fmt.Errorf("%w: %s is no ONNX Runtime library: name %s of version %s or newer", ErrRuntime, path, libraryName, minRuntime)
		default:
			return fmt.Errorf("%w: %s can't be loaded: %w", ErrRuntime, path, err)
		}
	}
	library.path = path
	return nil
}
