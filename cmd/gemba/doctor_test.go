package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// doctor runs the doctor and returns its checks by name, the worst of each.
func (w *world) doctor(args ...string) (exit int, checks map[string]check) {
	w.t.Helper()
	exit, stdout, stderr := w.run(append([]string{"doctor", "--json"}, args...)...)
	var r doctorReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		w.t.Fatalf("%v: stdout %q, stderr %q", err, stdout, stderr)
	}
	worse := map[string]int{checkOK: 0, checkWarn: 1, checkFail: 2}
	checks = map[string]check{}
	for _, c := range r.Checks {
		if (c.Status == checkOK) != (c.Advice == "") {
			w.t.Errorf("%s is %s with the advice %q: advice belongs to what is not well", c.Name, c.Status, c.Advice)
		}
		if old, seen := checks[c.Name]; !seen || worse[c.Status] > worse[old.Status] {
			checks[c.Name] = c
		}
	}
	if r.OK != (exit == exitOK) {
		w.t.Errorf("ok is %t but the exit code %d", r.OK, exit)
	}
	return exit, checks
}

func TestDoctorOfAHealthyBox(t *testing.T) {
	w := newWorld(t, "daemon")
	exit, checks := w.doctor("--data-dir", filepath.Join(w.dir, "run"))
	if exit != exitOK {
		t.Errorf("exit %d: %+v", exit, checks)
	}
	for _, name := range []string{"program", "model", "daemon", "readiness", "data folder", "libraries"} {
		if checks[name].Status != checkOK {
			t.Errorf("%s: %+v", name, checks[name])
		}
	}
	left, err := filepath.Glob(filepath.Join(w.dir, "run", ".doctor*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind in the data folder: %v, %v", left, err)
	}
}

func TestDoctorFindsTheDataFolderOfTheDaemon(t *testing.T) {
	w := newWorld(t, "daemon")
	if _, checks := w.doctor(); !strings.Contains(checks["data folder"].Detail, filepath.Join(w.dir, "run")) {
		t.Errorf("data folder: %+v", checks["data folder"])
	}
}

func TestDoctorOfASickBox(t *testing.T) {
	w := newWorld(t, "no-model")
	w.app.now = func() time.Time { return time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC) }
	exit, checks := w.doctor("--data-dir", filepath.Join(w.dir, "gone"))
	if exit != exitFailure {
		t.Errorf("exit %d, want %d", exit, exitFailure)
	}
	for name, status := range map[string]string{"clock": checkFail, "model": checkFail, "daemon": checkWarn, "data folder": checkFail} {
		if checks[name].Status != status {
			t.Errorf("%s: %+v, want %s", name, checks[name], status)
		}
	}
}

func TestDoctorOnAFileForAFolder(t *testing.T) {
	w := newWorld(t, "")
	path := filepath.Join(w.dir, "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, checks := w.doctor("--data-dir", path); checks["data folder"].Status != checkFail {
		t.Errorf("%+v", checks["data folder"])
	}
}

func TestDoctorText(t *testing.T) {
	w := newWorld(t, "")
	_, stdout, _ := w.run("doctor")
	if !strings.Contains(stdout, "\nwarn  daemon       none answers on ") || !strings.Contains(stdout, " -> Start it (systemctl start gembad") {
		t.Errorf("stdout:\n%s", stdout)
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536 << 20: "1.5 GiB", 1 << 62: "4096.0 PiB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d = %q, want %q", n, got, want)
		}
	}
}
