package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/gembahq/gemba/internal/version"
)

// checkModel loads the pack and has it encode a sentence and a picture.
func (a *app) checkModel(ctx context.Context, pack string) check {
	began := time.Now()
	detail, err := a.local.CheckModel(ctx, pack)
	if err != nil {
		return fail("model", "Install the package again (apt install --reinstall gemba), or name a pack with --pack. Without a model nothing can be searched or taken in.", "%v", err)
	}
	return ok("model", "%s, tried in %s", detail, time.Since(began).Round(time.Millisecond))
}

// checkDaemon asks the daemon how it is. The daemon is nil if none answers.
func (a *app) checkDaemon(ctx context.Context) (*daemon, []check) {
	d, err := a.findDaemon(ctx)
	var none *errNoDaemon
	switch {
	case errors.As(err, &none):
		return nil, []check{warn("daemon", "Start it (systemctl start gembad, or make run) or name its socket with --socket. Its log: journalctl -u gembad.", "none answers on %s", strings.Join(none.tried, " or "))}
	case err != nil:
		return nil, []check{fail("daemon", "Run this as root or as the user that runs gembad.", "%v", err)}
	}
	return d, []check{d.checkVersion(ctx), d.checkReady(ctx)}
}

func (d *daemon) checkVersion(ctx context.Context) check {
	var v struct{ Version, Commit string }
	if err := d.call(ctx, http.MethodGet, "/version", nil, &v); err != nil {
		return fail("daemon", "Restart it (systemctl restart gembad) and look at its log (journalctl -u gembad).", "answers on %s, but not with its version: %v", d.socket, err)
	}
	if v.Version != version.Version || v.Commit != version.Commit {
		return warn("daemon", "Restart gembad after an upgrade, so that both are of the same version.", "answers on %s; it is version %s %s", d.socket, v.Version, v.Commit)
	}
	return ok("daemon", "answers on %s", d.socket)
}

func (d *daemon) checkReady(ctx context.Context) check {
	var r struct {
		Ready bool `json:"ready"`
		Parts []struct {
			Name   string `json:"name"`
			OK     bool   `json:"ok"`
			Detail string `json:"detail"`
		} `json:"parts"`
	}
	// A daemon that is not ready says so with status 503 and the same JSON.
	_, raw, err := d.send(ctx, http.MethodGet, "/readyz?verbose", nil)
	if err == nil {
		err = json.Unmarshal(raw, &r)
	}
	var parts, bad []string
	for _, p := range r.Parts {
		text := p.Name
		if p.Detail != "" {
			text += " (" + p.Detail + ")"
		}
		parts = append(parts, text)
		if !p.OK {
			bad = append(bad, text)
		}
	}
	advice := "Wait if it has just started; otherwise its log says why: journalctl -u gembad."
	switch {
	case err != nil:
		return fail("readiness", advice, "%v", err)
	case !r.Ready:
		return fail("readiness", advice, "does not answer searches: %s", strings.Join(bad, ", "))
	case len(bad) > 0:
		return warn("readiness", advice, "answers searches, but not all is well: %s", strings.Join(bad, ", "))
	}
	return ok("readiness", "answers searches: %s", strings.Join(parts, ", "))
}
