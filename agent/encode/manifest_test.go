package encode

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParseManifest(t *testing.T) {
	m, err := ParseManifest(read(t, "testdata/tiny/manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "tiny" || m.Dims != 6 || m.Image.Views[1] != "center" || m.Tokens.Rows() != 4 || m.Hub.K != 3 ||
		m.Calibration["anything_else"] != 1 || m.Negation.Beta != 0.45 || m.Files["text.onnx"].Bytes == 0 || len(m.Quality) == 0 {
		t.Errorf("read as %+v", m)
	}
}

func TestParseManifestRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		says   string
	}{
		{"no format", func(m map[string]any) { delete(m, "format") }, "format is missing"},
		{"newer format", func(m map[string]any) { m["format"] = 2; m["new_key"] = 1 }, "update gemba"},
		{"older format", func(m map[string]any) { m["format"] = 0 }, "make the pack anew"},
		{"unknown key", func(m map[string]any) { m["extra"] = 1 }, `"extra"`},
		{"unknown key inside", func(m map[string]any) { at(m, "image")["colour"] = "bgr" }, `"colour"`},
		{"no licence", func(m map[string]any) { delete(m, "license") }, "license is missing"},
		{"blank licence", func(m map[string]any) { m["license"] = "  " }, "license is missing"},
		{"no name", func(m map[string]any) { m["name"] = "" }, "name is missing"},
		{"no version", func(m map[string]any) { delete(m, "version") }, "version is missing"},
		{"dims", func(m map[string]any) { m["dims"] = 0 }, "dims is 0"},
		{"dims of another type", func(m map[string]any) { m["dims"] = "384" }, "dims"},
		{"no input", func(m map[string]any) { at(m, "image")["input"] = "" }, "image: input"},
		{"std", func(m map[string]any) { at(m, "image")["std"] = []int{1, 0, 1} }, "image: std"},
		{"resize", func(m map[string]any) { at(m, "image")["resize"] = "nearest" }, `"nearest"`},
		{"views", func(m map[string]any) { at(m, "image")["views"] = []string{} }, "no views"},
		{"too many views", func(m map[string]any) { at(m, "image")["views"] = strings.Split(strings.Repeat("squash ", 20), " ") }, "21 views"},
		{"view", func(m map[string]any) { at(m, "image")["views"] = []string{"left"} }, `"left"`},
		{"no ids", func(m map[string]any) { at(m, "text", "inputs")["ids"] = "" }, "text: inputs.ids"},
		{"length", func(m map[string]any) { at(m, "text")["max_length"] = 2 }, "max_length is 2"},
		{"cells", func(m map[string]any) { at(m, "tokens")["cells"] = []int{2, 0} }, "tokens: [2 0]"},
		{"tokens without output", func(m map[string]any) { delete(at(m, "image", "outputs"), "tokens") }, "or neither"},
		{"outputs without tokens", func(m map[string]any) { delete(m, "tokens") }, "or neither"},
		{"text tokens alone", func(m map[string]any) { delete(m, "tokens"); delete(at(m, "image", "outputs"), "tokens") }, "text.outputs.tokens"},
		{"hub k", func(m map[string]any) { at(m, "hub")["k"] = 0 }, "hub: k is 0"},
		{"hub alpha", func(m map[string]any) { at(m, "hub")["alpha_word"] = -1 }, "alpha_word"},
		{"hub without file", func(m map[string]any) { delete(at(m, "hub"), "file") }, "hub: file"},
		{"beta", func(m map[string]any) { at(m, "negation")["beta"] = 11 }, "negation.beta"},
		{"beta_worn", func(m map[string]any) { at(m, "negation")["beta_worn"] = -1 }, "negation.beta_worn"},
		{"calibration of text", func(m map[string]any) { at(m, "calibration")["possible"] = "x" }, "calibration"},
		{"unlisted model", func(m map[string]any) { delete(at(m, "files"), "vision.onnx") }, `image.file: files does not list "vision.onnx"`},
		{"no tokenizer", func(m map[string]any) { at(m, "text")["tokenizer"] = "" }, "text.tokenizer is missing"},
		{"background unlisted", func(m map[string]any) { at(m, "background")["file"] = "x.npy" }, `background.file: files does not list "x.npy"`},
		{"parent folder", func(m map[string]any) { at(m, "files")["../x"] = at(m, "files", "text.onnx") }, `"../x"`},
		{"absolute path", func(m map[string]any) { at(m, "files")["/etc/passwd"] = at(m, "files", "text.onnx") }, `"/etc/passwd"`},
		{"folder", func(m map[string]any) { at(m, "files")["a/b"] = at(m, "files", "text.onnx") }, `"a/b"`},
		{"dots", func(m map[string]any) { at(m, "files")[".."] = at(m, "files", "text.onnx") }, `".."`},
		{"empty file name", func(m map[string]any) { at(m, "files")[""] = at(m, "files", "text.onnx") }, `""`},
		{"itself", func(m map[string]any) { at(m, "files")["manifest.json"] = at(m, "files", "text.onnx") }, "can't list itself"},
		{"size", func(m map[string]any) { at(m, "files", "text.onnx")["bytes"] = -1 }, "-1 bytes"},
		{"short hash", func(m map[string]any) { at(m, "files", "text.onnx")["sha256"] = "abc" }, "sha256 of text.onnx"},
		{"upper-case hash", func(m map[string]any) {
			f := at(m, "files", "text.onnx")
			f["sha256"] = strings.Repeat("AB", 32)
		}, "sha256 of text.onnx"},
	} {
		dir := copyPack(t)
		edit(t, dir, c.change)
		_, err := ParseManifest(read(t, filepath.Join(dir, manifestName)))
		if !errors.Is(err, ErrPack) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want one that says %q", c.name, err, c.says)
		}
	}
	for text, says := range map[string]string{
		"":                      "unexpected end",
		"{\n\"format\": 1,\n,}": "line 3",
		"[]":                    "manifest.json",
		string(read(t, "testdata/tiny/manifest.json")) + "{}": "after",
	} {
		if _, err := ParseManifest([]byte(text)); !errors.Is(err, ErrPack) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestOptionalParts(t *testing.T) {
	dir := copyPack(t)
	edit(t, dir, func(m map[string]any) {
		for _, k := range []string{"tokens", "hub", "background", "calibration", "negation", "quality", "training"} {
			delete(m, k)
		}
		delete(at(m, "image", "outputs"), "tokens")
		delete(at(m, "text", "outputs"), "tokens")
	})
	p := openPack(t, dir)
	if rows, _, _ := p.HubBank(); rows != 0 || p.HubTerm(make([]float32, 6)) != 0 {
		t.Error("a hub bank out of nothing")
	}
	if rows, _, data := p.Background(); rows != 0 || data != nil {
		t.Error("a background out of nothing")
	}
}

func TestHash(t *testing.T) {
	base := openPack(t, "testdata/tiny").Hash()
	for name, change := range map[string]func(m map[string]any){
		"dims":        func(m map[string]any) { m["dims"] = 7 },
		"mean":        func(m map[string]any) { at(m, "image")["mean"] = []float64{127, 127, 127.5} },
		"views":       func(m map[string]any) { at(m, "image")["views"] = []string{"center", "squash"} },
		"resize":      func(m map[string]any) { at(m, "image")["resize"] = "bicubic-antialias" },
		"max length":  func(m map[string]any) { at(m, "text")["max_length"] = 9 },
		"vision file": func(m map[string]any) { at(m, "files", "vision.onnx")["sha256"] = strings.Repeat("00", 32) },
		"hub k":       func(m map[string]any) { at(m, "hub")["k"] = 4 },
		"more files":  func(m map[string]any) { at(m, "files")["vision.onnx.data"] = at(m, "files", "text.onnx") },
	} {
		if hashAfter(t, change) == base {
			t.Errorf("%s: the hash stayed the same", name)
		}
	}
	for name, change := range map[string]func(m map[string]any){
		"calibration": func(m map[string]any) { at(m, "calibration")["possible"] = 1 },
		"licence":     func(m map[string]any) { m["license"] = "MIT" },
		"alpha":       func(m map[string]any) { at(m, "hub")["alpha_word"] = 1 },
		"refinement":  func(m map[string]any) { at(m, "files")["refine.onnx"] = at(m, "files", "text.onnx") },
		"background":  func(m map[string]any) { at(m, "files", "background.npy")["sha256"] = strings.Repeat("00", 32) },
	} {
		if hashAfter(t, change) != base {
			t.Errorf("%s: the hash changed", name)
		}
	}
}

func hashAfter(t *testing.T, change func(m map[string]any)) [32]byte {
	t.Helper()
	dir := copyPack(t)
	edit(t, dir, change)
	m, err := ParseManifest(read(t, filepath.Join(dir, manifestName)))
	if err != nil {
		t.Fatal(err)
	}
	return m.Hash()
}

func FuzzParseManifest(f *testing.F) {
	text, err := os.ReadFile("testdata/tiny/manifest.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format": 1, "files": {"../a": {}}}`))
	f.Add([]byte(`{"format": 1e99}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseManifest(text)
		if err != nil {
			if !errors.Is(err, ErrPack) {
				t.Fatalf("%v is no ErrPack", err)
			}
			return
		}
		for name := range m.Files {
			if filepath.Dir(filepath.Join("pack", name)) != "pack" {
				t.Fatalf("file %q leads out of the pack", name)
			}
		}
		// What was accepted reads the same again.
		again, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := ParseManifest(again); err != nil || n.Hash() != m.Hash() {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
