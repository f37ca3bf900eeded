package searchmodel

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index/query"
)

type textModel struct {
	out encode.TextEmbedding
	err error
}

func (m textModel) EncodeText(context.Context, string) (encode.TextEmbedding, error) {
	return m.out, m.err
}

func TestWords(t *testing.T) {
	want := encode.TextEmbedding{
		Vector: []float32{1, 0}, Words: []string{"a", "hat"}, Unknown: []string{"xq"}, Truncated: true, Tokens: [][]float32{{1}, {2}},
	}
	got, err := Words{textModel{out: want}}.EncodeText(context.Background(), "a hat xq")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Vector) != 2 || len(got.Words) != 2 || len(got.Unknown) != 1 || !got.Truncated || len(got.Tokens) != 2 {
		t.Errorf("got %+v, want all of %+v", got, want)
	}
}

// TestWordsWithoutWords: a question without words is the asker's mistake, any
// other error is ours.
func TestWordsWithoutWords(t *testing.T) {
	_, err := Words{textModel{err: fmt.Errorf("encode: %w", encode.ErrNoWords)}}.EncodeText(context.Background(), "!?")
	var bad *query.InvalidError
	if !errors.As(err, &bad) || bad.Field != "query" {
		t.Errorf("a text without words: error %v, want one about the query", err)
	}
	broken := errors.New("no memory")
	if _, err := (Words{textModel{err: broken}}).EncodeText(context.Background(), "a hat"); !errors.Is(err, broken) {
		t.Errorf("a failing model: error %v, want %v", err, broken)
	}
}
