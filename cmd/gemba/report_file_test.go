package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReports: each command writes its figures for people beside what it prints.
func TestReports(t *testing.T) {
	for name, tt := range map[string]struct {
		args  []string
		world string
		says  []string
	}{
		"captions": {[]string{"captions", "--images", "$DIR/photos", "--captions", "$DIR/captions.csv", "--split", "val"}, "photos", []string{"descriptions find photos", "among the first 5"}},
		"labels":   {[]string{"labels", "--images", "$DIR/photos", "--labels", "$DIR/labels.csv", "--min", "1"}, "photos", []string{"names of things find photos", ">green<"}},
		"footage":  {[]string{"footage", "--footage", "$DIR/footage", "--truth", "$DIR/truth.csv"}, "footage", []string{"questions find footage", "By camera", "By hour", "red.mp4"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.world)
			file := filepath.Join(w.dir, "report.html")
			args := []string{"eval"}
			for _, a := range tt.args {
				args = append(args, strings.ReplaceAll(a, "$DIR", w.dir))
			}
			_, without, _ := w.run(args...)
			if exit, with, stderr := w.run(append(args, "--report", file)...); exit != exitOK || with != without {
				t.Fatalf("exit %d: %s; printed %q, without a report %q", exit, stderr, with, without)
			}
			page, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range append(tt.says, "<svg", "between ") {
				if !strings.Contains(string(page), want) {
					t.Errorf("the report does not say %q", want)
				}
			}
			if strings.Contains(string(page), "NaN") {
				t.Error("the report says NaN")
			}
		})
	}
}

// TestReportRefused: a report that cannot be written is told before anything is
// measured, and one that was not finished leaves what stood there.
func TestReportRefused(t *testing.T) {
	w := newWorld(t, "photos")
	args := []string{"eval", "captions", "--images", filepath.Join(w.dir, "photos"), "--captions", filepath.Join(w.dir, "captions.csv")}
	exit, stdout, stderr := w.run(append(args, "--report", filepath.Join(w.dir, "nowhere", "report.html"))...)
	if exit != exitFailure || stdout != "" || !strings.Contains(stderr, "write the report") {
		t.Errorf("a folder that is not there: exit %d: %s%s", exit, stdout, stderr)
	}
	folder := t.TempDir()
	file := filepath.Join(folder, "report.html")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if exit, _, _ := w.run(append(args, "--split", "none", "--report", file)...); exit != exitFailure {
		t.Fatalf("a split that is not there: exit %d", exit)
	}
	left, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if old, err := os.ReadFile(file); err != nil || string(old) != "old" || len(left) != 1 {
		t.Errorf("after a failure: %q, %d files, error %v", old, len(left), err)
	}
}
