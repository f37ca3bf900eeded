package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	"github.com/gembahq/gemba/agent"
)

// importRequest is the body of POST /imports.
type importRequest struct {
	Paths  []string   `json:"paths"`
	Camera string     `json:"camera"`
	Start  *time.Time `json:"start,omitempty"`
}

// jobState is the answer of GET /jobs/{id}.
type jobState struct {
	State    string          `json:"state"` // running, done, failed or cancelled
	Progress float64         `json:"progress"`
	ETA      *float64        `json:"eta_seconds"`
	File     string          `json:"file"`
	Clips    int             `json:"clips"`
	Error    string          `json:"error"`
	Result   json.RawMessage `json:"result"`
}

// importByDaemon hands the paths to the daemon as a job and follows it to its
// end. The daemon reads the files itself.
func (a *app) importByDaemon(ctx context.Context, d *daemon, paths []string, camera string, start *time.Time) (agent.ImportReport, error) {
	var accepted struct {
		Job string `json:"job"`
	}
	err := d.call(ctx, http.MethodPost, "/api/v1/imports", importRequest{Paths: paths, Camera: camera, Start: start}, &accepted)
	if err != nil {
		return agent.ImportReport{}, err
	}
	path := "/api/v1/jobs/" + url.PathEscape(accepted.Job)
	bar := a.startProgress("import")
	defer bar.end()
	timer := time.NewTimer(a.pollEvery)
	defer timer.Stop()
	for {
		var state jobState
		if err := d.call(ctx, http.MethodGet, path, nil, &state); err != nil {
			return agent.ImportReport{}, a.jobLost(ctx, d, path, accepted.Job, err)
		}
		switch state.State {
		case "running":
		case "done":
			return jobReport(&state)
		default:
			// A job that failed may still say which files it got through.
			if report, err := jobReport(&state); err == nil && len(report.Failed) > 0 {
				return report, nil
			}
			return agent.ImportReport{}, fmt.Errorf("the import %s: %s", state.State, orElse(state.Error, "see the log of gembad"))
		}
		bar.set(int64(state.Progress*1000), 1000, fmt.Sprintf("%d clips  %s", state.Clips, filepath.Base(state.File)), jobETA(state.ETA))
		timer.Reset(a.pollEvery)
		select {
		case <-ctx.Done():
			return agent.ImportReport{}, a.jobLost(ctx, d, path, accepted.Job, ctx.Err())
		case <-timer.C:
		}
	}
}

// jobLost explains why a job cannot be followed any longer. If it was stopped
// here, the daemon is asked to stop it too.
func (a *app) jobLost(ctx context.Context, d *daemon, path, job string, err error) error {
	if ctx.Err() != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if d.call(ctx, http.MethodDelete, path, nil, nil) == nil {
			a.remark("The import is cancelled; what is in stays. Run the same command again to go on.")
		} else {
			a.remark("gembad goes on with the import (job %s).", job)
		}
		return err
	}
	var answer *daemonError
	if errors.As(err, &answer) && answer.Status == http.StatusNotFound {
		return fmt.Errorf("gembad does not know import %s any more (was it restarted?); run the same command again, it goes on where it stopped", job)
	}
	if answer == nil {
		return fmt.Errorf("%w; when gembad runs again, run the same command again: it goes on where it stopped", err)
	}
	return err
}

func jobReport(s *jobState) (agent.ImportReport, error) {
	var report agent.ImportReport
	if len(s.Result) == 0 || string(s.Result) == "null" {
		return report, fmt.Errorf("gembad gave no result for the import")
	}
	if err := json.Unmarshal(s.Result, &report); err != nil {
		return report, fmt.Errorf("read the result of the import: %w", err)
	}
	return report, nil
}

func jobETA(s *float64) time.Duration {
	if s == nil || *s <= 0 || *s > 1e7 {
		return 0
	}
	return time.Duration(*s * float64(time.Second))
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
