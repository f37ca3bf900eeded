package searchmodel

import (
	"context"
	"errors"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index/query"
)

// TextModel is the part of an encoder that reads words.
type TextModel interface {
	EncodeText(ctx context.Context, text string) (encode.TextEmbedding, error)
}

// Words lets the query engine ask a model for texts. It implements
// query.TextEncoder.
type Words struct{ Model TextModel }

// EncodeText embeds text. A text without a word is a *query.InvalidError: it is
// the question that has to change.
func (w Words) EncodeText(ctx context.Context, text string) (query.Embedding, error) {
	e, err := w.Model.EncodeText(ctx, text)
	if errors.Is(err, encode.ErrNoWords) {
		return query.Embedding{}, &query.InvalidError{Field: "query", Reason: "has no words: describe in words what to look for"}
	}
	if err != nil {
		return query.Embedding{}, err
	}
	return query.Embedding{Vector: e.Vector, Words: e.Words, Unknown: e.Unknown, Truncated: e.Truncated, Tokens: e.Tokens}, nil
}
