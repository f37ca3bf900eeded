package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gembahq/gemba/agent/record"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/httpapi"
)

// footage lets the service ask the player.
type footage struct{ player *record.Player }

func (f footage) Video(ctx context.Context, c index.Clip) (string, time.Duration, error) {
	path, offset, err := f.player.Video(ctx, c)
	return path, offset, footageError(err)
}

func (f footage) Frame(ctx context.Context, c index.Clip, n int) ([]byte, error) {
	jpeg, err := f.player.Frame(ctx, c, n)
	return jpeg, footageError(err)
}

func footageError(err error) error {
	switch {
	case errors.Is(err, record.ErrFootageGone):
		return fmt.Errorf("%w: %w", httpapi.ErrFootageGone, err)
	case errors.Is(err, record.ErrNotPlayable):
		return fmt.Errorf("%w: %w", httpapi.ErrNotPlayable, err)
	}
	return err
}
