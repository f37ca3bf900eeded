package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestEvalNegation: the model of this world hears "red" in "without a red". The
// plain sentence is always wrong, the difference of the sentences says nothing,
// and the engine, which splits the negation off, is always right.
func TestEvalNegation(t *testing.T) {
	w := newWorld(t, "photos")
	table := filepath.Join(w.dir, "negated.csv")
	rows := "image,split,source,labels\ns/red.png,val,s,red x1\ns/green.png,val,s,box without a red x1\ns/blue.png,val,s,box without a red x2\n"
	if err := os.WriteFile(table, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"eval", "negation", "--images", filepath.Join(w.dir, "photos"), "--labels", table}
	exit, stdout, stderr := w.run(append(args, "--json")...)
	if exit != exitOK {
		t.Fatalf("exit %d: %s", exit, stderr)
	}
	var r negationReport
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Items) != 2 || r.Photos != 3 {
		t.Fatalf("report %+v", r)
	}
	i := r.Items[0]
	if i.Query != "a worker without a red" || i.Label != "box without a red" || i.Against != "red" || i.Without != 2 || i.With != 1 {
		t.Errorf("item %+v", i)
	}
	if i.Plain.AUC != 0 || i.Engine.AUC != 1 || i.Difference.AUC != 0.5 || i.Engine.AP != 1 {
		t.Errorf("plain %v, engine %v, difference %v", i.Plain, i.Engine, i.Difference)
	}
	if exit, stdout, _ := w.run(args...); exit != exitOK || !strings.Contains(stdout, "a person without a red") {
		t.Errorf("as a table: exit %d: %s", exit, stdout)
	}
	if exit, _, stderr := w.run(append(args, "--min", "2")...); exit != exitFailure || !strings.Contains(stderr, "2 photos of their own") {
		t.Errorf("--min 2: exit %d: %s", exit, stderr)
	}
}
