package packimport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/encode/tokenizer"
	"github.com/gembahq/gemba/agent/frame"
)

// expected is what Python makes of a model.
type expected struct {
	Texts          []string
	IDs            [][]int
	Pictures       [][]float64
	TextEmbeddings [][]float64 `json:"text_embeddings"`
}

var models = []string{"clip", "mobileclip", "siglip", "siglip2", "openclip", "both", "pooled", "jina"}

// runOptions finds ONNX Runtime; without it a test is skipped.
func runOptions(t testing.TB) encode.Options {
	t.Helper()
	library := os.Getenv("GEMBA_ORT")
	if library == "" {
		var err error
		if library, err = filepath.Abs("../../../build/native/" + runtime.GOARCH + "/onnxruntime/lib/libonnxruntime.so"); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(library); err != nil {
			t.Skip("ONNX Runtime is not built: run make, or set GEMBA_ORT")
		}
	}
	return encode.Options{Library: library, Provider: encode.CPU, Threads: 1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// What an imported model answers is what it answers in Python, from the same
// pictures and texts.
func TestEqualToPython(t *testing.T) {
	for _, name := range models {
		t.Run(name, func(t *testing.T) {
			run := runOptions(t)
			var want expected
			load(t, "testdata/"+name+"/expected.json", &want)
			out := filepath.Join(t.TempDir(), "pack")
			calls := 0
			if _, err := Import(t.Context(), "testdata/"+name, out, Options{License: "none, random numbers"}, run, func(done, of int) { calls = done }); err != nil {
				t.Fatal(err)
			}
			if calls != len(Sentences()) {
				t.Errorf("progress up to %d of %d", calls, len(Sentences()))
			}
			pack, err := encode.OpenPack(out)
			if err != nil {
				t.Fatal(err)
			}
			e, err := encode.New(pack, run)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			texts(t, e, want)
			frames(t, e, want)
			if rows, dims, _ := pack.HubBank(); rows != len(Sentences()) || dims != pack.Manifest().Dims {
				t.Errorf("a hub bank of %d rows of %d", rows, dims)
			}
			if left, _ := filepath.Glob(filepath.Dir(out) + "/*" + unfinished + "*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func texts(t *testing.T, e *encode.Encoder, want expected) {
	t.Helper()
	worst := 1.0
	for i, text := range want.Texts {
		a, err := e.EncodeText(context.Background(), text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if !slices.Equal(a.IDs, want.IDs[i]) {
			t.Errorf("%q: ids %v, want %v", text, a.IDs, want.IDs[i])
		}
		c := cosine(a.Vector, want.TextEmbeddings[i])
		if worst = min(worst, c); c < 0.999 {
			t.Errorf("%q: cosine %.5f", text, c)
		}
		if len(a.Tokens) != len(a.IDs) || len(a.Tokens[0]) != e.Pack().Manifest().Tokens.Dims {
			t.Errorf("%q: %d tokens for %d ids", text, len(a.Tokens), len(a.IDs))
		}
	}
	apart(t, "texts", want.TextEmbeddings)
	t.Logf("texts: least cosine %.6f", worst)
}

func frames(t *testing.T, e *encode.Encoder, want expected) {
	t.Helper()
	var clips [][]*frame.Frame
	for i := range want.Pictures {
		clips = append(clips, []*frame.Frame{picture(t, fmt.Sprintf("testdata/picture%d.png", i))})
	}
	got, err := e.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	worst := 1.0
	for i, g := range got {
		c := cosine(g.Vector, want.Pictures[i])
		if worst = min(worst, c); c < 0.999 {
			t.Errorf("picture %d: cosine %.5f", i, c)
		}
		if g.TokenRows != 1 || len(g.Tokens) != g.TokenDims || g.TokenDims != e.Pack().Manifest().Tokens.Dims {
			t.Errorf("picture %d: %d x %d tokens", i, g.TokenRows, g.TokenDims)
		}
	}
	apart(t, "pictures", want.Pictures)
	t.Logf("pictures: least cosine %.6f", worst)
}

// apart makes sure that a cosine says something: other inputs give other vectors.
func apart(t *testing.T, what string, rows [][]float64) {
	t.Helper()
	for i, a := range rows {
		for j, b := range rows[:i] {
			v := make([]float32, len(a))
			for k := range a {
				v[k] = float32(a[k])
			}
			if c := cosine(v, b); c > 0.9985 {
				t.Errorf("%s %d and %d are the same to the model (cosine %.4f): the test would pass with either", what, i, j, c)
			}
		}
	}
}

func TestPlans(t *testing.T) {
	for _, c := range []struct {
		name, licence, view, resize string
		length                      int
		padding                     *encode.PaddingSpec
		inputs                      encode.TextInputs
		fold                        bool
		mean, std                   float32
	}{
		{"clip", "mit", "zoom-32", "bicubic-antialias", 24, nil, encode.TextInputs{IDs: "input_ids", Mask: "attention_mask"}, false, 122.7709, 68.5005},
		{"mobileclip", "", "zoom-40", "bilinear-antialias", 24, &encode.PaddingSpec{ID: 1}, encode.TextInputs{IDs: "input_ids"}, false, 0, 255},
		{"siglip", "", "squash", "bicubic-antialias", 16, &encode.PaddingSpec{ID: 1, Attend: true}, encode.TextInputs{IDs: "input_ids"}, false, 127.5, 127.5},
		{"siglip2", "", "squash", "bilinear-antialias", 16, &encode.PaddingSpec{ID: 0, Attend: true}, encode.TextInputs{IDs: "input_ids"}, true, 127.5, 127.5},
		{"openclip", "", "zoom-32", "bicubic-antialias", 24, &encode.PaddingSpec{ID: 0}, encode.TextInputs{IDs: "text", Int32: true}, false, 122.7709, 68.5005},
		{"both", "", "zoom-32", "bicubic-antialias", 24, nil, encode.TextInputs{IDs: "input_ids", Mask: "attention_mask"}, false, 122.7709, 68.5005},
		{"jina", "", "zoom-32", "bicubic-antialias", 64, nil, encode.TextInputs{IDs: "input_ids", Mask: "attention_mask", Positions: "position_ids", Types: "token_type_ids"}, false, 122.7709, 68.5005},
	} {
		licence := "x"
		if c.licence != "" {
			licence = "" // README.md has it
		}
		p, err := NewPlan("testdata/"+c.name, Options{License: licence})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		m := p.Manifest
		if c.licence != "" && m.License != c.licence {
			t.Errorf("%s: licence %q", c.name, m.License)
		}
		if m.Name != c.name || !slices.Equal(m.Image.Views, []string{c.view}) || m.Image.Resize != c.resize || m.Text.MaxLength != c.length || m.Text.Inputs != c.inputs || m.Text.Fold != c.fold {
			t.Errorf("%s: %+v, %+v", c.name, m.Image, m.Text)
		}
		if (m.Text.Padding == nil) != (c.padding == nil) || c.padding != nil && *m.Text.Padding != *c.padding {
			t.Errorf("%s: padding %+v, want %+v", c.name, m.Text.Padding, c.padding)
		}
		if math.Abs(float64(m.Image.Mean[0]-c.mean)) > 1e-3 || math.Abs(float64(m.Image.Std[0]-c.std)) > 1e-3 {
			t.Errorf("%s: mean %v, std %v", c.name, m.Image.Mean, m.Image.Std)
		}
	}
}

// Newer exporters leave out of config.json what is as usual, and write
// processor_config.json.
func TestSparseConfiguration(t *testing.T) {
	for model, length := range map[string]int{"siglip2": 64, "both": 77} {
		dir := filepath.Join(t.TempDir(), model)
		check(t, os.CopyFS(dir, os.DirFS("testdata/"+model)))
		kind := map[string]string{"siglip2": "siglip", "both": "clip"}[model]
		write(t, dir, "config.json", `{"model_type": "`+kind+`", "text_config": {"model_type": "`+kind+`_text_model"}, "vision_config": {}}`)
		replace(t, dir+"/tokenizer_config.json", `"model_max_length": `, `"was": `)
		text, err := os.ReadFile(dir + "/preprocessor_config.json")
		check(t, err)
		write(t, dir, "processor_config.json", `{"processor_class": "X", "image_processor": `+string(text)+`}`)
		before, err := NewPlan(dir, Options{License: "x"})
		check(t, err)
		check(t, os.Remove(dir+"/preprocessor_config.json"))
		p, err := NewPlan(dir, Options{License: "x"})
		check(t, err)
		if a, b := fmt.Sprint(before.Manifest.Image), fmt.Sprint(p.Manifest.Image); a != b || p.Manifest.Image.Mean[0] == 0 {
			t.Errorf("%s: %s, with processor_config.json %s", model, a, b)
		}
		if p.Manifest.Text.MaxLength != length {
			t.Errorf("%s: texts of %d tokens, want %d", model, p.Manifest.Text.MaxLength, length)
		}
	}
}

func TestViewsAndName(t *testing.T) {
	p, err := NewPlan("testdata/clip", Options{Name: "mine", Views: []string{"squash", "zoom-32"}})
	if err != nil || p.Manifest.Name != "mine" || !slices.Equal(p.Manifest.Image.Views, []string{"squash", "zoom-32"}) {
		t.Errorf("%v, %+v", err, p)
	}
}

func TestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, model string
		change      func(t *testing.T, dir string)
		options     Options
		is          error
		says        []string
	}{
		{"no folder", "clip", func(t *testing.T, dir string) { check(t, os.RemoveAll(dir)) }, Options{}, ErrFolder, []string{"does not exist", "downloaded"}},
		{"a pack", "clip", func(t *testing.T, dir string) { write(t, dir, "manifest.json", "{}") }, Options{}, ErrFolder, []string{"already"}},
		{"no licence", "siglip", nil, Options{}, ErrLicense, []string{"--license"}},
		{"licence other", "clip", func(t *testing.T, dir string) { write(t, dir, "README.md", "---\nlicense: other\n---\n") }, Options{}, ErrLicense, []string{"--license"}},
		{"unknown variant", "clip", nil, Options{Variant: "int3"}, ErrUnsupported, []string{"int3", "quantized"}},
		{"missing variant", "clip", nil, Options{Variant: "quantized"}, ErrFolder, []string{"vision_model_quantized.onnx"}},
		{"no text model", "clip", func(t *testing.T, dir string) { check(t, os.Remove(dir+"/onnx/text_model.onnx")) }, Options{}, ErrFolder, []string{"vision_model.onnx", "text_model.onnx", "download"}},
		{"no vision model", "clip", func(t *testing.T, dir string) { check(t, os.Remove(dir+"/onnx/vision_model.onnx")) }, Options{}, ErrFolder, []string{"vision_model.onnx", "download"}},
		{"PyTorch only", "clip", func(t *testing.T, dir string) {
			check(t, os.RemoveAll(dir+"/onnx"))
			write(t, dir, "model.safetensors", "x")
		}, Options{}, ErrFolder, []string{"model.safetensors", "export"}},
		{"truncated model", "clip", func(t *testing.T, dir string) { cutOff(t, dir+"/onnx/vision_model.onnx") }, Options{}, ErrFolder, []string{"onnx/vision_model.onnx", "not a complete ONNX file", "download"}},
		{"pointer to a large file", "clip", func(t *testing.T, dir string) {
			write(t, dir, "onnx/text_model.onnx", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
		}, Options{}, ErrFolder, []string{"onnx/text_model.onnx", "pointer"}},
		{"weights missing", "openclip", func(t *testing.T, dir string) { check(t, os.Remove(dir+"/textual/model.onnx.data")) }, Options{License: "x"}, ErrFolder, []string{"textual/model.onnx.data", "missing"}},
		{"no pooling", "pooled", func(t *testing.T, dir string) { check(t, os.RemoveAll(dir+"/1_Pooling")) }, Options{License: "x"}, ErrUnsupported, []string{"text_model.onnx", "last_hidden_state"}},
		{"other spaces", "pooled", func(t *testing.T, dir string) {
			check(t, os.Rename(dir+"/vision_model.onnx", dir+"/was.onnx"))
			check(t, os.Remove(dir+"/text_model.onnx"))
			siglip, err := os.ReadFile("testdata/siglip/onnx/text_model.onnx")
			check(t, err)
			write(t, dir, "text_model.onnx", string(siglip))
			check(t, os.Rename(dir+"/was.onnx", dir+"/vision_model.onnx"))
		}, Options{License: "x"}, ErrUnsupported, []string{"24", "32", "one space"}},
		{"other outputs", "both", func(t *testing.T, dir string) { replace(t, dir+"/onnx/model.onnx", "image_embeds", "image_thingy") }, Options{License: "x"}, ErrUnsupported, []string{"image_embeds", "image_thingy"}},
		{"other inputs", "clip", func(t *testing.T, dir string) {
			replace(t, dir+"/onnx/text_model.onnx", "attention_mask", "attention_what")
		}, Options{}, ErrUnsupported, []string{"attention_what", "attention_mask"}},
		{"towers swapped", "clip", func(t *testing.T, dir string) {
			check(t, os.Rename(dir+"/onnx/text_model.onnx", dir+"/onnx/t"))
			check(t, os.Rename(dir+"/onnx/vision_model.onnx", dir+"/onnx/text_model.onnx"))
			check(t, os.Rename(dir+"/onnx/t", dir+"/onnx/vision_model.onnx"))
		}, Options{}, ErrUnsupported, []string{"input_ids", "float32 input"}},
		{"no tokenizer", "clip", func(t *testing.T, dir string) { check(t, os.Remove(dir+"/tokenizer.json")) }, Options{}, ErrFolder, []string{"tokenizer.json", "download"}},
		{"sentencepiece only", "siglip", func(t *testing.T, dir string) {
			check(t, os.Rename(dir+"/tokenizer.json", dir+"/spiece.model"))
		}, Options{License: "x"}, ErrFolder, []string{"spiece.model", "save_pretrained"}},
		{"unknown tokenizer", "clip", func(t *testing.T, dir string) {
			write(t, dir, "tokenizer.json", `{"model": {"type": "WordLevel", "vocab": {"a": 1}}}`)
		}, Options{}, ErrUnsupported, []string{"tokenizer.json", "WordLevel"}},
		{"broken tokenizer", "clip", func(t *testing.T, dir string) { cutOff(t, dir+"/tokenizer.json") }, Options{}, ErrFolder, []string{"tokenizer.json", "download"}},
		{"no preprocessor", "clip", func(t *testing.T, dir string) { check(t, os.Remove(dir+"/preprocessor_config.json")) }, Options{}, ErrFolder, []string{"preprocessor_config.json", "download"}},
		{"nearest", "clip", func(t *testing.T, dir string) {
			replace(t, dir+"/preprocessor_config.json", `"resample": 3`, `"resample": 0`)
		}, Options{}, ErrUnsupported, []string{"preprocessor_config.json", "resample is 0"}},
		{"another size", "siglip", func(t *testing.T, dir string) {
			write(t, dir, "preprocessor_config.json", `{"size": {"longest_edge": 32}}`)
		}, Options{License: "x"}, ErrUnsupported, []string{"longest_edge"}},
		{"size against model", "mobileclip", func(t *testing.T, dir string) {
			replace(t, dir+"/preprocessor_config.json", `"width": 32`, `"width": 31`)
		}, Options{License: "x"}, ErrUnsupported, []string{"crop_size"}},
		{"no mean", "clip", func(t *testing.T, dir string) {
			replace(t, dir+"/preprocessor_config.json", `"image_mean"`, `"image_moan"`)
		}, Options{}, ErrFolder, []string{"image_mean"}},
		{"broken config", "clip", func(t *testing.T, dir string) { cutOff(t, dir+"/config.json") }, Options{}, ErrFolder, []string{"config.json"}},
		{"no length", "both", func(t *testing.T, dir string) {
			check(t, os.Remove(dir+"/tokenizer_config.json"))
			check(t, os.Remove(dir+"/config.json"))
		}, Options{License: "x"}, ErrFolder, []string{"how long", "tokenizer_config.json"}},
		{"no padding token", "siglip", func(t *testing.T, dir string) {
			check(t, os.Remove(dir+"/tokenizer_config.json"))
			check(t, os.Remove(dir+"/special_tokens_map.json"))
			replace(t, dir+"/config.json", `"pad_token_id"`, `"pod_token_id"`)
		}, Options{License: "x"}, ErrFolder, []string{"pad_token"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), c.model)
			check(t, os.CopyFS(dir, os.DirFS("testdata/"+c.model)))
			if c.change != nil {
				c.change(t, dir)
			}
			p, err := NewPlan(dir, c.options)
			if err == nil {
				err = p.write(t.Context(), t.TempDir())
			}
			if err == nil || !errors.Is(err, c.is) {
				t.Fatalf("error %v, want one that is %q", err, c.is)
			}
			for _, s := range c.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("%q does not say %q", err, s)
				}
			}
		})
	}
}

// A model that passes for one and doesn't run leaves no pack behind.
func TestNothingIsLeft(t *testing.T) {
	run := runOptions(t)
	dir := filepath.Join(t.TempDir(), "clip")
	check(t, os.CopyFS(dir, os.DirFS("testdata/clip")))
	// An operator that no library has.
	replace(t, dir+"/onnx/text_model.onnx", "Softmax", "Hardmux")
	parent := t.TempDir()
	if _, err := Import(t.Context(), dir, filepath.Join(parent, "new", "pack"), Options{}, run, nil); !errors.Is(err, encode.ErrModel) {
		t.Errorf("error %v", err)
	}
	if left, _ := filepath.Glob(parent + "/new/*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	full := t.TempDir()
	write(t, full, "mine", "x")
	if _, err := Import(t.Context(), "testdata/clip", full, Options{}, run, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into a full folder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := Import(ctx, "testdata/clip", filepath.Join(parent, "pack"), Options{}, run, func(done, _ int) {
		if done == 3 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(filepath.Join(parent, "pack")); !os.IsNotExist(err) {
		t.Errorf("a cancelled import left %v", err)
	}
	// An empty folder may be named.
	empty := t.TempDir()
	if _, err := Import(t.Context(), "testdata/clip", empty, Options{}, run, nil); err != nil {
		t.Error(err)
	}
}

func TestBackground(t *testing.T) {
	run := runOptions(t)
	photos := func(n int) func(context.Context, func(*frame.Frame) error) error {
		return func(_ context.Context, do func(*frame.Frame) error) error {
			for i := range n {
				if err := do(picture(t, fmt.Sprintf("testdata/picture%d.png", i%5))); err != nil {
					return err
				}
			}
			return nil
		}
	}
	out := filepath.Join(t.TempDir(), "pack")
	if _, err := Import(t.Context(), "testdata/clip", out, Options{Background: photos(MinBackground - 1)}, run, nil); !errors.Is(err, ErrFolder) || !strings.Contains(err.Error(), "49 background photos") {
		t.Errorf("too few: %v", err)
	}
	p, err := Import(t.Context(), "testdata/clip", out, Options{Background: photos(MinBackground + 3)}, run, nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := encode.OpenPack(out)
	if err != nil {
		t.Fatal(err)
	}
	if rows, dims, _ := pack.Background(); rows != MinBackground+3 || dims != p.Manifest.Dims {
		t.Errorf("%d rows of %d", rows, dims)
	}
	if m := pack.Manifest(); m.Calibration["confident"] <= m.Calibration["possible"] || m.Calibration["possible"] <= 0 {
		t.Errorf("thresholds %v", m.Calibration)
	}
}

func TestSentences(t *testing.T) {
	list := Sentences()
	if len(list) < 300 {
		t.Errorf("%d sentences", len(list))
	}
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s] || !strings.HasSuffix(s, ".") || strings.TrimSpace(s) != s {
			t.Errorf("%q", s)
		}
		seen[s] = true
	}
}

// Words are those of the tokenizers' own test data: they must be the same files.
func TestTokenizersAreReal(t *testing.T) {
	for _, name := range models {
		f := folder{"testdata/" + name}
		text, err := f.read(f.first("tokenizer.json", "textual/tokenizer.json"))
		check(t, err)
		if _, err := tokenizer.Parse(text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzConfig(f *testing.F) {
	for _, name := range models {
		for _, file := range []string{"preprocessor_config.json", "config.json", "tokenizer_config.json"} {
			if text, err := os.ReadFile("testdata/" + name + "/" + file); err == nil {
				f.Add(text)
			}
		}
	}
	f.Add([]byte(`{"size": [3, 4], "crop_size": 7, "do_rescale": false}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p pictureConfig
		if json.Unmarshal(text, &p) == nil {
			s := encode.ImageSpec{Input: "x", Outputs: encode.Outputs{Embedding: "y"}}
			_ = p.fill(&s, 224)
		}
		var c config
		_ = json.Unmarshal(text, &c)
	})
}

func picture(t *testing.T, name string) *frame.Frame {
	t.Helper()
	file, err := os.Open(name)
	check(t, err)
	defer file.Close()
	img, err := png.Decode(file)
	check(t, err)
	b := img.Bounds()
	f := &frame.Frame{Width: b.Dx(), Height: b.Dy()}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			f.Pix = append(f.Pix, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return f
}

func cosine(a []float32, b []float64) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var ab, aa, bb float64
	for i, x := range a {
		ab += float64(x) * b[i]
		aa += float64(x) * float64(x)
		bb += b[i] * b[i]
	}
	return ab / math.Sqrt(aa*bb)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	check(t, json.Unmarshal(text, into))
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
}

func cutOff(t *testing.T, name string) {
	t.Helper()
	info, err := os.Stat(name)
	check(t, err)
	check(t, os.Truncate(name, info.Size()*2/3))
}

func replace(t *testing.T, name, old, by string) {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %q", name, old)
	}
	check(t, os.WriteFile(name, []byte(strings.ReplaceAll(string(text), old, by)), 0o644))
}
