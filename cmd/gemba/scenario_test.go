package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what the commands print into the scenarios")

// TestScenarios runs each file of testdata/scenarios: a command line, the world
// it runs in, and what it must print. Adding a scenario is adding a file.
//
//	-- world --   words: daemon (one answers), folder (--data-dir is given), damaged, ...
//	-- args --    one argument a line; $DIR is the scenario's temporary folder
//	-- exit --
//	-- stdout --
//	-- stderr --
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "scenarios", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no scenarios found")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readScenario(t, file)
			w := newWorld(t, s.world)
			var args []string
			for line := range strings.Lines(s.args) {
				args = append(args, strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "$DIR", w.dir))
			}
			exit, stdout, stderr := w.run(args...)
			got := scenario{
				world: s.world, args: s.args, exit: strconv.Itoa(exit) + "\n",
				stdout: strings.ReplaceAll(stdout, w.dir, "$DIR"), stderr: strings.ReplaceAll(stderr, w.dir, "$DIR"),
			}
			if *update {
				got.write(t, file)
				return
			}
			if got.String() != s.String() {
				t.Errorf("%s: got\n%s\nwant\n%s", file, got, s)
			}
		})
	}
}

type scenario struct{ world, args, exit, stdout, stderr string }

func readScenario(t *testing.T, file string) scenario {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var s scenario
	var into *string
	for line := range strings.Lines(string(raw)) {
		switch strings.TrimSpace(line) {
		case "-- world --":
			into = &s.world
		case "-- args --":
			into = &s.args
		case "-- exit --":
			into = &s.exit
		case "-- stdout --":
			into = &s.stdout
		case "-- stderr --":
			into = &s.stderr
		default:
			if into == nil {
				t.Fatalf("%s: text before the first section", file)
			}
			*into += line
		}
	}
	return s
}

func (s scenario) String() string {
	return fmt.Sprintf("-- world --\n%s-- args --\n%s-- exit --\n%s-- stdout --\n%s-- stderr --\n%s", s.world, s.args, s.exit, s.stdout, s.stderr)
}

func (s scenario) write(t *testing.T, file string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(s.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// world is one temporary folder with, perhaps, a daemon and a data folder.
type world struct {
	t      *testing.T
	dir    string
	app    *app
	daemon *fakeDaemon
	local  *fakeLocal
	out    *bytes.Buffer
	err    *bytes.Buffer
}

func newWorld(t *testing.T, words string) *world {
	t.Helper()
	// A socket path has at most 107 bytes, which t.TempDir may exceed.
	dir, err := os.MkdirTemp("", "gemba")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	w := &world{t: t, dir: dir, local: &fakeLocal{dir: dir}, out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	environment := map[string]string{}
	w.app = &app{
		stdout: w.out, stderr: w.err,
		getenv:    func(name string) string { return environment[name] },
		now:       func() time.Time { return time.Date(2026, 11, 22, 15, 30, 0, 0, time.UTC) },
		location:  time.FixedZone("CET", 3600),
		pollEvery: time.Millisecond,
		sockets:   []string{filepath.Join(dir, "run", socketName), filepath.Join(dir, "demo", socketName)},
		local:     w.local,
	}
	for word := range strings.FieldsSeq(words) {
		switch word {
		case "daemon":
			w.daemon = startFakeDaemon(t, filepath.Join(dir, "run", socketName))
		case "stale-socket":
			leaveStaleSocket(t, filepath.Join(dir, "run", socketName))
		case "env-socket":
			environment["GEMBA_SOCKET"] = filepath.Join(dir, "other.sock")
		case "no-model":
			w.local.modelError = "unusable pack: vision.onnx is missing: copy the pack again"
		case "photos":
			writePhotos(t, dir)
		case "footage":
			writeFootage(t, dir)
		case "files":
			writeFiles(t, dir)
		case "pack":
			writePack(t, filepath.Join(dir, "pack"))
		case "norefinement":
			w.local.noRefinement = true
		case "failing-import":
			w.local.failFiles = true
		default:
			t.Fatalf("unknown word %q in the world of a scenario", word)
		}
	}
	return w
}

// run executes one command line.
func (w *world) run(args ...string) (exit int, stdout, stderr string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.out.Reset()
	w.err.Reset()
	w.app.flags = globalFlags{}
	exit = w.app.run(ctx, args)
	return exit, w.out.String(), w.err.String()
}
