package nativetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What PKG_CONFIG_PATH names may be our own build, as in a shell that has
// sourced build/env.sh; the machine's FFmpeg is where pkg-config looks by itself.
func TestFFmpegOfTheMachine(t *testing.T) {
	if _, err := exec.LookPath("pkg-config"); err != nil {
		t.Skip("pkg-config is not installed")
	}
	fits, empty := t.TempDir(), t.TempDir()
	for name, version := range map[string]string{
		"libavcodec": "61.19.101", "libavdevice": "61.3.100", "libavfilter": "10.4.100", "libavformat": "61.7.100",
		"libswresample": "5.3.100", "libswscale": "8.3.100", "libavutil": "59.39.100",
	} {
		text := fmt.Sprintf("Name: %s\nDescription: made for a test\nVersion: %s\nLibs:\nCflags:\n", name, version)
		if err := os.WriteFile(filepath.Join(fits, name+".pc"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, path, libdir, want string }{
		{"installed", "", fits, "installed\n"},
		{"only our own", fits, empty, "built\n"},
		{"none", "", empty, "built\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, stderr, err := run(t, "ffmpeg.sh", `ffmpeg_choice`, "PKG_CONFIG_PATH="+c.path, "PKG_CONFIG_LIBDIR="+c.libdir, "GEMBA_FFMPEG=")
			if err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			if out != c.want {
				t.Errorf("choice = %q, want %q", out, c.want)
			}
		})
	}
}
