package query

import (
	"context"

	"github.com/gembahq/gemba/index"
)

// Ask returns what a question in words becomes for the store, without asking it:
// vectors, weights and filter. It is for measuring how questions are read. Errors
// are those of Search.
func (e *Engine) Ask(ctx context.Context, question string) (index.Search, error) {
	r := Request{Query: question}
	if err := r.check(e.options.MaxLimit); err != nil {
		return index.Search{}, err
	}
	p, err := e.plan(ctx, &r)
	if err != nil {
		return index.Search{}, err
	}
	return p.search, nil
}
