package encode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gembahq/gemba/internal/npy"
)

func TestOpenPack(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	if !filepath.IsAbs(p.Dir()) || p.Manifest().Version != "1.2.3" {
		t.Errorf("opened %s, version %s", p.Dir(), p.Manifest().Version)
	}
	const want = "a52b9ea26c884ba22e1e758bb6fe8c10302fd1b9b4de5981272181c4645e2ebe"
	hash := p.Hash()
	if got := hex.EncodeToString(hash[:]); got != want {
		t.Errorf("the hash of the tiny pack is %s, was %s: its definition must not change", got, want)
	}
	rows, dims, data := p.HubBank()
	if rows != 12 || dims != 6 || len(data) != 72 || math.Abs(norm(data[:6])-1) > 1e-3 {
		t.Errorf("hub bank of %d x %d", rows, dims)
	}
	rows, dims, data = p.Background()
	if rows != 5 || dims != 6 || math.Abs(norm(data[6:12])-0.9) > 1e-5 {
		t.Errorf("background of %d x %d", rows, dims)
	}
}

func TestOpenPackRefuses(t *testing.T) {
	matrix := func(rows, cols int, v float32) []byte {
		data := make([]float32, rows*cols)
		for i := range data {
			data[i] = v
		}
		var b bytes.Buffer
		if err := npy.WriteMatrix(&b, rows, cols, data); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	remove := func(t *testing.T, dir, name string) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir string)
		says   []string
	}{
		{"no manifest", func(t *testing.T, dir string) { remove(t, dir, manifestName) }, []string{"manifest.json is missing"}},
		{"huge manifest", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, manifestName), maxManifestSize+1); err != nil {
				t.Fatal(err)
			}
		}, []string{"manifest.json", "more than"}},
		{"no model", func(t *testing.T, dir string) { remove(t, dir, "vision.onnx") }, []string{"vision.onnx is missing", "copy the pack again"}},
		{"cut model", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "text.onnx"), 100); err != nil {
				t.Fatal(err)
			}
		}, []string{"text.onnx has 100 bytes", "copy the pack again"}},
		{"changed byte", func(t *testing.T, dir string) {
			data := read(t, filepath.Join(dir, "text.onnx"))
			data[500] ^= 1
			if err := os.WriteFile(filepath.Join(dir, "text.onnx"), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}, []string{"text.onnx is damaged", "copy the pack again"}},
		{"link out of the pack", func(t *testing.T, dir string) {
			outside := filepath.Join(t.TempDir(), "vision.onnx")
			if err := os.Rename(filepath.Join(dir, "vision.onnx"), outside); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(outside, filepath.Join(dir, "vision.onnx")); err != nil {
				t.Fatal(err)
			}
		}, []string{"vision.onnx", "escapes"}},
		{"folder for a file", func(t *testing.T, dir string) {
			remove(t, dir, "vision.onnx")
			if err := os.Mkdir(filepath.Join(dir, "vision.onnx"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, []string{"vision.onnx is not a file"}},
		{"pipe for a file", func(t *testing.T, dir string) {
			remove(t, dir, "vision.onnx")
			if err := syscall.Mkfifo(filepath.Join(dir, "vision.onnx"), 0o644); err != nil {
				t.Skip("no named pipes here:", err)
			}
		}, []string{"vision.onnx is not a file"}},
		{"tokenizer of another kind", func(t *testing.T, dir string) {
			put(t, dir, "tokenizer.json", []byte(`{"model": {"type": "WordLevel"}}`))
		}, []string{"tokenizer.json", "WordLevel"}},
		{"hub of other dims", func(t *testing.T, dir string) { put(t, dir, "hub_bank.npy", matrix(12, 5, 0.1)) }, []string{"hub_bank.npy", "12 rows of 5 values, want rows of 6"}},
		{"hub with too few rows", func(t *testing.T, dir string) { put(t, dir, "hub_bank.npy", matrix(2, 6, 0.4)) }, []string{"hub_bank.npy", "2 rows"}},
		{"hub with NaN", func(t *testing.T, dir string) { put(t, dir, "hub_bank.npy", matrix(12, 6, float32(math.NaN()))) }, []string{"hub_bank.npy", "not finite"}},
		{"background of nothing", func(t *testing.T, dir string) { put(t, dir, "background.npy", matrix(0, 6, 0)) }, []string{"background.npy", "0 rows"}},
		{"background too long", func(t *testing.T, dir string) { put(t, dir, "background.npy", matrix(5, 6, 1)) }, []string{"background.npy", "row 0 has length 2.45"}},
		{"background no array", func(t *testing.T, dir string) { put(t, dir, "background.npy", []byte("hello, I am text")) }, []string{"background.npy", "not a valid .npy file"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyPack(t)
			c.change(t, dir)
			_, err := OpenPack(dir)
			if !errors.Is(err, ErrPack) {
				t.Fatalf("%v is no ErrPack", err)
			}
			for _, says := range append(c.says, dir) {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
	if _, err := OpenPack(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, ErrPack) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestLinkInsideThePackIsFine(t *testing.T) {
	dir := copyPack(t)
	if err := os.Rename(filepath.Join(dir, "vision.onnx"), filepath.Join(dir, "v1.onnx")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("v1.onnx", filepath.Join(dir, "vision.onnx")); err != nil {
		t.Fatal(err)
	}
	openPack(t, dir)
}

func TestHubTerm(t *testing.T) {
	rows := npy.Matrix[float32]{Rows: 5, Cols: 2, Data: []float32{1, 0, 0, 1, -1, 0, 0.6, 0.8, 0.8, 0.6}}
	h, err := newHubBank(rows, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v    []float32
		want float64
	}{
		{[]float32{1, 0}, (1 + 0.8 + 0.6) / 3},
		{[]float32{0, 0.5}, (1 + 0.8 + 0.6) / 6},
		{[]float32{-1, 0}, (1 + 0 - 0.6) / 3},
		{[]float32{0, 0}, 0},
	} {
		if got := h.term(c.v); math.Abs(float64(got)-c.want) > 1e-6 {
			t.Errorf("%v: %v, want %v", c.v, got, c.want)
		}
	}
}

func TestBundledPack(t *testing.T) {
	dir := copyPack(t)
	t.Setenv("GEMBA_PACK", dir)
	if got, err := BundledPack(); err != nil || got != dir {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("GEMBA_PACK", t.TempDir())
	if _, err := BundledPack(); !errors.Is(err, ErrPack) || !strings.Contains(err.Error(), "GEMBA_PACK") {
		t.Errorf("an empty folder: %v", err)
	}
	t.Setenv("GEMBA_PACK", "")
	got, err := BundledPack()
	if err == nil && !hasManifest(got) || err != nil && !strings.Contains(err.Error(), "reinstall") {
		t.Errorf("%s, %v", got, err)
	}
}

func BenchmarkOpenBundledPack(b *testing.B) {
	const dir = "../../packaging/pack"
	if !hasManifest(dir) {
		b.Skip("the bundled pack is not here")
	}
	for b.Loop() {
		if _, err := OpenPack(dir); err != nil {
			b.Fatal(err)
		}
	}
}
