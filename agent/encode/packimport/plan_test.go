package packimport

import (
	"errors"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/encode/onnxfile"
)

// part is a model of one output.
func part(output onnxfile.Value, inputs ...onnxfile.Value) source {
	s := source{name: "m.onnx", model: &onnxfile.Model{Inputs: inputs, Outputs: []onnxfile.Value{output}}, output: output}
	for _, in := range inputs {
		s.inputs = append(s.inputs, in.Name)
	}
	return s
}

var embedding = onnxfile.Value{Name: "image_embeds", Type: onnxfile.Float32, Shape: []int64{-1, 24}}

func TestPictureInterfaces(t *testing.T) {
	pixels := func(t onnxfile.Type, shape ...int64) onnxfile.Value {
		return onnxfile.Value{Name: "pixel_values", Type: t, Shape: shape}
	}
	for _, c := range []struct {
		name   string
		inputs []onnxfile.Value
		says   string // "": fine
		batch  int
	}{
		{"any number", []onnxfile.Value{pixels(onnxfile.Float32, -1, 3, 32, 32)}, "", 0},
		{"one", []onnxfile.Value{pixels(onnxfile.Float32, 1, 3, 32, 32)}, "", 1},
		{"four", []onnxfile.Value{pixels(onnxfile.Float32, 4, 3, 32, 32)}, "exactly 4 pictures", 0},
		{"half precision", []onnxfile.Value{pixels(onnxfile.Float16, -1, 3, 32, 32)}, "float16", 0},
		{"patches", []onnxfile.Value{pixels(onnxfile.Float32, -1, -1, 768), {Name: "spatial_shapes", Type: onnxfile.Int64, Shape: []int64{-1, 2}}}, "patches", 0},
		{"grey", []onnxfile.Value{pixels(onnxfile.Float32, -1, 1, 32, 32)}, "3 colours", 0},
		{"another size", []onnxfile.Value{pixels(onnxfile.Float32, -1, 3, 48, 48)}, "48 x 48", 0},
		{"nothing", nil, "takes no pictures", 0},
	} {
		p := &Plan{folder: folder{"testdata/clip"}, vision: part(embedding, c.inputs...)}
		err := p.image(config{}, nil)
		if c.says == "" && (err != nil || p.Manifest.Image.Batch != c.batch) {
			t.Errorf("%s: %v, batch %d", c.name, err, p.Manifest.Image.Batch)
		}
		if c.says != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v does not say %q", c.name, err, c.says)
		}
	}
}

func TestTextInterfaces(t *testing.T) {
	in := func(name string, t onnxfile.Type, shape ...int64) onnxfile.Value {
		return onnxfile.Value{Name: name, Type: t, Shape: shape}
	}
	for _, c := range []struct {
		name   string
		inputs []onnxfile.Value
		says   string // "": fine
		length int
		padded bool
	}{
		{"with mask", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, -1), in("attention_mask", onnxfile.Int64, -1, -1)}, "", 24, false},
		{"without mask", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, -1)}, "", 24, true},
		{"of one length", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, 11), in("attention_mask", onnxfile.Int64, -1, 11)}, "", 11, true},
		{"by another name", []onnxfile.Value{in("words", onnxfile.Int32, 1, 7)}, "", 7, true},
		{"three texts", []onnxfile.Value{in("input_ids", onnxfile.Int64, 3, 11)}, "exactly 3 texts", 0, false},
		{"mixed types", []onnxfile.Value{in("input_ids", onnxfile.Int32, -1, -1), in("attention_mask", onnxfile.Int64, -1, -1)}, "the same for all", 0, false},
		{"mixed the other way", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, -1), in("attention_mask", onnxfile.Int32, -1, -1)}, "the same for all", 0, false},
		{"float tokens", []onnxfile.Value{in("input_ids", onnxfile.Float32, -1, -1)}, "int64 or int32", 0, false},
		{"twice the same", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, -1), in("text", onnxfile.Int64, -1, -1)}, "text", 0, false},
		{"pictures too", []onnxfile.Value{in("input_ids", onnxfile.Int64, -1, -1), in("pixel_values", onnxfile.Float32, -1, 3, 32, 32)}, "pixel_values", 0, false},
		{"nothing", nil, "takes no texts", 0, false},
	} {
		p := &Plan{folder: folder{"testdata/clip"}, text: part(embedding, c.inputs...)}
		err := p.words(config{})
		if s := p.Manifest.Text; c.says == "" && (err != nil || s.MaxLength != c.length || (s.Padding != nil) != c.padded) {
			t.Errorf("%s: %v, length %d, padding %v", c.name, err, s.MaxLength, s.Padding)
		}
		if c.says != "" && (!errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v does not say %q", c.name, err, c.says)
		}
	}
}

func TestOutputs(t *testing.T) {
	for says, o := range map[string]onnxfile.Value{
		"float16":    {Name: "image_embeds", Type: onnxfile.Float16, Shape: []int64{-1, 24}},
		"one vector": {Name: "image_embeds", Type: onnxfile.Float32, Shape: []int64{-1, 50, 24}},
	} {
		if err := (folder{}).checkOutput(part(o)); !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", o, err)
		}
	}
}

func TestWeightsElsewhere(t *testing.T) {
	for _, at := range []string{"../secret", "/etc/passwd", "a/b", `a\b`, "..", ".x"} {
		s := part(embedding)
		s.model.External = []string{at}
		if _, err := s.external(); !errors.Is(err, ErrUnsupported) {
			t.Errorf("weights in %q: %v", at, err)
		}
	}
}
