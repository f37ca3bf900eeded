package encode

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// refineSection is that of the bundled pack, as JSON.
func refineSection(t *testing.T) (map[string]any, string) {
	t.Helper()
	dir := copyPack(t)
	section := map[string]any{
		"file": "refine.onnx", "idf": "idf.npy", "top": 100, "identity": false, "support": map[string]any{"threshold": 0.2},
		"inputs": map[string]any{
			"word_tokens": "word_tokens", "word_weights": "word_weights", "visual_tokens": "visual_tokens",
			"visual_mask": "visual_mask", "first_stage": "first_stage",
		},
		"outputs": map[string]any{"score": "score", "support": "support", "attention": "attention"},
	}
	put(t, dir, "refine.onnx", read(t, filepath.Join(bundled, "refine.onnx")))
	put(t, dir, "idf.npy", read(t, filepath.Join(bundled, "idf.npy")))
	return section, dir
}

func TestRefineSectionRefused(t *testing.T) {
	for want, change := range map[string]func(map[string]any){
		"file and idf":      func(s map[string]any) { delete(s, "idf") },
		"does not list":     func(s map[string]any) { s["file"] = "other.onnx" },
		"top is 0":          func(s map[string]any) { s["top"] = 0 },
		"top is 201":        func(s map[string]any) { s["top"] = 201 },
		"inputs must name":  func(s map[string]any) { delete(at(s, "inputs"), "visual_mask") },
		"outputs must name": func(s map[string]any) { delete(at(s, "outputs"), "attention") },
		"support.threshold": func(s map[string]any) { at(s, "support")["threshold"] = 2 },
		"unknown field":     func(s map[string]any) { s["beyond"] = 1 },
	} {
		t.Run(want, func(t *testing.T) {
			section, dir := refineSection(t)
			change(section)
			edit(t, dir, func(m map[string]any) { m["refine"] = section })
			if _, err := OpenPack(dir); !errors.Is(err, ErrPack) || !strings.Contains(strings.ReplaceAll(err.Error(), `"`, ""), want) {
				t.Errorf("error %v, want one about %q", err, want)
			}
		})
	}
}

// What refines must not make another pack of the one that indexed the clips.
func TestRefineKeepsTheHash(t *testing.T) {
	plain := openPack(t, copyPack(t)).Hash()
	section, dir := refineSection(t)
	edit(t, dir, func(m map[string]any) { m["refine"] = section })
	if p := openPack(t, dir); p.Hash() != plain {
		t.Errorf("hash %x with a refinement, %x without", p.Hash(), plain)
	}
}

func TestRefinerRefusesBrokenParts(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, dir string){
		"model cut off": func(t *testing.T, dir string) {
			put(t, dir, "refine.onnx", read(t, filepath.Join(bundled, "refine.onnx"))[:900])
		},
		"model of texts": func(t *testing.T, dir string) { put(t, dir, "refine.onnx", read(t, filepath.Join(dir, "text.onnx"))) },
		// The tiny pack's tokens have another width than the bundled pack's.
		"other names": func(t *testing.T, dir string) {
			edit(t, dir, func(m map[string]any) { at(m, "refine", "inputs")["word_tokens"] = "w" })
		},
		"no numbers":      func(t *testing.T, dir string) { put(t, dir, "idf.npy", []byte("nothing")) },
		"weights as rows": func(t *testing.T, dir string) { put(t, dir, "idf.npy", read(t, filepath.Join(dir, "hub_bank.npy"))) },
	} {
		t.Run(name, func(t *testing.T) {
			section, dir := refineSection(t)
			edit(t, dir, func(m map[string]any) { m["refine"] = section })
			change(t, dir)
			r, err := NewRefiner(newEncoder(t, openPack(t, dir)), 1)
			if err == nil {
				t.Fatal("taken", r.Close())
			}
			if !errors.Is(err, ErrPack) && !errors.Is(err, ErrModel) {
				t.Errorf("error %v is of no known kind", err)
			}
		})
	}
}

func TestNoRefinement(t *testing.T) {
	r, err := NewRefiner(newEncoder(t, openPack(t, copyPack(t))), 1)
	if r != nil || err != nil {
		t.Errorf("a pack without refinement: %v, %v", r, err)
	}
}
