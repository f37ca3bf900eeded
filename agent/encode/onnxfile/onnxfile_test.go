package onnxfile

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

const samples = "../packimport/testdata/"

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name            string
		inputs, outputs []Value
		external        []string
	}{
		{"siglip/onnx/text_model.onnx", []Value{{"input_ids", Int64, []int64{-1, -1}}}, []Value{{"last_hidden_state", Float32, []int64{-1, -1, 32}}, {"pooler_output", Float32, []int64{-1, 32}}}, nil},
		{"openclip/textual/model.onnx", []Value{{"text", Int32, []int64{1, 24}}}, []Value{{"embedding", Float32, []int64{1, 24}}}, []string{"model.onnx.data"}},
		{"clip/onnx/vision_model.onnx", []Value{{"pixel_values", Float32, []int64{-1, -1, -1, -1}}}, []Value{{"image_embeds", Float32, []int64{-1, 24}}}, nil},
	} {
		m, err := Read(samples + c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		equal := func(a, b Value) bool { return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Shape, b.Shape) }
		if !slices.EqualFunc(m.Inputs, c.inputs, equal) || !slices.EqualFunc(m.Outputs, c.outputs, equal) || !slices.Equal(m.External, c.external) {
			t.Errorf("%s: inputs %v, outputs %v, external %v", c.name, m.Inputs, m.Outputs, m.External)
		}
	}
}

// Package packimport runs the parts; here they must only be smaller and whole.
func TestExtract(t *testing.T) {
	m := read(t, "both/onnx/model.onnx")
	for output, wants := range map[string][]string{
		"image_embeds": {"pixel_values"}, "text_embeds": {"input_ids", "attention_mask"}, "logits_per_image": {"input_ids", "pixel_values", "attention_mask"},
	} {
		data, inputs, err := m.Extract(output)
		if err != nil {
			t.Fatal(err)
		}
		part, err := Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if len(part.Outputs) != 1 || part.Outputs[0].Name != output || len(part.Inputs) != len(inputs) || !slices.Equal(inputs, wants) {
			t.Errorf("%s: inputs %v, outputs %v", output, part.Inputs, part.Outputs)
		}
		if n, all := len(part.graph.nodes), len(m.graph.nodes); n == 0 || n > all || output != "logits_per_image" && n == all {
			t.Errorf("%s: %d of %d nodes", output, n, all)
		}
		// What a part needs is all it needs.
		again, _, err := part.Extract(output)
		if err != nil || !slices.Equal(again, data) {
			t.Errorf("%s: a part of the part differs: %v", output, err)
		}
	}
	if _, _, err := m.Extract("nothing"); err == nil {
		t.Error("an output that isn't there was extracted")
	}
}

// A file that was cut off anywhere is damaged, or has lost whole parts of its
// end; it never passes for the same model.
func TestCutOff(t *testing.T) {
	data, err := os.ReadFile(samples + "siglip/onnx/text_model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(data)-64; n += 997 {
		if _, err := Parse(data[:n]); !errors.Is(err, ErrDamaged) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestRefuses(t *testing.T) {
	for name, data := range map[string][]byte{
		"nothing":           nil,
		"text":              []byte("version https://git-lfs.github.com/spec/v1\n"),
		"a length too long": {7<<3 | wireBytes, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"an endless number": {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80},
		"a group":           {7<<3 | 3},
		"no nodes":          appendMessage(nil, 7, appendMessage(nil, 12, appendMessage(nil, 1, []byte("y")))),
		"number as a graph": {7 << 3, 1},
	} {
		if _, err := Parse(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.onnx")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	deep := appendMessage(nil, 2, []byte("y"))
	for range 2 * maxDepth {
		deep = appendMessage(nil, 5, appendMessage(nil, 6, appendMessage(nil, 1, deep)))
	}
	if _, err := Parse(appendMessage(nil, 7, appendMessage(appendMessage(nil, 1, deep), 12, appendMessage(nil, 1, []byte("y"))))); !errors.Is(err, ErrDamaged) {
		t.Errorf("graphs within graphs: %v", err)
	}
}

// What a graph inside a node reads from around it is kept.
func TestSubgraph(t *testing.T) {
	node := func(in, out string, body ...[]byte) []byte {
		n := appendMessage(appendMessage(nil, 1, []byte(in)), 2, []byte(out))
		for _, b := range body {
			n = appendMessage(n, 5, appendMessage(nil, 6, b))
		}
		return n
	}
	value := func(name string) []byte { return appendMessage(nil, 1, []byte(name)) }
	body := appendMessage(appendMessage(nil, 1, node("outer", "inner")), 12, value("inner"))
	var g []byte
	for _, n := range [][]byte{node("x", "outer"), node("x", "other"), node("flag", "y", body)} {
		g = appendMessage(g, 1, n)
	}
	for _, in := range []string{"x", "flag"} {
		g = appendMessage(g, 11, value(in))
	}
	g = appendMessage(g, 12, value("y"))
	m, err := Parse(appendMessage(nil, 7, g))
	if err != nil {
		t.Fatal(err)
	}
	data, inputs, err := m.Extract("y")
	if err != nil || !slices.Equal(inputs, []string{"x", "flag"}) {
		t.Fatalf("inputs %v, %v", inputs, err)
	}
	if part, err := Parse(data); err != nil || len(part.graph.nodes) != 2 {
		t.Errorf("%v, %+v", err, part)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(appendMessage([]byte{8, 8}, 7, appendMessage(appendMessage(nil, 1, appendMessage(nil, 2, []byte("y"))), 12, appendMessage(nil, 1, []byte("y")))))
	if data, _, err := read(f, "openclip/textual/model.onnx").Extract("embedding"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("error %v", err)
			}
			return
		}
		for _, o := range m.Outputs {
			if part, _, err := m.Extract(o.Name); err == nil {
				given := slices.ContainsFunc(m.graph.nodes, func(n node) bool { return slices.Contains(n.gives, o.Name) })
				if _, err := Parse(part); err != nil && given {
					t.Fatalf("the part for %q: %v", o.Name, err)
				}
			}
		}
	})
}

func read(t testing.TB, name string) *Model {
	t.Helper()
	m, err := Read(samples + name)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
