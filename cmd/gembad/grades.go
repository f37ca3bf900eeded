package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/feedback"
	"github.com/gembahq/gemba/index/httpapi"
)

// grades lets the service keep feedback.
type grades struct{ store *feedback.Store }

func (g grades) Add(ctx context.Context, c httpapi.ClipGrade) error {
	err := g.store.Add(ctx, tune.Grade{Query: c.Query, Clip: c.Clip.String(), Grade: c.Grade, Time: c.Time})
	if errors.Is(err, feedback.ErrDiskFull) || errors.Is(err, feedback.ErrFull) {
		return fmt.Errorf("%w: %w", httpapi.ErrNoRoom, err)
	}
	return err
}
