package encode

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindLibrary(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "some.so")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GEMBA_ORT", "/nowhere/else.so")
	if got, err := findLibrary(file); err != nil || got != file {
		t.Errorf("the configured one: %s, %v", got, err)
	}
	for _, c := range []struct{ configured, env, says string }{
		{"/nowhere/lib.so", file, "model.onnxruntime"},
		{dir, "", "a folder: name the file libonnxruntime.so"},
		{"", "/nowhere/lib.so", "GEMBA_ORT names"},
	} {
		t.Setenv("GEMBA_ORT", c.env)
		if _, err := findLibrary(c.configured); !errors.Is(err, ErrRuntime) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q, %q: %v", c.configured, c.env, err)
		}
	}
	t.Setenv("GEMBA_ORT", file)
	if got, err := findLibrary(""); err != nil || got != file {
		t.Errorf("GEMBA_ORT: %s, %v", got, err)
	}
	t.Setenv("GEMBA_ORT", "")
	// The test's own program has no library beside it.
	if _, err := findLibrary(""); !errors.Is(err, ErrRuntime) || !strings.Contains(err.Error(), "1.24 or newer") || !strings.Contains(err.Error(), "../lib") && !strings.Contains(err.Error(), "/lib") {
		t.Errorf("none: %v", err)
	}
}

// What a process loads it keeps, so libraries that can't be loaded are tried in
// another one: this test again, with LOAD_LIBRARY set.
func TestLoadLibraryRefuses(t *testing.T) {
	if path := os.Getenv("LOAD_LIBRARY"); path != "" {
		err := loadLibrary(path)
		if err == nil || !errors.Is(err, ErrRuntime) {
			t.Fatalf("%v is no ErrRuntime", err)
		}
		t.Log(err)
		// A refused library doesn't stand in the way of a good one.
		if err := loadLibrary(ortLibrary(t)); err != nil {
			t.Fatal(err)
		}
		if err := loadLibrary(ortLibrary(t)); err != nil {
			t.Fatalf("the same again: %v", err)
		}
		if err := loadLibrary(path); !errors.Is(err, ErrRuntime) || !strings.Contains(err.Error(), "restart gemba") {
			t.Fatalf("another one: %v", err)
		}
		return
	}
	ortLibrary(t)
	for name, c := range map[string]struct{ source, says string }{
		"text":     {"", "can't be loaded"},
		"another":  {"int nothing;", "is no ONNX Runtime library"},
		"too-old":  {"static const void *get(unsigned v) { return 0; } static const char *version(void) { return \"1.20.0\"; } static const struct { const void *(*get)(unsigned); const char *(*version)(void); } base = {get, version}; const void *OrtGetApiBase(void) { return &base; }", "too old: version 1.24 (API 24) or newer"},
		"no-entry": {"const void *OrtGetApiBase_(void) { return 0; }", "is no ONNX Runtime library"},
	} {
		t.Run(name, func(t *testing.T) {
			lib := filepath.Join(t.TempDir(), name+".so")
			if c.source == "" {
				if err := os.WriteFile(lib, []byte("I am a text."), 0o644); err != nil {
					t.Fatal(err)
				}
			} else {
				cc := exec.Command("gcc", "-shared", "-fPIC", "-x", "c", "-o", lib, "-")
				cc.Stdin = strings.NewReader(c.source)
				if out, err := cc.CombinedOutput(); err != nil {
					t.Skipf("no C compiler to make a library with: %v %s", err, out)
				}
			}
			cmd := exec.Command(os.Args[0], "-test.run", "^TestLoadLibraryRefuses$", "-test.v")
			cmd.Env = append(os.Environ(), "LOAD_LIBRARY="+lib)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), c.says) || !strings.Contains(string(out), lib) {
				t.Errorf("%v, does not say %q:\n%s", err, c.says, out)
			}
		})
	}
}
