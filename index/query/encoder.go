package query

import "context"

// Embedding is a text in the shared space of clips and words.
type Embedding struct {
	Vector    []float32   // [D], unit length
	Words     []string    // the words as the model read them, in order
	Unknown   []string    // words the model's vocabulary does not have
	Truncated bool        // the text was longer than the model reads; its end was left out
	Tokens    [][]float32 // one row a word token, for the refiner; may be nil
}

// TextEncoder turns a text into its embedding. It must be safe for concurrent use.
type TextEncoder interface {
	EncodeText(ctx context.Context, text string) (Embedding, error)
}

// ImageEncoder turns a picture (JPEG or PNG bytes) into a vector [D] like those
// of clips. It returns an *InvalidError for bytes that are no picture. It must be
// safe for concurrent use.
type ImageEncoder interface {
	EncodeImage(ctx context.Context, picture []byte) ([]float32, error)
}
