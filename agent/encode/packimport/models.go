package packimport

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/encode/onnxfile"
)

// Variants are the endings of file names that exporters use, the preferred one
// first: "" is full precision.
var Variants = []string{"", "quantized", "int8", "uint8", "fp16", "q4", "q4f16", "bnb4"}

// Where exporters put the models, without variant and ending.
var (
	visionNames = []string{"onnx/vision_model", "vision_model", "onnx/visual", "visual", "visual/model", "onnx/image_encoder", "image_encoder", "onnx/vision_encoder", "vision_encoder"}
	textNames   = []string{"onnx/text_model", "text_model", "onnx/textual", "textual", "textual/model", "onnx/text_encoder", "text_encoder"}
	bothNames   = []string{"onnx/model", "model"}
)

// What embeddings are called, the preferred name first. Of SigLIP, which has no
// projection, pooler_output is the embedding; of others it is something else.
var (
	imageOutputs = []string{"image_embeds", "l2norm_image_embeddings", "image_embeddings", "image_features", "image_embedding"}
	textOutputs  = []string{"text_embeds", "l2norm_text_embeddings", "text_embeddings", "text_features", "text_embedding"}
	pooled       = "pooler_output"
)

// source is one model file, or a part of it.
type source struct {
	name   string // of the file, in the folder
	model  *onnxfile.Model
	output onnxfile.Value
	inputs []string // what the output needs
	data   []byte   // the part; nil: the whole file
	pool   string   // how the output's vectors of tokens become one; "": it is one
}

// models finds the two models.
func (f folder) models(c config, variant string) (vision, text source, err error) {
	v, t := f.onnx(visionNames, variant), f.onnx(textNames, variant)
	both := f.onnx(bothNames, variant)
	switch {
	case v != "" && t != "":
		if vision, err = f.whole(v, imageOutputs, c.siglip(), ""); err == nil {
			var pool string
			if pool, err = f.pooling(c); err == nil {
				text, err = f.whole(t, textOutputs, c.siglip(), pool)
			}
		}
		return vision, text, err
	case both != "":
		return f.split(both)
	case v != "":
		return vision, text, fmt.Errorf("%w: %s is there, but no model of texts beside it (looked for %s): download it too", ErrFolder, v, files(textNames, variant))
	case t != "":
		return vision, text, fmt.Errorf("%w: %s is there, but no model of pictures beside it (looked for %s): download it too", ErrFolder, t, files(visionNames, variant))
	}
	hint := "download the model's ONNX files, or export them in Python"
	if w := f.first("model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin", "open_clip_model.safetensors"); w != "" {
		hint = w + " is for PyTorch: export it to ONNX, or take a page that has ONNX files"
	}
	return vision, text, fmt.Errorf("%w: no models: looked for %s, or for %s: %s", ErrFolder, files(visionNames, variant), files(bothNames, variant), hint)
}

func files(names []string, variant string) string {
	return names[0] + ending(variant)
}

func ending(variant string) string {
	if variant == "" || variant == "full" {
		return ".onnx"
	}
	return "_" + variant + ".onnx"
}

// onnx is the first file of names in the variant asked for; "" is the most
// precise one there is, "full" the one without ending only.
func (f folder) onnx(names []string, variant string) string {
	variants := []string{variant}
	if variant == "" {
		variants = Variants
	}
	for _, v := range variants {
		for _, n := range names {
			if f.has(n + ending(v)) {
				return n + ending(v)
			}
		}
	}
	return ""
}

func (f folder) parse(name string) (*onnxfile.Model, error) {
	m, err := onnxfile.Read(f.path(name))
	if errors.Is(err, onnxfile.ErrDamaged) {
		return nil, fmt.Errorf("%w: %s: %w (a download that broke off, or a pointer to a large file): download it again", ErrFolder, name, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFolder, err)
	}
	return m, nil
}

// pooling is what the folder says of how tokens become a text's embedding, for
// models that leave it to others; "" if it says nothing.
func (f folder) pooling(c config) (string, error) {
	var p struct {
		First bool `json:"pooling_mode_cls_token"`
		Mean  bool `json:"pooling_mode_mean_tokens"`
		Last  bool `json:"pooling_mode_lasttoken"`
	}
	if err := f.json(f.first("1_Pooling/config.json"), &p); err != nil {
		return "", err
	}
	switch kind := c.OpenText.Pool; {
	case p.First, kind == "first", kind == "tok":
		return encode.PoolFirst, nil
	case p.Mean, kind == "avg", kind == "mean":
		return encode.PoolMean, nil
	// A text ends with its end token, which also has the highest number.
	case p.Last, kind == "last", kind == "argmax", kind == "eos":
		return encode.PoolLast, nil
	}
	return "", nil
}

// whole takes all of a file. With pool set, an output of one vector per token
// will do.
func (f folder) whole(name string, outputs []string, siglip bool, pool string) (source, error) {
	m, err := f.parse(name)
	if err != nil {
		return source{}, err
	}
	s := source{name: name, model: m.Interface()}
	for _, in := range m.Inputs {
		s.inputs = append(s.inputs, in.Name)
	}
	if siglip {
		outputs = append(slices.Clone(outputs), pooled)
	}
	for _, name := range outputs {
		if s.output, err = m.Output(name); err == nil {
			return s, f.checkOutput(s)
		}
	}
	// The one that has the shape of embeddings.
	var flat []onnxfile.Value
	for _, o := range m.Outputs {
		if len(o.Shape) == 2 && (o.Name != pooled || siglip) {
			flat = append(flat, o)
		}
	}
	if len(flat) == 1 {
		s.output = flat[0]
		return s, f.checkOutput(s)
	}
	if s.output, err = m.Output("last_hidden_state"); err == nil && pool != "" && len(s.output.Shape) == 3 {
		s.pool = pool
		return s, f.checkOutput(s)
	}
	what := ""
	if _, err := m.Output(pooled); err == nil {
		what = "; pooler_output comes before the projection into the space that pictures and texts share: export the model with its projection"
	}
	return source{}, fmt.Errorf("%w: %s: no output is known as an embedding (%s)%s; it has %s", ErrUnsupported, name, strings.Join(outputs, ", "), what, describe(m))
}

// split takes two parts of one file.
func (f folder) split(name string) (vision, text source, err error) {
	m, err := f.parse(name)
	if err != nil {
		return vision, text, err
	}
	part := func(outputs []string) (source, error) {
		for _, output := range outputs {
			o, err := m.Output(output)
			if err != nil {
				continue
			}
			s := source{name: name, model: m.Interface(), output: o}
			if s.data, s.inputs, err = m.Extract(o.Name); err != nil {
				return s, fmt.Errorf("%w: %s: %w", ErrFolder, name, err)
			}
			return s, f.checkOutput(s)
		}
		return source{}, fmt.Errorf("%w: %s: no output is called %s; it has %s", ErrUnsupported, name, strings.Join(outputs, ", "), describe(m))
	}
	if vision, err = part(imageOutputs); err == nil {
		text, err = part(textOutputs)
	}
	return vision, text, err
}

// checkOutput refuses outputs that are no embeddings.
func (f folder) checkOutput(s source) error {
	o := s.output
	if o.Type != onnxfile.Float32 {
		return fmt.Errorf("%w: %s: output %v: only float32 is read: take another variant of the file", ErrUnsupported, s.name, o)
	}
	if o.Shape != nil && len(o.Shape) != 2 && s.pool == "" {
		return fmt.Errorf("%w: %s: output %v: one vector for each picture or text is needed", ErrUnsupported, s.name, o)
	}
	return nil
}

// dims is the length of an embedding, 0 if the file doesn't say.
func (s source) dims() int {
	if n := len(s.output.Shape); n > 0 && s.output.Shape[n-1] > 0 {
		return int(s.output.Shape[n-1])
	}
	return 0
}

// needs lists the inputs that the output needs.
func (s source) needs() []onnxfile.Value {
	var list []onnxfile.Value
	for _, in := range s.model.Inputs {
		if slices.Contains(s.inputs, in.Name) {
			list = append(list, in)
		}
	}
	return list
}

// external are the files with weights: as the model names them.
func (s source) external() ([]string, error) {
	for _, at := range s.model.External {
		if at != path.Base(at) || strings.ContainsAny(at, `\:`) || strings.HasPrefix(at, ".") {
			return nil, fmt.Errorf("%w: %s: its weights are in %q, outside its folder: save the model with its weights in one file", ErrUnsupported, s.name, at)
		}
	}
	return s.model.External, nil
}

func describe(m *onnxfile.Model) string {
	list := func(values []onnxfile.Value) string {
		var parts []string
		for _, v := range values {
			parts = append(parts, v.String())
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprintf("inputs %s and outputs %s", list(m.Inputs), list(m.Outputs))
}
