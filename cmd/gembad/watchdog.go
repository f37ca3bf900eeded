package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	sd "github.com/coreos/go-systemd/v22/daemon"
)

// stallLimit is how long clips may stand in the pipeline without any of them
// moving on. The slowest step, encoding four clips, takes seconds on the
// weakest box; building an engine happens before there are clips.
const stallLimit = 10 * time.Minute

// watchdog tells systemd that the daemon lives, as long as it does: the service
// answers, the store answers, and the pipeline moves.
type watchdog struct {
	notify  notifier
	logger  *slog.Logger
	every   time.Duration // 0: nobody watches
	checks  []func(context.Context) error
	stalled func(time.Duration) bool
}

// watchdogInterval is how often systemd wants to be told, halved as it recommends.
func watchdogInterval() time.Duration {
	limit, err := sd.SdWatchdogEnabled(false)
	if err != nil {
		return 0
	}
	return limit / 2
}

func (w *watchdog) run(ctx context.Context) error {
	if w.every <= 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(w.every)
	defer tick.Stop()
	for {
		if err := w.check(ctx); err == nil {
			w.notify.alive()
		} else if ctx.Err() == nil {
			w.logger.Error("the daemon does not work as it should; systemd will restart it if this lasts", "reason", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (w *watchdog) check(ctx context.Context) error {
	if w.stalled != nil && w.stalled(stallLimit) {
		return fmt.Errorf("clips have stood in the pipeline for %s", stallLimit)
	}
	limit, cancel := context.WithTimeout(ctx, w.every)
	defer cancel()
	for _, check := range w.checks {
		if err := check(limit); err != nil {
			return err
		}
	}
	return nil
}

// answers checks that a call returns in time, though it may not know contexts.
func answers(what string, call func()) func(context.Context) error {
	return func(ctx context.Context) error {
		done := make(chan struct{})
		go func() { defer close(done); call() }()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", what, ctx.Err())
		}
	}
}

// livez checks that the service answers on an address of ours.
func livez(network, address string) func(context.Context) error {
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, address)
		},
	}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://localhost/livez", nil)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return fmt.Errorf("the service does not answer: %w", err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("the service answers %s", resp.Status)
		}
		return nil
	}
}
