package httpapi

import (
	"context"
	"time"
)

// gate lets a bounded number of callers work and a bounded number wait.
type gate struct {
	working chan struct{}
	waiting chan struct{}
	wait    time.Duration
}

func newGate(working, waiting int, wait time.Duration) *gate {
	return &gate{working: make(chan struct{}, working), waiting: make(chan struct{}, waiting), wait: wait}
}

// enter returns a function that leaves again, or nil if there is no room or the
// caller gave up.
func (g *gate) enter(ctx context.Context) (leave func()) {
	leave = func() { <-g.working }
	select {
	case g.working <- struct{}{}:
		return leave
	default:
	}
	select {
	case g.waiting <- struct{}{}:
		defer func() { <-g.waiting }()
	default:
		return nil
	}
	timer := time.NewTimer(g.wait)
	defer timer.Stop()
	select {
	case g.working <- struct{}{}:
		return leave
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return nil
	}
}
