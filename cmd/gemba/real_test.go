package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

var (
	realPack = filepath.Join("..", "..", "packaging", "pack")
	footage  = filepath.Join("..", "..", "testdata", "footage")
)

// realWorld is a world with the real model and index. The test is skipped where
// the ONNX Runtime is not built (make build, then: . build/env.sh).
func realWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, "")
	real := openers{logger: slog.New(slog.DiscardHandler)}
	if _, err := real.CheckModel(context.Background(), realPack); errors.Is(err, encode.ErrRuntime) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	w.app.local = real
	return w
}

// must runs a command line that has to succeed and decodes its JSON.
func (w *world) must(into any, args ...string) {
	w.t.Helper()
	exit, stdout, stderr := w.run(append(args, "--json", "--data-dir", w.dir)...)
	if exit != exitOK {
		w.t.Fatalf("%v: exit %d: %s", args, exit, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), into); err != nil {
		w.t.Fatalf("%v: %v in %s", args, err, stdout)
	}
}

// TestDataFolderWithoutDaemon takes footage in, finds it, verifies, rebuilds
// and finds it again, all in this process.
func TestDataFolderWithoutDaemon(t *testing.T) {
	w := realWorld(t)
	paths := []string{filepath.Join(footage, "bolt-multi-size-detection.mp4"), filepath.Join(footage, "worker-zone-detection.mp4")}
	imported := func() agent.ImportReport {
		var r agent.ImportReport
		w.must(&r, append([]string{"import", "--camera", "hall", "--pack", realPack}, paths...)...)
		return r
	}
	first := imported()
	if first.Files != 2 || first.Skipped != 0 || first.Clips < 2 || len(first.Failed) != 0 {
		t.Fatalf("first import: %+v", first)
	}
	if again := imported(); again.Skipped != 2 || again.Clips != 0 {
		t.Errorf("second import: %+v", again)
	}

	find := func() query.Response {
		var r query.Response
		w.must(&r, "search", "a worker with a helmet", "--limit", "3", "--pack", realPack)
		return r
	}
	before := find()
	if len(before.Items) == 0 || before.Coverage.SearchedClips != first.Clips || before.Model.Pack == "" {
		t.Fatalf("search: %+v", before)
	}
	exit, table, stderr := w.run("search", "a worker with a helmet", "--limit", "1", "--data-dir", w.dir, "--pack", realPack)
	if exit != exitOK || !strings.Contains(table, "worker-zone-detection.mp4 at ") {
		t.Errorf("the first answer is not the worker: exit %d, %s%s", exit, table, stderr)
	}
	if exit, _, stderr := w.run("search", "...", "--data-dir", w.dir, "--pack", realPack); exit != exitOK && exit != exitUsage {
		t.Errorf("a question without words: exit %d, %s", exit, stderr)
	}

	var stats indexReport
	w.must(&stats, "index", "stats")
	if stats.Clips != first.Clips || len(stats.Cameras) != 1 || stats.Cameras[0].ID != "hall" || stats.Bytes["log"] == 0 {
		t.Errorf("stats: %+v", stats)
	}
	var verified verifyReport
	w.must(&verified, "index", "verify")
	if !verified.OK || verified.Clips != first.Clips {
		t.Errorf("verify: %+v", verified)
	}
	w.must(&struct{}{}, "index", "rebuild")
	if after := find(); after.Items[0].ClipID != before.Items[0].ClipID || after.Items[0].Score != before.Items[0].Score {
		t.Errorf("after the rebuild %+v comes first, before %+v", after.Items[0], before.Items[0])
	}
}

// TestVerifyFindsDamage flips a byte in the middle of each log.
func TestVerifyFindsDamage(t *testing.T) {
	w := realWorld(t)
	w.must(&agent.ImportReport{}, "import", "--camera", "hall", "--pack", realPack, filepath.Join(footage, "bolt-multi-size-detection.mp4"))
	flipped := 0
	err := filepath.WalkDir(filepath.Join(w.dir, "seg"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "log" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		raw[len(raw)/2] ^= 1
		flipped++
		return os.WriteFile(path, raw, 0o600)
	})
	if err != nil || flipped == 0 {
		t.Fatalf("%d logs, %v", flipped, err)
	}
	exit, stdout, stderr := w.run("index", "verify", "--data-dir", w.dir, "--json")
	var r verifyReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	if exit != exitFailure || r.OK || len(r.Problems) == 0 || r.Problems[0].Path == "" {
		t.Errorf("exit %d, %+v", exit, r)
	}
}

// TestFolderInUse: a folder that another process has open is not touched, and
// the message says what to do.
func TestFolderInUse(t *testing.T) {
	w := newWorld(t, "")
	w.app.local = openers{logger: slog.New(slog.DiscardHandler)}
	s, err := index.Open(context.Background(), index.Options{Dir: w.dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, args := range [][]string{{"index", "stats"}, {"index", "verify"}, {"index", "rebuild"}} {
		exit, _, stderr := w.run(append(args, "--data-dir", w.dir)...)
		if exit != exitFailure || !strings.Contains(stderr, "in use") || !strings.Contains(stderr, "stop it") {
			t.Errorf("%v: exit %d, %s", args, exit, stderr)
		}
	}
}

func TestNoIndexInFolder(t *testing.T) {
	w := newWorld(t, "")
	w.app.local = openers{logger: slog.New(slog.DiscardHandler)}
	exit, _, stderr := w.run("index", "stats", "--data-dir", filepath.Join(w.dir, "nothing"))
	if exit != exitFailure || !strings.Contains(stderr, "there is no index") {
		t.Errorf("exit %d, %s", exit, stderr)
	}
	if _, err := os.Stat(filepath.Join(w.dir, "nothing")); !os.IsNotExist(err) {
		t.Errorf("looking made the folder: %v", err)
	}
}

// TestEvalFootageForReal runs the whole of eval footage on two sample files.
func TestEvalFootageForReal(t *testing.T) {
	w := realWorld(t)
	if err := os.Mkdir(filepath.Join(w.dir, "footage"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bolt-multi-size-detection.mp4", "worker-zone-detection.mp4"} {
		target, err := filepath.Abs(filepath.Join(footage, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, filepath.Join(w.dir, "footage", name)); err != nil {
			t.Fatal(err)
		}
	}
	writeAll(t, w.dir, map[string]string{
		"truth.csv": "query,relevant\na metal bolt,bolt-multi-size-detection.mp4\na man wearing a helmet,worker-zone-detection.mp4\na submarine under the ice,\n",
	})
	t.Setenv("TMPDIR", w.dir)
	var r footageReport
	w.must(&r, "eval", "footage", "--footage", filepath.Join(w.dir, "footage"), "--truth", filepath.Join(w.dir, "truth.csv"), "--pack", realPack)
	if r.Files != 2 || r.Queries != 2 || r.NoMatchQueries != 1 || r.Top1 != 2 || r.MRR != 1 || !r.NoMatchAUC.Defined() {
		t.Errorf("%+v", r)
	}
	left, err := filepath.Glob(filepath.Join(w.dir, "gemba-eval-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("the temporary data folder was left behind: %v, %v", left, err)
	}
}
