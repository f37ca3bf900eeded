package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestImportSendsAbsolutePathsAndStart(t *testing.T) {
	w := newWorld(t, "daemon")
	exit, _, stderr := w.run("import", "some/../clip.mp4", "--camera", "yard", "--start", "2026-11-20 14:00")
	if exit != exitOK {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	want, err := filepath.Abs("clip.mp4")
	if err != nil {
		t.Fatal(err)
	}
	got := w.daemon.imports[0]
	if len(got.Paths) != 1 || got.Paths[0] != want || got.Camera != "yard" {
		t.Errorf("sent %+v, want the path %s", got, want)
	}
	if start := time.Date(2026, 11, 20, 13, 0, 0, 0, time.UTC); got.Start == nil || !got.Start.Equal(start) {
		t.Errorf("sent start %v, want %v", got.Start, start)
	}
}

func TestImportJobFails(t *testing.T) {
	w := newWorld(t, "daemon")
	w.daemon.failJob = true
	exit, stdout, stderr := w.run("import", "a.mp4", "--camera", "yard")
	if exit != exitFailure || stdout != "" || !strings.Contains(stderr, "the import failed: the disk is full") {
		t.Errorf("exit %d, stdout %q, stderr %q", exit, stdout, stderr)
	}
}

func TestImportJobForgotten(t *testing.T) {
	w := newWorld(t, "daemon")
	w.daemon.forget = true
	exit, _, stderr := w.run("import", "a.mp4", "--camera", "yard")
	if exit != exitFailure || !strings.Contains(stderr, "run the same command again") {
		t.Errorf("exit %d, stderr %q", exit, stderr)
	}
}

// TestImportInterrupted: Ctrl-C cancels the job in the daemon.
func TestImportInterrupted(t *testing.T) {
	w := newWorld(t, "daemon")
	w.daemon.hold = true
	ctx, interrupt := context.WithCancel(context.Background())
	exit := make(chan int)
	go func() { exit <- w.app.run(ctx, []string{"import", "a.mp4", "--camera", "yard"}) }()
	<-w.daemon.polled
	interrupt()
	if code := <-exit; code != exitFailure {
		t.Errorf("exit %d, want %d", code, exitFailure)
	}
	if w.daemon.cancelled != 1 {
		t.Errorf("the job was cancelled %d times, want once", w.daemon.cancelled)
	}
	if got := w.err.String(); !strings.Contains(got, "cancelled; what is in stays") || !strings.HasSuffix(got, "gemba: stopped\n") {
		t.Errorf("stderr %q", got)
	}
}

// TestImportShowsProgress: on a terminal there is a bar, and it is taken away.
func TestImportShowsProgress(t *testing.T) {
	for _, args := range [][]string{{"import", "a.mp4", "--camera", "yard"}, {"import", "a.mp4", "--camera", "yard", "--data-dir", "/nowhere/data"}} {
		w := newWorld(t, "")
		if len(args) == 4 {
			w = newWorld(t, "daemon")
		}
		w.app.terminal = true
		exit, stdout, _ := w.run(args...)
		if exit != exitOK || !strings.HasPrefix(stdout, "1 file; 3 clips") {
			t.Errorf("%v: exit %d, stdout %q", args, exit, stdout)
		}
		if exit, _, stderr := w.run(append(args, "--quiet")...); exit != exitOK || stderr != "" {
			t.Errorf("%v --quiet: exit %d, stderr %q", args, exit, stderr)
		}
	}
}

func TestSearchSendsWhatWasAsked(t *testing.T) {
	w := newWorld(t, "daemon")
	exit, _, stderr := w.run("search", "a helmet", "--camera", "gate", "--camera", "yard", "--label", "person", "--text", `"dock 3"`,
		"--from", "2026-11-20", "--to", "2026-11-20", "--limit", "7")
	if exit != exitOK {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	got := w.daemon.searches[0]
	from, to := time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC), time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	if got.Query != "a helmet" || len(got.Cameras) != 2 || got.Labels[0] != "person" || got.Text != `"dock 3"` || got.Limit != 7 ||
		got.From == nil || !got.From.Equal(from) || got.To == nil || !got.To.Equal(to) {
		t.Errorf("sent %+v", got)
	}
}

func TestSocketOrder(t *testing.T) {
	tests := []struct {
		name  string
		flags globalFlags
		env   string
		want  []string
	}{
		{"nothing said", globalFlags{}, "", []string{"first", "second"}},
		{"flag", globalFlags{socket: "flag"}, "env", []string{"flag"}},
		{"environment", globalFlags{}, "env", []string{"env"}},
		{"data folder", globalFlags{dataDir: "data"}, "", []string{"data/gembad.sock"}},
		{"all", globalFlags{socket: "flag", dataDir: "data"}, "env", []string{"flag", "data/gembad.sock"}},
		{"environment and data folder", globalFlags{dataDir: "data"}, "env", []string{"env", "data/gembad.sock"}},
	}
	for _, tt := range tests {
		a := &app{flags: tt.flags, getenv: func(string) string { return tt.env }, sockets: []string{"first", "second"}}
		if got := strings.Join(a.candidates(), " "); got != strings.Join(tt.want, " ") {
			t.Errorf("%s: %s, want %s", tt.name, got, strings.Join(tt.want, " "))
		}
	}
}
