package encode

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gembahq/gemba/agent/encode/preprocess"
)

// ManifestFormat is the version of manifest.json that this program reads.
const ManifestFormat = 1

// Manifest is a pack's manifest.json. Unknown keys are errors, except inside
// calibration, quality and training, which recipes may extend.
type Manifest struct {
	Format     int    `json:"format"`     // ManifestFormat
	Name       string `json:"name"`       // of the pack, for people and metrics
	Version    string `json:"version"`    // of the pack
	License    string `json:"license"`    // terms of use; must be there
	Provenance string `json:"provenance"` // what it was made of
	Dims       int    `json:"dims"`       // of the shared space

	Image      ImageSpec      `json:"image"`
	Text       TextSpec       `json:"text"`
	Tokens     TokenSpec      `json:"tokens"`     // zero if the models give none
	Hub        HubSpec        `json:"hub"`        // File "" if there is none
	Background BackgroundSpec `json:"background"` // File "" if there is none
	Refine     *RefineSpec    `json:"refine,omitempty"`

	// Calibration holds thresholds and the figures they came from, by name.
	Calibration map[string]float64 `json:"calibration"`
	Negation    NegationSpec       `json:"negation"`

	Files    map[string]FileSpec `json:"files"`    // every file that is used, by name
	Quality  json.RawMessage     `json:"quality"`  // measured figures, for people
	Training json.RawMessage     `json:"training"` // how it was made, for people
}

// ImageSpec says how a frame becomes the vision model's input.
type ImageSpec struct {
	File   string     `json:"file"`
	Input  string     `json:"input"` // float32 [n, 3, Height, Width], RGB
	Width  int        `json:"width"`
	Height int        `json:"height"`
	Mean   [3]float32 `json:"mean"` // value = (byte - Mean) / Std
	Std    [3]float32 `json:"std"`
	Resize string     `json:"resize"` // see preprocess.ParseFilter
	Views  []string   `json:"views"`  // see preprocess.View; the first is the plain one
	// Batch is how many pictures the model takes at a time: 0 for any number, 1
	// if it was exported for one.
	Batch   int     `json:"batch,omitempty"`
	Outputs Outputs `json:"outputs"`
}

// TextSpec says how a text becomes the text model's input.
type TextSpec struct {
	File      string     `json:"file"`
	Inputs    TextInputs `json:"inputs"`
	Outputs   Outputs    `json:"outputs"`
	MaxLength int        `json:"max_length"` // in tokens, special ones included
	Tokenizer string     `json:"tokenizer"`  // file
	Lowercase bool       `json:"lowercase"`  // for people: tokenizer.json decides
	// Pool makes the embedding of a vector per token, for models that give those:
	// PoolFirst, PoolLast or PoolMean. "" if the model gives one per text.
	Pool string `json:"pool,omitempty"`
	// Fold says that texts are lower-cased before the tokenizer sees them.
	Fold bool `json:"fold,omitempty"`
	// Padding is there if every text is filled up to MaxLength tokens.
	Padding *PaddingSpec `json:"padding,omitempty"`
}

// Values of TextSpec.Pool. Padding never counts.
const (
	PoolFirst = "first" // the first token, BERT's [CLS]
	PoolLast  = "last"  // the last token, CLIP's end of text
	PoolMean  = "mean"  // all tokens
)

// PaddingSpec says what fills up a text.
type PaddingSpec struct {
	ID     int  `json:"id"`     // token
	Attend bool `json:"attend"` // the mask, if the model takes one, has 1 for it too
}

// TextInputs are the names of the text model's inputs, int64 [b, length]. All
// but IDs are "" if the model takes none.
type TextInputs struct {
	IDs       string `json:"ids"`
	Mask      string `json:"mask"`                // 1 for tokens, 0 for padding
	Positions string `json:"positions,omitempty"` // 0, 1, 2 …
	Types     string `json:"types,omitempty"`     // 0 for all
	Int32     bool   `json:"int32,omitempty"`     // they are int32
}

// names lists the inputs that there are, in the order of Encoder.textInputs.
func (t TextInputs) names() []string {
	return slices.DeleteFunc([]string{t.IDs, t.Mask, t.Positions, t.Types}, func(s string) bool { return s == "" })
}

// Outputs are the names of a model's outputs.
type Outputs struct {
	Embedding string `json:"embedding"` // float32
	Tokens    string `json:"tokens"`    // float32; "" if the model gives none
	// Normalize says that Embedding isn't of unit length and has to be made so.
	Normalize bool `json:"normalize,omitempty"`
}

// TokenSpec gives the shape of one frame's tokens: Cells[0]*Cells[1] rows of
// Dims values.
type TokenSpec struct {
	Cells [2]int `json:"cells"`
	Dims  int    `json:"dims"`
	// From is "" if the models give tokens. It is FromEmbedding if they only give
	// embeddings: then a frame's embedding, as sketched by Sketch, is its one
	// token, and a text's embedding is that of each of its words.
	From string `json:"from,omitempty"`
}

