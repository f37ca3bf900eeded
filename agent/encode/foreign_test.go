package encode

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/internal/vector"
)

// The values are those of the formula, computed in Python.
func TestSketch(t *testing.T) {
	x := make([]float32, 12)
	for i := range x {
		x[i] = float32(i*37%11-5) / 7
	}
	if got := NewSketch(12, 5).Apply(nil, x); !near(got, []float64{0.958315, 1.469416, 0.702764, -0.83054, 1.08609}, 1e-5) {
		t.Errorf("sketch %v", got)
	}
	for _, to := range []int{12, 20} {
		if got := NewSketch(12, to).Apply([]float32{7}, x); got[0] != 7 || !slices.Equal(got[1:], x) {
			t.Errorf("to %d values: %v", to, got)
		}
	}
}

// Inner products are kept up to what so few values can hold.
func TestSketchKeepsInnerProducts(t *testing.T) {
	s := NewSketch(768, 512)
	rapid.Check(t, func(t *rapid.T) {
		random := splitMix(rapid.Uint64().Draw(t, "seed"))
		draw := func() []float32 {
			v := make([]float64, 768)
			for i := range v {
				v[i] = float64(random.next()>>11)/(1<<53) - 0.5
			}
			unit(v)
			return toFloat32(v)
		}
		a, b := draw(), draw()
		for i := range b {
			b[i] = 0.5*a[i] + 0.8*b[i]
		}
		want, got := vector.Dot(a, b), vector.Dot(s.Apply(nil, a), s.Apply(nil, b))
		if math.Abs(float64(want-got)) > 0.25 {
			t.Errorf("inner product %v became %v", want, got)
		}
	})
}

// foreign changes the tiny pack to what an imported one says.
func foreign(t *testing.T, change func(m map[string]any)) *Pack {
	t.Helper()
	dir := copyPack(t)
	edit(t, dir, func(m map[string]any) {
		delete(at(m, "image", "outputs"), "tokens")
		delete(at(m, "text", "outputs"), "tokens")
		m["tokens"] = map[string]any{"cells": []int{1, 1}, "dims": 6, "from": "embedding"}
		if change != nil {
			change(m)
		}
	})
	return openPack(t, dir)
}

func TestEmbeddingsAsTokens(t *testing.T) {
	p := foreign(t, nil)
	e := newEncoder(t, p)
	a, err := e.EncodeClips(context.Background(), [][]*frame.Frame{{plainFrame(9, 7, [3]float64{200, 10, 30}), plainFrame(9, 7, [3]float64{10, 220, 30})}})
	if err != nil {
		t.Fatal(err)
	}
	w := loadWeights(t)
	if a[0].TokenRows != 2 || a[0].TokenDims != 6 {
		t.Fatalf("%d rows of %d", a[0].TokenRows, a[0].TokenDims)
	}
	for i, rgb := range [][3]float64{{200, 10, 30}, {10, 220, 30}} {
		row := make([]float32, 6)
		for d := range row {
			row[d] = float32(a[0].Tokens[i*6+d]) * a[0].TokenScale
		}
		if !near(row, w.picture(rgb), 0.01) {
			t.Errorf("token %d is %v, want %v", i, row, w.picture(rgb))
		}
	}
	text, err := e.EncodeText(context.Background(), "a dog")
	if err != nil {
		t.Fatal(err)
	}
	if len(text.Tokens) != len(text.IDs) {
		t.Fatalf("%d tokens for %d ids", len(text.Tokens), len(text.IDs))
	}
	for _, token := range text.Tokens {
		if !slices.Equal(token, text.Vector) {
			t.Errorf("token %v, vector %v", token, text.Vector)
		}
	}
}

// A model whose embeddings aren't unit is fine if the manifest says so.
func TestNormalize(t *testing.T) {
	p := foreign(t, func(m map[string]any) { at(m, "image", "outputs")["normalize"] = true })
	put(t, p.dir, "vision.onnx", read(t, "testdata/models/not_unit.onnx"))
	e := newEncoder(t, openPack(t, p.dir))
	a, err := e.EncodeClips(context.Background(), [][]*frame.Frame{{plainFrame(9, 7, [3]float64{200, 10, 30})}})
	if err != nil {
		t.Fatal(err)
	}
	if n := norm(a[0].Vector); math.Abs(n-1) > 1e-4 {
		t.Errorf("length %v", n)
	}
}

