package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// actor is a part of the daemon that runs until its context is done. One that
// returns earlier stops the daemon.
type actor struct {
	name string
	run  func(ctx context.Context) error
}

// runGroup starts the actors from the last to the first, so that whatever an
// actor feeds is there before it, waits until one of them returns or ctx is
// done, and then stops them from the first to the last, each one wholly before
// the next. stopping, if not nil, is called in between. The error names the actors that failed.
func runGroup(ctx context.Context, logger *slog.Logger, stopping func(), actors ...actor) error {
	type running struct {
		stop   context.CancelFunc
		result chan error
	}
	all := make([]running, len(actors))
	ended := make(chan string, len(actors))
	for i := len(actors) - 1; i >= 0; i-- {
		own, stop := context.WithCancel(context.WithoutCancel(ctx))
		defer stop()
		all[i] = running{stop, make(chan error, 1)}
		go func() {
			all[i].result <- actors[i].run(own)
			ended <- actors[i].name
		}()
	}
	select {
	case <-ctx.Done():
	case name := <-ended:
		logger.Debug("a part of the daemon has ended", "part", name)
	}
	if stopping != nil {
		stopping()
	}
	var failed error
	for i, a := range all {
		a.stop()
		if err := <-a.result; err != nil && !errors.Is(err, context.Canceled) {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", actors[i].name, err))
		}
		logger.Debug("stopped", "part", actors[i].name)
	}
	return failed
}
