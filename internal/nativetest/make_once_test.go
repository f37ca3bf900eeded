package nativetest

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// left are the names in a folder, lock files aside.
func left(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".lock") {
			names = append(names, entry.Name())
		}
	}
	return names
}

func TestMakeOnceMakesOnceForManyAtATime(t *testing.T) {
	folder := t.TempDir()
	body := `make() { echo made >>"$FOLDER.log"; touch "$1/inside"; }; make_once "$FOLDER/thing" make`
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, stderr, err := run(t, "wheel.sh", body, "FOLDER="+folder); err != nil {
				t.Errorf("%v: %s", err, stderr)
			}
		})
	}
	group.Wait()
	made, err := os.ReadFile(folder + ".log")
	if err != nil {
		t.Fatal(err)
	}
	if string(made) != "made\n" {
		t.Errorf("made %d times, want once", strings.Count(string(made), "made"))
	}
	if names := left(t, folder); len(names) != 1 || names[0] != "thing" {
		t.Errorf("left = %v, want the thing alone", names)
	}
	if _, err := os.Stat(filepath.Join(folder, "thing", "inside")); err != nil {
		t.Error(err)
	}
}

func TestMakeOnceLeavesNothingOfAFailure(t *testing.T) {
	for _, body := range []string{
		`make() { touch "$1/half"; false; touch "$1/never"; }`, // a failing command anywhere, not only the last
		`make() { touch "$1/half"; die "cannot"; }`,
		`make() { touch "$1/half"; touch /nowhere/at/all; }`,
	} {
		folder := t.TempDir()
		out, _, err := run(t, "wheel.sh", body+`; make_once "$FOLDER/thing" make; echo went on`, "FOLDER="+folder)
		if err == nil || out != "" {
			t.Errorf("%s: out = %q, err = %v; want a failure", body, out, err)
		}
		if names := left(t, folder); len(names) != 0 {
			t.Errorf("%s: left = %v, want nothing", body, names)
		}
	}
}

func TestMakeOnceClearsUpAfterAKill(t *testing.T) {
	folder := t.TempDir()
	cmd := command(t, "wheel.sh", `make() { touch "$1/half"; echo "$BASHPID"; kill -STOP "$BASHPID"; }; make_once "$FOLDER/thing" make`, "FOLDER="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	// Both the shell and the one that builds die without a chance to clear up.
	if _, stderr, err := run(t, "wheel.sh", `kill -KILL `+strings.TrimSpace(line)); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("a killed build reports success")
	}
	if names := left(t, folder); len(names) != 1 || !strings.HasPrefix(names[0], "thing.tmp-") {
		t.Fatalf("left = %v, want a temporary folder", names)
	}
	if _, stderr, err := run(t, "wheel.sh", `make() { touch "$1/inside"; }; make_once "$FOLDER/thing" make`, "FOLDER="+folder); err != nil {
		t.Fatalf("%v: %s", err, stderr)
	}
	if names := left(t, folder); len(names) != 1 || names[0] != "thing" {
		t.Errorf("left = %v, want the thing alone", names)
	}
	if _, err := os.Stat(filepath.Join(folder, "thing", "half")); !os.IsNotExist(err) {
		t.Errorf("the killed build's half is in the thing: %v", err)
	}
}
