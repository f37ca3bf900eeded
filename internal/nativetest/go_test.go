package nativetest

import (
	"strings"
	"testing"
)

// The Go that is set up where there is none must be one that go.mod accepts.
func TestPinnedGoIsNewEnough(t *testing.T) {
	out, stderr, err := run(t, "go.sh", `printf '%s\n' "$(go_wanted)" "$(go_pinned)" | sort -V | tr '\n' ' '; echo "$(go_wanted)"`)
	if err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	versions := strings.Fields(out)
	if len(versions) != 3 {
		t.Fatalf("versions = %q", out)
	}
	if versions[0] != versions[2] {
		t.Errorf("go.mod asks for %s, older is pinned in packaging/native/go.requirements: %s", versions[2], versions[0])
	}
}

func TestGoFits(t *testing.T) {
	for _, tc := range []struct {
		version string
		fits    bool
	}{
		{"go99.0", true},
		{"go99.1.2-custom X:nodwarf5", true},
		{"go1.19.8", false},
		{"go1.9", false},
		{"", false},
	} {
		body := `cat >"$FOLDER/go" <<'GO'
#!/bin/sh
echo "` + tc.version + `"
GO
chmod +x "$FOLDER/go"; if go_fits "$FOLDER/go"; then echo fits; fi`
		out, stderr, err := run(t, "go.sh", body, "FOLDER="+t.TempDir())
		if err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		if got := out == "fits\n"; got != tc.fits {
			t.Errorf("%q fits = %v, want %v", tc.version, got, tc.fits)
		}
	}
}
