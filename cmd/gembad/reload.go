package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"reflect"
	"strings"
	"syscall"

	"github.com/gembahq/gemba/agent/config"
)

// reloader reads the configuration again when told to, and applies what can be
// changed while the daemon runs: cameras, retention, time zone and log level.
type reloader struct {
	file   string
	apply  func(*config.Config)
	active func() *config.Config
	notify notifier
	logger *slog.Logger
}

func (r *reloader) run(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-hup:
			r.reload()
		case <-ctx.Done():
			return nil
		}
	}
}

// reload applies the file, or keeps what is active if the file is wrong.
func (r *reloader) reload() {
	r.notify.reloading()
	next, err := config.Load(r.file)
	if err != nil {
		var problems config.Problems
		if errors.As(err, &problems) {
			for _, p := range problems {
				r.logger.Error("the new configuration is wrong", "problem", p.String())
			}
		} else {
			r.logger.Error("the new configuration cannot be read", "error", err)
		}
		r.logger.Error("the configuration before stays active")
		r.notify.ready("the new configuration is wrong, the one before stays active")
		return
	}
	if keys := needRestart(r.active(), next); len(keys) > 0 {
		r.logger.Warn("these changes take a restart", "keys", strings.Join(keys, ", "))
	}
	for _, w := range next.Warnings {
		r.logger.Warn(w.Text, "file", w.File, "line", w.Line)
	}
	r.apply(next)
	r.logger.Info("configuration read again", "cameras", len(next.Cameras))
	r.notify.ready("running")
}

// needRestart names the keys that differ and are only read at the start.
func needRestart(a, b *config.Config) []string {
	var keys []string
	for _, k := range []struct {
		name string
		a, b any
	}{
		{"site", a.Site, b.Site}, {"node", a.Node, b.Node}, {"data_dir", a.DataDir, b.DataDir}, {"http", a.HTTP, b.HTTP},
		{"model", a.Model, b.Model}, {"log.format", a.Log.Format, b.Log.Format}, {"headquarters", a.Headquarters, b.Headquarters},
	} {
		if !reflect.DeepEqual(k.a, k.b) {
			keys = append(keys, k.name)
		}
	}
	return keys
}
