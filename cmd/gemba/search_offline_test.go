package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/gembahq/gemba/index/query"
)

// TestSearchOfflinePrintsTheEnginesAnswer: without a daemon the JSON is that of
// the engine, field by field.
func TestSearchOfflinePrintsTheEnginesAnswer(t *testing.T) {
	w := newWorld(t, "")
	exit, stdout, stderr := w.run("search", "a yellow helmet", "--json", "--data-dir", filepath.Join(w.dir, "data"))
	if exit != exitOK {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	var got query.Response
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(cannedAnswer("a yellow helmet"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	if string(again) != string(want) {
		t.Errorf("got  %s\nwant %s", again, want)
	}
	if w.local.closed != 1 {
		t.Errorf("the folder was closed %d times, want once", w.local.closed)
	}
}
