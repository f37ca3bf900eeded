package encode

import (
	"fmt"
	"math"
)

// RefineClip is a found clip as the refinement sees it: tokens and embeddings,
// nothing that anybody said about it.
type RefineClip struct {
	FirstStage float32   // the score that found it
	Hub        float32   // ClipEmbedding.Hub
	Vector     []float32 // [dims] ClipEmbedding.Plain, or Vector if there is one view
	// The tokens, as in ClipEmbedding. A clip without rows keeps its score.
	TokenRows, TokenDims int
	TokenScale           float32
	Tokens               []int8
}

// RefinedClip is what the refinement found in a clip.
type RefinedClip struct {
	Score float32
	// Support says for each word of the question how much of it is in the
	// pictures, 0 to 1: the highest of the word's pieces. nil for a clip without
	// tokens.
	Support []float32
	// Cells says where: for each row of the clip's tokens its share of what the
	// supported words looked at. It adds up to 1, or is all 0 if no word counts.
	Cells []float32
}

func (c *RefineClip) check(t TokenSpec, dims int) error {
	switch {
	case c.TokenRows < 0 || len(c.Tokens) != c.TokenRows*c.TokenDims:
		return fmt.Errorf("%d values for %d token rows of %d", len(c.Tokens), c.TokenRows, c.TokenDims)
	case c.TokenRows > 0 && c.TokenDims != t.Dims:
		return fmt.Errorf("token rows of %d values, the pack has %d", c.TokenDims, t.Dims)
	case len(c.Vector) != dims:
		return fmt.Errorf("an embedding of %d values, the pack has %d", len(c.Vector), dims)
	case !finite(c.FirstStage) || !finite(c.Hub) || !finite(c.TokenScale):
		return fmt.Errorf("a score, hub term or token scale that is not finite")
	}
	return nil
}

func finite(x float32) bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }
