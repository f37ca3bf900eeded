package packimport

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/encode/onnxfile"
	"github.com/gembahq/gemba/agent/frame"
)

// Options say what a folder can't.
type Options struct {
	Name    string   // of the pack; "": the folder's
	License string   // "": what README.md says, else ErrLicense
	Variant string   // one of Variants, or "full"; "": the most precise there is
	Views   []string // how frames are cut (see preprocess.View); nil: as the model's configuration says
	// Background hands pictures of everyday things to do, one after the other, at
	// least MinBackground; nil: the pack gets no background, and no answer is
	// called confident.
	Background func(ctx context.Context, do func(*frame.Frame) error) error
}

// Plan is how a folder becomes a pack. Making it reads the folder and writes
// nothing.
type Plan struct {
	Manifest encode.Manifest // without files, hub and background
	// Notes are what a person should know, one sentence each.
	Notes []string

	folder       folder
	vision, text source
	tokenizer    []byte
}

// NewPlan looks at the model in a folder. Errors wrap ErrFolder, ErrUnsupported
// or ErrLicense.
func NewPlan(dir string, o Options) (*Plan, error) {
	p, err := newPlan(folder{dir}, o)
	if err != nil {
		return nil, fmt.Errorf("import %s: %w", dir, err)
	}
	return p, nil
}

