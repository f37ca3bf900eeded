package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hub is a small model with random weights, laid out as hubs have them.
var hub = filepath.Join("..", "..", "agent", "encode", "packimport", "testdata")

// TestPackImport makes packs, verifies them, and asks one.
func TestPackImport(t *testing.T) {
	w := realWorld(t)
	for _, model := range []string{"clip", "siglip", "openclip", "jina"} {
		out := filepath.Join(w.dir, "packs", model)
		var r packImportReport
		w.must(&r, "pack", "import", filepath.Join(hub, model), "--out", out, "--license", "none", "--name", "small "+model)
		if r.Name != "small "+model || r.License != "none" || r.Dims < 1 || r.Files < 4 || r.Bytes == 0 || len(r.Notes) == 0 {
			t.Errorf("%s: %+v", model, r)
		}
		var verified packReport
		if w.must(&verified, "pack", "verify", out); !verified.OK {
			t.Errorf("%s: %+v", model, verified)
		}
	}
	photos, err := filepath.Abs(hub)
	if err != nil {
		t.Fatal(err)
	}
	table := filepath.Join(w.dir, "captions.csv")
	if err := os.WriteFile(table, []byte("image,split,caption\npicture0.png,val,a worker\npicture1.png,val,a dog in the snow\npicture2.png,val,smoke\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var report captionsReport
	w.must(&report, "eval", "captions", "--pack", filepath.Join(w.dir, "packs", "clip"), "--images", photos, "--captions", table, "--split", "val")
	if report.Queries != 3 || report.Items != 3 {
		t.Errorf("eval captions: %+v", report)
	}
}

func TestPackImportRefuses(t *testing.T) {
	w := newWorld(t, "")
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{filepath.Join(hub, "clip")}, exitUsage, "--out"},
		{[]string{"--out", "x"}, exitUsage, "one FOLDER"},
		{[]string{filepath.Join(hub, "siglip"), "--out", filepath.Join(w.dir, "x")}, exitFailure, "--license"},
		{[]string{filepath.Join(w.dir, "nowhere"), "--out", filepath.Join(w.dir, "x")}, exitFailure, "does not exist"},
		{[]string{filepath.Join(hub, "clip"), "--out", filepath.Join(w.dir, "x"), "--background", filepath.Join(w.dir, "nowhere")}, exitFailure, "background"},
	} {
		exit, stdout, stderr := w.run(append([]string{"pack", "import"}, c.args...)...)
		if exit != c.exit || !strings.Contains(stderr, c.says) || stdout != "" {
			t.Errorf("%v: exit %d, %q, %q", c.args, exit, stdout, stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "x")); !os.IsNotExist(err) {
		t.Errorf("a refused import left a folder: %v", err)
	}
}

func TestPackImportBackground(t *testing.T) {
	w := realWorld(t)
	photos := filepath.Join(w.dir, "photos", "deeper")
	if err := os.MkdirAll(photos, 0o755); err != nil {
		t.Fatal(err)
	}
	png, err := os.ReadFile(filepath.Join(hub, "picture1.png"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		if err := os.WriteFile(filepath.Join(photos, string(rune('a'+i/10))+string(rune('0'+i%10))+".PNG"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(w.dir, "pack")
	w.must(&packImportReport{}, "pack", "import", filepath.Join(hub, "clip"), "--out", out, "--background", filepath.Dir(photos))
	var m struct {
		Background struct{ File string }
	}
	text, err := os.ReadFile(filepath.Join(out, manifestFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Background.File == "" {
		t.Errorf("no background: %v, %s", err, text)
	}
}