// FromEmbedding is a value of TokenSpec.From.
const FromEmbedding = "embedding"

// Rows is the number of token rows of one frame.
func (t TokenSpec) Rows() int { return t.Cells[0] * t.Cells[1] }

// HubSpec is the bank of background sentences and how strongly a clip's
// closeness to it counts against the clip.
type HubSpec struct {
	File          string  `json:"file"`           // .npy [rows, dims], unit rows
	K             int     `json:"k"`              // the term is the mean of the K highest dot products
	AlphaSentence float64 `json:"alpha_sentence"` // weight for sentences
	AlphaWord     float64 `json:"alpha_word"`     // weight for bare words
}

// BackgroundSpec names the embeddings of photos that show nothing in question.
type BackgroundSpec struct {
	File string `json:"file"` // .npy [rows, dims]
}

// NegationSpec holds the weights with which what is excluded counts against a clip.
type NegationSpec struct {
	Beta float64 `json:"beta"` // of the excluded thing, beside the rest of the question
	// BetaWorn is the weight of "a worker with a helmet" beside the whole sentence
	// "a worker without a helmet". It is for text towers that learned such sentences;
	// 0: they are taken apart like any other.
	BetaWorn float64 `json:"beta_worn,omitempty"`
}

// FileSpec identifies the content of a file.
type FileSpec struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
}

// ParseManifest reads and checks the text of a manifest. Errors wrap ErrPack
// and name the key at fault.
func ParseManifest(text []byte) (*Manifest, error) {
	bad := func(format string, args ...any) (*Manifest, error) {
		return nil, fmt.Errorf("%w: manifest.json: %s", ErrPack, fmt.Sprintf(format, args...))
	}
	// The version comes first: another one may mean anything else.
	var version struct {
		Format *int `json:"format"`
	}
	if err := json.Unmarshal(text, &version); err != nil {
		return bad("%v", describeJSON(err, text))
	}
	switch {
	case version.Format == nil:
		return bad("format is missing: this is no pack of gemba")
	case *version.Format > ManifestFormat:
		return bad("the pack has format %d, this program reads format %d: update gemba, or use an older pack", *version.Format, ManifestFormat)
	case *version.Format != ManifestFormat:
		return bad("the pack has format %d, this program reads format %d: make the pack anew with `gemba pack import`", *version.Format, ManifestFormat)
	}
	m := new(Manifest)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return bad("%v", describeJSON(err, text))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad("text after its end")
	}
	if err := m.check(); err != nil {
		return bad("%v", err)
	}
	return m, nil
}

// describeJSON adds the line to an error that knows its place.
func describeJSON(err error, text []byte) error {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) {
		at = syntax.Offset
	} else if errors.As(err, &kind) {
		at = kind.Offset
	}
	if at < 0 || at > int64(len(text)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+bytes.Count(text[:at], []byte{'\n'}), err)
}

const (
	maxDims     = 8192
	maxLength   = 4096
	maxCells    = 64
	maxViews    = 16
	maxFileSize = 4 << 30
)

func (m *Manifest) check() error {
	for key, text := range map[string]string{"name": m.Name, "version": m.Version} {
		if strings.TrimSpace(text) == "" || len(text) > 200 {
			return fmt.Errorf("%s is missing or too long", key)
		}
	}
	if strings.TrimSpace(m.License) == "" {
		return errors.New("license is missing: a pack without terms of use is not loaded; state them in the manifest")
	}
	if m.Dims < 1 || m.Dims > maxDims {
		return fmt.Errorf("dims is %d, want 1 to %d", m.Dims, maxDims)
	}
	if err := m.Image.check(); err != nil {
		return fmt.Errorf("image: %w", err)
	}
	if err := m.Text.check(); err != nil {
		return fmt.Errorf("text: %w", err)
	}
	if err := m.Hub.check(); err != nil {
		return fmt.Errorf("hub: %w", err)
	}
	if err := m.checkTokens(); err != nil {
		return fmt.Errorf("tokens: %w", err)
	}
	if !(m.Negation.Beta >= 0 && m.Negation.Beta <= 10) {
		return fmt.Errorf("negation.beta is %v, want 0 to 10", m.Negation.Beta)
	}
	if !(m.Negation.BetaWorn >= 0 && m.Negation.BetaWorn <= 10) {
		return fmt.Errorf("negation.beta_worn is %v, want 0 to 10", m.Negation.BetaWorn)
	}
	return m.checkFiles()
}

func (m *Manifest) checkTokens() error {
	if t := m.Tokens; t != (TokenSpec{}) {
		if t.Cells[0] < 1 || t.Cells[1] < 1 || t.Cells[0] > maxCells || t.Cells[1] > maxCells || t.Dims < 1 || t.Dims > maxDims {
			return fmt.Errorf("%v cells of %d dims", t.Cells, t.Dims)
		}
	}
	if m.Tokens.From != "" {
		return m.checkSketch()
	}
	if (m.Tokens == TokenSpec{}) != (m.Image.Outputs.Tokens == "") {
		return errors.New("the section and image.outputs.tokens must both be there, or neither")
	}
	if (m.Tokens == TokenSpec{}) && m.Text.Outputs.Tokens != "" {
		return errors.New("text.outputs.tokens is there, the section isn't")
	}
	return nil
}

