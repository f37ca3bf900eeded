package nativetest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// scripts is the folder of the scripts, which the test looks at itself so that go test knows what it depends on.
func scripts(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../packaging/native")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in %s: %v", dir, err)
	}
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// command is bash with lib.sh and one more script sourced, about to run body.
func command(t *testing.T, script, body string, env ...string) *exec.Cmd {
	t.Helper()
	dir := scripts(t)
	cmd := exec.Command("bash", "-c", ". "+dir+"/lib.sh; . "+dir+"/"+script+"\n"+body)
	cmd.Env = append(os.Environ(), env...)
	return cmd
}

func run(t *testing.T, script, body string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	cmd := command(t, script, body, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}