// A model exported for one picture at a time gets one at a time.
func TestOnePictureAtATime(t *testing.T) {
	p := foreign(t, func(m map[string]any) { at(m, "image")["batch"] = 1 })
	put(t, p.dir, "vision.onnx", read(t, "testdata/models/one_picture.onnx"))
	one, many := newEncoder(t, openPack(t, p.dir)), newEncoder(t, foreign(t, nil))
	clips := [][]*frame.Frame{{plainFrame(9, 7, [3]float64{200, 10, 30}), plainFrame(9, 9, [3]float64{1, 2, 3})}, {plainFrame(5, 5, [3]float64{9, 9, 200})}}
	a, err := one.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	b, err := many.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		if d := vector.Dot(a[i].Vector, b[i].Vector); math.Abs(float64(d-vector.Dot(b[i].Vector, b[i].Vector))) > 1e-5 {
			t.Errorf("clip %d: %v, in batches %v", i, a[i].Vector, b[i].Vector)
		}
	}
}

// The tiny model takes the mean over the tokens that the mask has: padding under
// a mask changes nothing, padding that counts does.
func TestPadding(t *testing.T) {
	plain := encodeWith(t, nil)
	masked := encodeWith(t, func(m map[string]any) { at(m, "text")["padding"] = map[string]any{"id": 5, "attend": false} })
	counted := encodeWith(t, func(m map[string]any) { at(m, "text")["padding"] = map[string]any{"id": 5, "attend": true} })
	if d := vector.Dot(plain, masked); d < 0.9999 {
		t.Errorf("padding under the mask changed the vector: %v", d)
	}
	if d := vector.Dot(plain, counted); d > 0.999 {
		t.Errorf("padding that counts changed nothing: %v", d)
	}
}

func TestPool(t *testing.T) {
	rows := []float32{1, 2, 3, 4, 8, 9}
	for how, want := range map[string][]float32{PoolFirst: {1, 2}, PoolLast: {8, 9}, PoolMean: {4, 5}} {
		if got := pool(how, rows, 2); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", how, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	dir := copyPack(t)
	for _, fold := range []bool{false, true} {
		edit(t, dir, func(m map[string]any) { at(m, "text")["fold"] = fold })
		a, err := newEncoder(t, openPack(t, dir)).EncodeText(context.Background(), "DOG")
		if err != nil {
			t.Fatal(err)
		}
		if lower := a.Words[0] == "dog"; lower != fold {
			t.Errorf("fold %v: words %v", fold, a.Words)
		}
	}
}

func encodeWith(t *testing.T, change func(m map[string]any)) []float32 {
	t.Helper()
	a, err := newEncoder(t, foreign(t, change)).EncodeText(context.Background(), "a yellow dog")
	if err != nil {
		t.Fatal(err)
	}
	return a.Vector
}

func TestForeignManifests(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m map[string]any)
		says   string
	}{
		{"source", func(m map[string]any) { at(m, "tokens")["from"] = "pixels" }, `"pixels"`},
		{"cells", func(m map[string]any) { at(m, "tokens")["cells"] = []int{2, 2} }, "[1 1]"},
		{"dims", func(m map[string]any) { at(m, "tokens")["dims"] = 7 }, "more than the 6"},
		{"both", func(m map[string]any) { at(m, "image", "outputs")["tokens"] = "tokens" }, "can't both"},
		{"batch", func(m map[string]any) { at(m, "image")["batch"] = 3 }, "batch is 3"},
		{"pool", func(m map[string]any) { at(m, "text")["pool"] = "max" }, `"max"`},
		{"padding", func(m map[string]any) { at(m, "text")["padding"] = map[string]any{"id": -1} }, "padding.id"},
	} {
		dir := foreign(t, nil).dir
		edit(t, dir, c.change)
		if _, err := OpenPack(dir); !errors.Is(err, ErrPack) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	base := foreign(t, nil).Hash()
	for name, change := range map[string]func(m map[string]any){
		"normalize":      func(m map[string]any) { at(m, "image", "outputs")["normalize"] = true },
		"text normalize": func(m map[string]any) { at(m, "text", "outputs")["normalize"] = true },
		"pool":           func(m map[string]any) { at(m, "text")["pool"] = PoolMean },
		"fold":           func(m map[string]any) { at(m, "text")["fold"] = true },
		"positions":      func(m map[string]any) { at(m, "text", "inputs")["positions"] = "position_ids" },
		"padding":        func(m map[string]any) { at(m, "text")["padding"] = map[string]any{"id": 0} },
		"token source":   func(m map[string]any) { delete(m, "tokens") },
	} {
		if foreign(t, change).Hash() == base {
			t.Errorf("%s: the hash stayed the same", name)
		}
	}
}
