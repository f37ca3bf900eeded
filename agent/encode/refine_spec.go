package encode

import (
	"encoding/json"
	"errors"
	"fmt"
)

// RefineSpec says how a pack re-orders the best of the first stage.
type RefineSpec struct {
	File string `json:"file"` // refine.onnx
	IDF  string `json:"idf"`  // .npy [vocabulary], inverse document frequency of each token
	// Top is how many of the best clips are worth refining.
	Top     int           `json:"top"`
	Inputs  RefineInputs  `json:"inputs"`
	Outputs RefineOutputs `json:"outputs"`
	// Support is the least support that a word found in a picture has.
	Support SupportSpec `json:"support"`
	// Identity says that every learned part is zero: the score is that of the
	// first stage, and the model isn't run to order clips.
	Identity bool `json:"identity"`

	Terms    json.RawMessage `json:"terms,omitempty"`    // the learned factors, for people: they are inside the model
	Measured json.RawMessage `json:"measured,omitempty"` // figures, for people
}

// RefineInputs are the names of the refinement model's inputs, float32; "" for
// one that the model doesn't take. L words of the question meet N tokens each of
// K clips; T is the width of a token, D of an embedding.
type RefineInputs struct {
	WordTokens   string `json:"word_tokens"`   // [L, T]
	WordWeights  string `json:"word_weights"`  // [L], adds up to 1
	Text         string `json:"text"`          // [D]
	VisualTokens string `json:"visual_tokens"` // [K, N, T]
	VisualMask   string `json:"visual_mask"`   // [K, N], 1 for tokens, 0 for padding
	Vectors      string `json:"vectors"`       // [K, D], the plain view, unit length
	FirstStage   string `json:"first_stage"`   // [K]
	Hub          string `json:"hub"`           // [K]
}

// RefineOutputs are the names of the refinement model's outputs, float32.
type RefineOutputs struct {
	Score     string `json:"score"`     // [K]
	Support   string `json:"support"`   // [K, L], the cosine of a word and what it looked at
	Attention string `json:"attention"` // [K, L, N], adds up to 1 over N
}

// SupportSpec tells words that are in a picture from those that are not.
type SupportSpec struct {
	Threshold float64 `json:"threshold"`
}

// maxTop bounds the clips that one question refines.
const maxTop = 200

// checkRefine checks the section; a pack may have none.
func (m *Manifest) checkRefine() error {
	r := m.Refine
	if r == nil {
		return nil
	}
	switch {
	case r.File == "" || r.IDF == "":
		return errors.New("file and idf must name the model and its word weights")
	case m.Tokens == TokenSpec{}:
		return errors.New("the pack has no tokens to refine by")
	case r.Top < 1 || r.Top > maxTop:
		return fmt.Errorf("top is %d, want 1 to %d", r.Top, maxTop)
	case r.Inputs.WordTokens == "" || r.Inputs.VisualTokens == "" || r.Inputs.VisualMask == "" || r.Inputs.FirstStage == "":
		return errors.New("inputs must name word_tokens, visual_tokens, visual_mask and first_stage")
	case r.Outputs.Score == "" || r.Outputs.Support == "" || r.Outputs.Attention == "":
		return errors.New("outputs must name score, support and attention")
	case !(r.Support.Threshold >= -1 && r.Support.Threshold <= 1):
		return fmt.Errorf("support.threshold is %v, want a cosine", r.Support.Threshold)
	}
	for key, name := range map[string]string{"file": r.File, "idf": r.IDF} {
		if _, ok := m.Files[name]; !ok {
			return fmt.Errorf("%s: files does not list %q", key, name)
		}
	}
	return nil
}

// refines reports whether a file serves refinement alone: it orders what was
// found and changes nothing that the index keeps.
func (m *Manifest) refines(name string) bool {
	return m.Refine != nil && (name == m.Refine.File || name == m.Refine.IDF)
}
