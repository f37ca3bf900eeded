package main

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/index/httpapi"
	"github.com/gembahq/gemba/index/query"
)

// imports lets the service run import jobs.
type imports struct {
	jobs   *agent.Jobs
	config *atomic.Pointer[config.Config]
}

func (i imports) Start(_ context.Context, r httpapi.ImportRequest) (string, error) {
	id, err := i.jobs.Start(agent.ImportRequest{Paths: r.Paths, Camera: r.Camera, Start: r.Start, Location: i.config.Load().Location})
	switch {
	case errors.Is(err, agent.ErrBadRequest):
		return "", &query.InvalidError{Field: "paths", Reason: err.Error()}
	case errors.Is(err, agent.ErrTooManyJobs):
		return "", errors.Join(httpapi.ErrBusy, err)
	}
	return id, err
}

func (i imports) Job(id string) (httpapi.JobState, bool) {
	s, ok := i.jobs.Get(id)
	return jobState(s), ok
}

func (i imports) Cancel(id string) { i.jobs.Cancel(id) }

// Jobs implements httpapi.JobLister.
func (i imports) Jobs() []httpapi.JobState {
	var out []httpapi.JobState
	for _, s := range i.jobs.List() {
		out = append(out, jobState(s))
	}
	return out
}

func jobState(s agent.JobState) httpapi.JobState {
	out := httpapi.JobState{ID: s.ID, Camera: s.Camera, State: s.State, Progress: s.Progress, File: s.File, Clips: s.Clips, Error: s.Message}
	if s.ETA > 0 {
		seconds := s.ETA.Seconds()
		out.ETASeconds = &seconds
	}
	if s.Result != nil {
		out.Result = s.Result
	}
	return out
}
