package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/index"
)

// retentionEvery is how often the index is held to its bounds.
const retentionEvery = time.Hour

const day = 24 * time.Hour

// dropper is what retention asks of the index.
type dropper interface {
	Stats() index.Stats
	// DropBefore removes the days that end before a time.
	DropBefore(ctx context.Context, t time.Time) error
}

// retention drops the oldest days of the index when it holds more than the
// configuration allows. Footage is not touched.
type retention struct {
	store  dropper
	logger *slog.Logger
	config func() *config.Config
	now    func() time.Time
	every  time.Duration
}

func (r *retention) run(ctx context.Context) error {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		// A failure here is no reason to stop answering: it is tried again.
		if err := r.enforce(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, index.ErrClosed) {
			r.logger.Error("the index could not be held to its bounds", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *retention) enforce(ctx context.Context) error {
	bounds := r.config().Retention
	if bounds.MaxAge > 0 {
		if err := r.drop(ctx, r.now().Add(-time.Duration(bounds.MaxAge)), "older than retention.max_age"); err != nil {
			return err
		}
	}
	if bounds.MaxBytes <= 0 {
		return nil
	}
	for ctx.Err() == nil {
		s := r.store.Stats()
		if s.LogBytes+s.DerivedBytes+s.TextBytes+s.ThumbBytes <= int64(bounds.MaxBytes) {
			return nil
		}
		oldest, newest, ok := span(s)
		if !ok {
			return nil
		}
		end := oldest.UTC().Truncate(day).Add(day)
		if !end.Before(newest) {
			r.logger.Warn("the newest day alone is larger than retention.max_bytes: it stays", "max_bytes", bounds.MaxBytes.String())
			return nil
		}
		if err := r.drop(ctx, end, "beyond retention.max_bytes"); err != nil {
			return err
		}
		if next, _, ok := span(r.store.Stats()); ok && !next.After(oldest) {
			return errors.New("the oldest day could not be dropped")
		}
	}
	return ctx.Err()
}

// drop removes what lies before a time and says so if that was something.
func (r *retention) drop(ctx context.Context, before time.Time, why string) error {
	s := r.store.Stats()
	if oldest, _, ok := span(s); !ok || !oldest.Before(before) {
		return nil
	}
	if err := r.store.DropBefore(ctx, before); err != nil {
		return err
	}
	if dropped := s.Clips - r.store.Stats().Clips; dropped > 0 {
		r.logger.Info("old clips were dropped", "clips", dropped, "before", before.UTC(), "reason", why)
	}
	return nil
}

// span is the first start and the last end of all clips.
func span(s index.Stats) (first, last time.Time, ok bool) {
	for _, c := range s.Cameras {
		if !ok || c.First.Before(first) {
			first = c.First
		}
		if !ok || c.Last.After(last) {
			last = c.Last
		}
		ok = true
	}
	return first, last, ok
}