// checkSketch checks tokens made of embeddings.
func (m *Manifest) checkSketch() error {
	switch {
	case m.Tokens.From != FromEmbedding:
		return fmt.Errorf("from is %q, known is %q", m.Tokens.From, FromEmbedding)
	case m.Tokens.Cells != [2]int{1, 1}:
		return fmt.Errorf("%v cells: an embedding is one token of a frame, [1 1]", m.Tokens.Cells)
	case m.Tokens.Dims > m.Dims:
		return fmt.Errorf("dims is %d, more than the %d of an embedding", m.Tokens.Dims, m.Dims)
	case m.Image.Outputs.Tokens != "" || m.Text.Outputs.Tokens != "":
		return errors.New("from and outputs.tokens can't both be there")
	}
	return nil
}

func (s ImageSpec) check() error {
	if s.Input == "" || s.Outputs.Embedding == "" {
		return errors.New("input and outputs.embedding must name the model's input and output")
	}
	if s.Batch != 0 && s.Batch != 1 {
		return fmt.Errorf("batch is %d, want 0 for any number or 1", s.Batch)
	}
	if len(s.Views) > maxViews {
		return fmt.Errorf("%d views, at most %d are possible", len(s.Views), maxViews)
	}
	_, err := s.preprocessor()
	return err
}

func (s ImageSpec) preprocessor() (*preprocess.Preprocessor, error) {
	filter, err := preprocess.ParseFilter(s.Resize)
	if err != nil {
		return nil, err
	}
	return preprocess.New(preprocess.Config{Width: s.Width, Height: s.Height, Mean: s.Mean, Std: s.Std, Filter: filter, Views: s.Views})
}

func (s TextSpec) check() error {
	if s.Inputs.IDs == "" || s.Outputs.Embedding == "" {
		return errors.New("inputs.ids and outputs.embedding must name the model's input and output")
	}
	if s.MaxLength < 3 || s.MaxLength > maxLength {
		return fmt.Errorf("max_length is %d, want 3 to %d", s.MaxLength, maxLength)
	}
	if !slices.Contains([]string{"", PoolFirst, PoolLast, PoolMean}, s.Pool) {
		return fmt.Errorf("pool is %q, known are %s, %s and %s", s.Pool, PoolFirst, PoolLast, PoolMean)
	}
	if p := s.Padding; p != nil && (p.ID < 0 || p.ID > math.MaxInt32) {
		return fmt.Errorf("padding.id is %d, want the number of a token", p.ID)
	}
	return nil
}

func (s HubSpec) check() error {
	if s.File == "" {
		if s != (HubSpec{}) {
			return errors.New("file is missing")
		}
		return nil
	}
	if s.K < 1 || s.K > 1000 {
		return fmt.Errorf("k is %d, want 1 to 1000", s.K)
	}
	for key, alpha := range map[string]float64{"alpha_sentence": s.AlphaSentence, "alpha_word": s.AlphaWord} {
		if !(alpha >= 0 && alpha <= 10) {
			return fmt.Errorf("%s is %v, want 0 to 10", key, alpha)
		}
	}
	return nil
}

// checkFiles looks at the list of files, not at the files.
func (m *Manifest) checkFiles() error {
	for name, f := range m.Files {
		switch {
		case name != filepath.Base(name) || !filepath.IsLocal(name) || strings.ContainsAny(name, `\:`) || strings.HasPrefix(name, "."):
			return fmt.Errorf("files: %q is not the name of a file inside the pack", name)
		case name == manifestName:
			return fmt.Errorf("files: %s can't list itself", manifestName)
		case f.Bytes < 0 || f.Bytes > maxFileSize:
			return fmt.Errorf("files: %s has %d bytes, at most %d are possible", name, f.Bytes, int64(maxFileSize))
		}
		if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 || f.SHA256 != strings.ToLower(f.SHA256) {
			return fmt.Errorf("files: sha256 of %s is not 64 lower-case hexadecimal digits", name)
		}
	}
	for _, use := range []struct{ key, name string }{
		{"image.file", m.Image.File}, {"text.file", m.Text.File}, {"text.tokenizer", m.Text.Tokenizer},
		{"hub.file", m.Hub.File}, {"background.file", m.Background.File},
	} {
		optional := strings.HasPrefix(use.key, "hub") || strings.HasPrefix(use.key, "background")
		if use.name == "" && optional {
			continue
		}
		if use.name == "" {
			return fmt.Errorf("%s is missing", use.key)
		}
		if _, ok := m.Files[use.name]; !ok {
			return fmt.Errorf("%s: files does not list %q", use.key, use.name)
		}
	}
	if err := m.checkRefine(); err != nil {
		return fmt.Errorf("refine: %w", err)
	}
	for name, v := range m.Calibration {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("calibration: %s is %v", name, v)
		}
	}
	return nil
}