func newPlan(f folder, o Options) (*Plan, error) {
	if o.Variant != "" && o.Variant != "full" && !slices.Contains(Variants, o.Variant) {
		return nil, fmt.Errorf("%w: variant %q: known are full, %s", ErrUnsupported, o.Variant, strings.Join(Variants[1:], ", "))
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	p := &Plan{folder: f}
	m := &p.Manifest
	m.Format, m.Version = encode.ManifestFormat, "1"
	if m.Name = o.Name; m.Name == "" {
		if abs, err := filepath.Abs(f.dir); err == nil {
			m.Name = filepath.Base(abs)
		}
	}
	if m.License = o.License; m.License == "" {
		if m.License = f.license(); m.License == "" {
			return nil, fmt.Errorf("%w: README.md does not say under which terms the model may be used: look at the model's page and name them with --license", ErrLicense)
		}
	}
	c, err := f.config()
	if err != nil {
		return nil, err
	}
	if p.vision, p.text, err = f.models(c, o.Variant); err != nil {
		return nil, err
	}
	if err := p.dims(c); err != nil {
		return nil, err
	}
	if err := p.image(c, o.Views); err != nil {
		return nil, err
	}
	if err := p.words(c); err != nil {
		return nil, err
	}
	p.rest(c)
	if o.Background == nil {
		p.note("No answer will be called confident: the pack has no background photos to judge scores by (--background).")
	} else {
		m.Calibration = map[string]float64{"confident": confident, "possible": possible}
		p.note("The thresholds of confidence are the bundled pack's; they were not measured with this model.")
	}
	return p, nil
}

func (p *Plan) dims(c config) error {
	v, t := p.vision.dims(), p.text.dims()
	if v != 0 && t != 0 && v != t {
		return fmt.Errorf("%w: pictures give %d numbers (%s of %s), texts %d (%s of %s): they are not of one space; export both with their projection",
			ErrUnsupported, v, p.vision.output.Name, p.vision.name, t, p.text.output.Name, p.text.name)
	}
	if p.Manifest.Dims = max(v, t); p.Manifest.Dims == 0 {
		p.Manifest.Dims = c.dims()
	}
	if p.Manifest.Dims == 0 {
		return fmt.Errorf("%w: neither the models nor config.json (projection_dim) say how many numbers an embedding has: download config.json too", ErrFolder)
	}
	return nil
}

func (p *Plan) image(c config, views []string) error {
	var in *onnxfile.Value
	for _, i := range p.vision.needs() {
		if in == nil && i.Type == onnxfile.Float32 && len(i.Shape) == 4 {
			in = &i
			continue
		}
		return fmt.Errorf("%w: %s: input %v is not known: one float32 input [n 3 height width] is expected (models that take patches of pictures of any shape are not supported: take one of a fixed size)", ErrUnsupported, p.vision.name, i)
	}
	if in == nil {
		return fmt.Errorf("%w: %s takes no pictures; it has %s", ErrUnsupported, p.vision.name, describe(p.vision.model))
	}
	s := &p.Manifest.Image
	s.File, s.Input = "vision.onnx", in.Name
	s.Outputs = encode.Outputs{Embedding: p.vision.output.Name, Normalize: true}
	if in.Shape[1] != 3 && in.Shape[1] != -1 {
		return fmt.Errorf("%w: %s: input %v: 3 colours are expected", ErrUnsupported, p.vision.name, *in)
	}
	switch in.Shape[0] {
	case -1, 0:
	case 1:
		s.Batch = 1
	default:
		return fmt.Errorf("%w: %s: it takes exactly %d pictures at a time: export it for any number", ErrUnsupported, p.vision.name, in.Shape[0])
	}
	if h, w := in.Shape[2], in.Shape[3]; h > 0 && w > 0 {
		s.Height, s.Width = int(h), int(w)
	}
	pictures, from, err := p.folder.pictureConfig()
	if err != nil {
		return err
	}
	if err := pictures.fill(s, c.Vision.Size); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	if len(views) > 0 {
		s.Views = views
	} else if s.Views[0] != "squash" {
		p.note("Frames are cut as the model was trained: their middle square. What happens at the left and right edge of a wide picture is not seen; --views squash,%s looks at all of it.", s.Views[0])
	}
	return nil
}

func (p *Plan) words(c config) error {
	w, err := p.folder.words(c)
	if err != nil {
		return err
	}
	p.tokenizer = w.text
	s := &p.Manifest.Text
	s.File, s.Tokenizer = "text.onnx", "tokenizer.json"
	s.Outputs = encode.Outputs{Embedding: p.text.output.Name, Normalize: true}
	s.Pool = p.text.pool
	fixed := 0
	for _, in := range p.text.needs() {
		to := p.input(in)
		if to == nil || *to != "" {
			return fmt.Errorf("%w: %s: input %v is not known: expected are token numbers (input_ids), attention_mask, position_ids and token_type_ids", ErrUnsupported, p.text.name, in)
		}
		*to = in.Name
		narrow := in.Type == onnxfile.Int32
		if in.Type != onnxfile.Int64 && !narrow || in.Type != p.text.needs()[0].Type || in.Shape != nil && len(in.Shape) != 2 {
			return fmt.Errorf("%w: %s: input %v: int64 or int32 [b length], the same for all inputs, is expected", ErrUnsupported, p.text.name, in)
		}
		s.Inputs.Int32 = narrow
		if len(in.Shape) != 2 {
			continue
		}
		if in.Shape[0] > 1 {
			return fmt.Errorf("%w: %s: it takes exactly %d texts at a time: export it for any number", ErrUnsupported, p.text.name, in.Shape[0])
		}
		fixed = max(fixed, int(in.Shape[1]))
	}
	if s.Inputs.IDs == "" {
		return fmt.Errorf("%w: %s takes no texts; it has %s", ErrUnsupported, p.text.name, describe(p.text.model))
	}
	switch {
	case fixed > 0:
		s.MaxLength = fixed
	case w.length == 0:
		return fmt.Errorf("%w: nothing says how long a text may be (model_max_length of tokenizer_config.json): download tokenizer_config.json and config.json too", ErrFolder)
	default:
		s.MaxLength = min(w.length, maxLength)
	}
	// A model without a mask can't tell filling from text, so it was trained with
	// texts of full length, unless it was made for long ones.
	if fixed > 0 || c.siglip() || s.Inputs.Mask == "" && w.length <= maxLength {
		if w.pad < 0 {
			return fmt.Errorf("%w: texts have to be filled up to %d tokens, but no file says with which (pad_token of tokenizer_config.json): download it too", ErrFolder, s.MaxLength)
		}
		s.Padding = &encode.PaddingSpec{ID: w.pad, Attend: c.siglip()}
	}
	// SigLIP 2 was trained on lower-case texts; its tokenizer is Gemma's, which
	// keeps the case.
	s.Fold = c.siglip() && !w.lower && (c.ModelType == "siglip2" || strings.HasPrefix(w.class, "Gemma") || strings.HasPrefix(w.class, "Siglip2"))
	s.Lowercase = w.lower || s.Fold
	return nil
}

// input is the place in the manifest for an input of the text model, nil if it
// isn't known.
func (p *Plan) input(in onnxfile.Value) *string {
	to := &p.Manifest.Text.Inputs
	switch in.Name {
	case "input_ids", "text", "ids", "tokens", "text_input":
		return &to.IDs
	case "attention_mask", "mask":
		return &to.Mask
	case "position_ids":
		return &to.Positions
	case "token_type_ids":
		return &to.Types
	}
	if len(p.text.needs()) == 1 {
		return &to.IDs
	}
	return nil
}

// The weights of the first stage for packs that nobody has measured: half of
// what training measured for the bundled pack, as a wrong hub term costs more
// than a weak one.
const (
	hubBest       = 10
	alphaSentence = 0.4
	alphaWord     = 0.2
	beta          = 0.45
)

// How many standard deviations above the background an answer is confident or
// possible: as measured for the bundled pack.
const (
	confident = 3.6
	possible  = 3.0
)

// maxTokenDims keeps 8 tokens of a clip within 4 kB.
const maxTokenDims = 512

func (p *Plan) rest(c config) {
	m := &p.Manifest
	m.Tokens = encode.TokenSpec{Cells: [2]int{1, 1}, Dims: min(m.Dims, maxTokenDims), From: encode.FromEmbedding}
	m.Hub = encode.HubSpec{K: hubBest, AlphaSentence: alphaSentence, AlphaWord: alphaWord}
	m.Negation.Beta = beta
	kind := c.ModelType
	if kind == "" {
		kind = "model"
	}
	files := p.vision.name
	if p.text.name != files {
		files += " and " + p.text.name
	}
	m.Provenance = fmt.Sprintf("%s of a hub, %s, imported by gemba", kind, files)
	m.Quality, _ = json.Marshal(map[string]string{"measured": "no: run gemba eval captions and gemba eval footage with this pack"})
	if strings.Contains(p.vision.name, "fp16") || strings.Contains(p.text.name, "fp16") {
		p.note("Half precision is slow on a CPU: take the full or the quantized files there.")
	}
}

func (p *Plan) note(format string, args ...any) {
	p.Notes = append(p.Notes, fmt.Sprintf(format, args...))
}
