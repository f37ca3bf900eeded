package encode

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/gembahq/gemba/agent/frame"
)

// ortLibrary is the library that tests use; they are skipped without one.
func ortLibrary(t testing.TB) string {
	t.Helper()
	if path := os.Getenv("GEMBA_ORT"); path != "" {
		return path
	}
	path, err := filepath.Abs("../../build/native/" + runtime.GOARCH + "/onnxruntime/lib/" + libraryName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("ONNX Runtime is not built: run make, or set GEMBA_ORT")
	}
	return path
}

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// copyPack copies the tiny pack to a new folder.
func copyPack(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/tiny")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// edit changes a manifest as JSON.
func edit(t testing.TB, dir string, change func(m map[string]any)) {
	t.Helper()
	name := filepath.Join(dir, manifestName)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	if text, err = json.MarshalIndent(m, "", " "); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

// at gives the object under keys.
func at(m map[string]any, keys ...string) map[string]any {
	for _, k := range keys {
		m = m[k].(map[string]any)
	}
	return m
}

// put writes a file of a pack and lists it in the manifest.
func put(t testing.TB, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(data)
	edit(t, dir, func(m map[string]any) {
		at(m, "files")[name] = map[string]any{"bytes": len(data), "sha256": hex.EncodeToString(sum[:])}
	})
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func openPack(t testing.TB, dir string) *Pack {
	t.Helper()
	p, err := OpenPack(dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newEncoder(t testing.TB, p *Pack) *Encoder {
	t.Helper()
	e, err := New(p, Options{Library: ortLibrary(t), Provider: CPU, Threads: 2, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// weights are the numbers inside the tiny pack's models.
type weights struct {
	Projection [][]float64 // [3][6]
	Bias       []float64
	Table      [][]float64 // one row per token
}

func loadWeights(t testing.TB) weights {
	t.Helper()
	var w weights
	if err := json.Unmarshal(read(t, "testdata/models/weights.json"), &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// picture is what the tiny vision model makes of a mean colour.
func (w weights) picture(rgb [3]float64) []float64 {
	out := slices.Clone(w.Bias)
	for c, v := range rgb {
		for d := range out {
			out[d] += (v - 127) / 128 * w.Projection[c][d]
		}
	}
	unit(out)
	return out
}

// plainFrame is a frame of one colour.
func plainFrame(w, h int, rgb [3]float64) *frame.Frame {
	f := &frame.Frame{Width: w, Height: h, Pix: make([]byte, w*h*3)}
	for i := range f.Pix {
		f.Pix[i] = byte(rgb[i%3])
	}
	return f
}

// near tells whether a and b differ by at most within in every place.
func near(a []float32, b []float64, within float64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !(math.Abs(float64(a[i])-b[i]) <= within) {
			return false
		}
	}
	return true
}
