package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/config"
)

func TestDemoConfiguration(t *testing.T) {
	c, err := config.Load("../../packaging/demo/gemba.yaml")
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Cameras) != 7 || c.HTTP.Listen != "127.0.0.1:8470" || c.DataDir != filepath.Join(root, "build", "demo") || len(c.Warnings) > 0 {
		t.Errorf("%d cameras, listening on %s, data in %s, warnings %v", len(c.Cameras), c.HTTP.Listen, c.DataDir, c.Warnings)
	}
}

// TestUnit holds the unit file to the program: exit codes, signals, and what systemd says about it.
func TestUnit(t *testing.T) {
	text, err := os.ReadFile("../../systemd/gembad.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := string(text)
	for _, line := range []string{
		fmt.Sprintf("RestartPreventExitStatus=%d\n", exitConfig), "Type=notify\n", "kill -HUP", "StateDirectory=gemba\n", "RuntimeDirectory=gemba\n",
	} {
		if !strings.Contains(unit, line) {
			t.Errorf("the unit lacks %q", line)
		}
	}
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze here")
	}
	file := filepath.Join(t.TempDir(), "gembad.service")
	// The program need not be installed where this test runs.
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(unit, "/usr/bin/gembad", "/bin/true")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(analyze, "verify", "--man=no", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if out, err := exec.Command(analyze, "security", "--offline=yes", "--threshold=20", file).CombinedOutput(); err != nil && !strings.Contains(string(out), "unrecognized option") {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}
