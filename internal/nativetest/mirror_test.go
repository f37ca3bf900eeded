package nativetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each folder of testdata is a machine: its apt sources, its os-release, and the archive and security archive that it
// gets Debian from. One without "want" has none.
func TestDebianMirrorIsReadFromAptSources(t *testing.T) {
	machines, err := filepath.Glob("testdata/*/os-release")
	if err != nil || len(machines) == 0 {
		t.Fatalf("machines = %v, %v", machines, err)
	}
	for _, machine := range machines {
		folder, err := filepath.Abs(filepath.Dir(machine))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(folder), func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join(folder, "want"))
			wantError := os.IsNotExist(err)
			if err != nil && !wantError {
				t.Fatal(err)
			}
			out, stderr, err := run(t, "debian-mirror.sh", `debian_mirrors bookworm`,
				"GEMBA_APT_ETC="+filepath.Join(folder, "apt"), "GEMBA_OS_RELEASE="+filepath.Join(folder, "os-release"), "GEMBA_DEBIAN_MIRROR=")
			if wantError {
				if err == nil || !strings.Contains(stderr, "GEMBA_DEBIAN_MIRROR") {
					t.Fatalf("out = %q, stderr = %q, err = %v; want an error that says what to set", out, stderr, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v: %s", err, stderr)
			}
			if out != string(want) {
				t.Errorf("mirrors:\n%swant:\n%s", out, want)
			}
		})
	}
}

func TestDebianMirrorOfOnesOwn(t *testing.T) {
	out, stderr, err := run(t, "debian-mirror.sh", `debian_mirrors bookworm`, "GEMBA_DEBIAN_MIRROR=http://own.example/debian/")
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if want := "http://own.example/debian\nhttp://own.example/debian-security\n"; out != want {
		t.Errorf("mirrors = %q, want %q", out, want)
	}
}
