package encode

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// TextEmbedding is what a search needs of a text.
type TextEmbedding struct {
	// Vector [dims] has unit length.
	Vector []float32
	// IDs are the tokens, special ones included; WordOf gives the index into
	// Words for each, -1 for special ones; Tokens the model's token vectors, one
	// row for each, nil if the pack has none.
	IDs    []int
	WordOf []int
	Tokens [][]float32
	// Words are the words of the text as far as it was read; Unknown those that
	// the model has never seen.
	Words   []string
	Unknown []string
	// Truncated says that the text is longer than the model reads.
	Truncated bool
}

// EncodeText encodes a text. One too long is cut, and says so. Answers to the
// latest texts are remembered.
//
// Errors are ErrNoWords, ctx's error, ErrClosed, or what the runtime says.
func (e *Encoder) EncodeText(ctx context.Context, text string) (TextEmbedding, error) {
	if known, ok := e.answers.get(text); ok {
		return known, nil
	}
	spec := e.pack.manifest.Text
	read := text
	if spec.Fold {
		read = strings.ToLower(text)
	}
	t := e.pack.tokenizer.Encode(read, spec.MaxLength)
	if len(t.Words) == 0 {
		return TextEmbedding{}, ErrNoWords
	}
	out, err := e.runText(ctx, t.IDs)
	if err != nil {
		return TextEmbedding{}, fmt.Errorf("encode text: %w", err)
	}
	if err := checkUnit(spec.Outputs.Embedding, out[0].data); err != nil {
		return TextEmbedding{}, fmt.Errorf("encode text: %w: %w", ErrModel, err)
	}
	a := TextEmbedding{Vector: out[0].data, IDs: t.IDs, WordOf: t.Word, Words: t.Words, Unknown: t.Unknown, Truncated: t.Truncated}
	if len(out) > 1 {
		dims := e.pack.manifest.Tokens.Dims
		for i := range t.IDs {
			a.Tokens = append(a.Tokens, out[1].data[i*dims:(i+1)*dims])
		}
	} else if s := e.pack.sketch; s != nil {
		token := s.Apply(nil, a.Vector)
		for range t.IDs {
			a.Tokens = append(a.Tokens, token)
		}
	}
	e.answers.put(text, a)
	return a.clone(), nil
}

// clone copies everything that a caller might change.
func (t TextEmbedding) clone() TextEmbedding {
	t.Vector, t.IDs, t.WordOf = slices.Clone(t.Vector), slices.Clone(t.IDs), slices.Clone(t.WordOf)
	t.Words, t.Unknown, t.Tokens = slices.Clone(t.Words), slices.Clone(t.Unknown), slices.Clone(t.Tokens)
	for i := range t.Tokens {
		t.Tokens[i] = slices.Clone(t.Tokens[i])
	}
	return t
}

// runText runs one text and checks that the outputs have the manifest's shapes.
func (e *Encoder) runText(ctx context.Context, ids []int) ([]output, error) {
	m := e.pack.manifest
	inputs, err := e.textInputs(ids)
	defer func() {
		for _, v := range inputs {
			_ = v.Destroy()
		}
	}()
	if err != nil {
		return nil, err
	}
	out, err := e.text.run(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	n := int64(len(ids))
	if m.Text.Padding != nil {
		n = max(n, int64(m.Text.MaxLength))
	}
	if m.Text.Pool != "" {
		if !out[0].has(1, n, int64(m.Dims)) {
			return nil, fmt.Errorf("output %s is %v for %d tokens, expected [1 %d %d]", m.Text.Outputs.Embedding, out[0].shape, n, n, m.Dims)
		}
		out[0] = output{shape: ort.NewShape(1, int64(m.Dims)), data: pool(m.Text.Pool, out[0].data[:len(ids)*m.Dims], m.Dims)}
	}
	if !out[0].has(1, int64(m.Dims)) {
		return nil, fmt.Errorf("output %s is %v, expected [1 %d]", m.Text.Outputs.Embedding, out[0].shape, m.Dims)
	}
	if m.Text.Outputs.Normalize {
		normalize(out[0].data, m.Dims)
	}
	if len(out) > 1 && !out[1].has(1, n, int64(m.Tokens.Dims)) {
		return nil, fmt.Errorf("output %s is %v for %d tokens, expected [1 %d %d]", m.Text.Outputs.Tokens, out[1].shape, n, n, m.Tokens.Dims)
	}
	return out, nil
}

// pool makes one vector of rows, one for each token of a text.
func pool(how string, rows []float32, dims int) []float32 {
	switch n := len(rows); {
	case n == 0: // probeText and EncodeText give at least one token
		return make([]float32, dims)
	case how == PoolFirst:
		return rows[:dims]
	case how == PoolLast:
		return rows[n-dims:]
	}
	mean := make([]float64, dims)
	for i, x := range rows {
		mean[i%dims] += float64(x) / float64(len(rows)/dims)
	}
	return toFloat32(mean)
}

// textInputs makes one tensor for each of the model's inputs. What was made is
// returned with an error too.
func (e *Encoder) textInputs(ids []int) ([]ort.Value, error) {
	spec := e.pack.manifest.Text
	length := len(ids)
	if spec.Padding != nil {
		length = max(length, spec.MaxLength)
	}
	tokens, mask, positions := make([]int64, length), make([]int64, length), make([]int64, length)
	for i := range tokens {
		positions[i] = int64(i)
		if i < len(ids) {
			tokens[i], mask[i] = int64(ids[i]), 1
			continue
		}
		tokens[i] = int64(spec.Padding.ID)
		if spec.Padding.Attend {
			mask[i] = 1
		}
	}
	var inputs []ort.Value
	for _, in := range []struct {
		name string
		data []int64
	}{{spec.Inputs.IDs, tokens}, {spec.Inputs.Mask, mask}, {spec.Inputs.Positions, positions}, {spec.Inputs.Types, make([]int64, length)}} {
		if in.name == "" {
			continue
		}
		v, err := integers(in.data, spec.Inputs.Int32)
		if err != nil {
			return inputs, err
		}
		inputs = append(inputs, v)
	}
	return inputs, nil
}

// integers is a tensor [1, len(data)].
func integers(data []int64, narrow bool) (ort.Value, error) {
	shape := ort.NewShape(1, int64(len(data)))
	if !narrow {
		return ort.NewTensor(shape, data)
	}
	short := make([]int32, len(data))
	for i, v := range data {
		short[i] = int32(v)
	}
	return ort.NewTensor(shape, short)
}
