package encode

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Hash identifies what a pack's vectors mean: two packs with one hash give the
// same vectors, visual tokens and hub terms, so what they indexed may be
// searched together.
//
// It is the SHA-256 of lines of UTF-8, each ended by a line feed, strings
// quoted as Go quotes them:
//
//	gemba pack 1
//	dims 384
//	image "vision.onnx" "pixels" 224 224 "bilinear-antialias" "embedding" "tokens"
//	mean 127 127 127
//	std 128 128 128
//	view "squash"                                     one line per view, in order
//	text "text.onnx" "input_ids" "attention_mask" "embedding" "tokens" 32 "tokenizer.json"
//	image normalize                                   this and the next six only
//	text normalize                                    if the manifest says so
//	text pool "last"
//	text fold
//	text inputs "position_ids" "token_type_ids"
//	text padding 1 false
//	tokens from "embedding"
//	tokens 2 2 128
//	hub "hub_bank.npy" 10
//	file "hub_bank.npy" 26e204ca…                     by name, in byte order
//
// Numbers are the shortest decimals that read back as the same float32. All
// listed files count except the background photos, which serve calibration
// alone, and refine.onnx, which only orders what was found. Weights that a
// query applies (alpha, beta, thresholds) don't count either.
func (m *Manifest) Hash() [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "gemba pack 1\ndims %d\n", m.Dims)
	i := m.Image
	fmt.Fprintf(h, "image %q %q %d %d %q %q %q\n", i.File, i.Input, i.Width, i.Height, i.Resize, i.Outputs.Embedding, i.Outputs.Tokens)
	writeFloats(h, "mean", i.Mean)
	writeFloats(h, "std", i.Std)
	for _, v := range i.Views {
		fmt.Fprintf(h, "view %q\n", v)
	}
	t := m.Text
	fmt.Fprintf(h, "text %q %q %q %q %q %d %q\n", t.File, t.Inputs.IDs, t.Inputs.Mask, t.Outputs.Embedding, t.Outputs.Tokens, t.MaxLength, t.Tokenizer)
	m.writeAdapted(h)
	fmt.Fprintf(h, "tokens %d %d %d\n", m.Tokens.Cells[0], m.Tokens.Cells[1], m.Tokens.Dims)
	fmt.Fprintf(h, "hub %q %d\n", m.Hub.File, m.Hub.K)
	var names []string
	for name := range m.Files {
		if name != m.Background.File && name != "refine.onnx" && !m.refines(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(h, "file %q %s\n", name, m.Files[name].SHA256)
	}
	return [32]byte(h.Sum(nil))
}

// writeAdapted writes what packs say that were made of foreign models.
func (m *Manifest) writeAdapted(w io.Writer) {
	if m.Image.Outputs.Normalize {
		fmt.Fprintln(w, "image normalize")
	}
	if m.Text.Outputs.Normalize {
		fmt.Fprintln(w, "text normalize")
	}
	if m.Text.Pool != "" {
		fmt.Fprintf(w, "text pool %q\n", m.Text.Pool)
	}
	if m.Text.Fold {
		fmt.Fprintln(w, "text fold")
	}
	if in := m.Text.Inputs; in.Positions != "" || in.Types != "" {
		fmt.Fprintf(w, "text inputs %q %q\n", in.Positions, in.Types)
	}
	if p := m.Text.Padding; p != nil {
		fmt.Fprintf(w, "text padding %d %t\n", p.ID, p.Attend)
	}
	if m.Tokens.From != "" {
		fmt.Fprintf(w, "tokens from %q\n", m.Tokens.From)
	}
}

func writeFloats(w io.Writer, name string, values [3]float32) {
	fmt.Fprint(w, name)
	for _, v := range values {
		fmt.Fprint(w, " ", strconv.FormatFloat(float64(v), 'g', -1, 32))
	}
	fmt.Fprintln(w)
}
