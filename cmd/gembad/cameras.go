package main

import (
	"context"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/httpapi"
)

// camerasOf translates the configured cameras for the pipeline.
func camerasOf(c *config.Config) []agent.Camera {
	out := make([]agent.Camera, len(c.Cameras))
	for i, cam := range c.Cameras {
		out[i] = agent.Camera{ID: cam.ID, Name: cam.Name, Source: cam.Source, TimeFrom: cam.TimeFrom, Location: c.Location}
		if cam.Mode == "keyframes" {
			out[i].Mode = decode.KeyFrames
		}
	}
	return out
}

// coverer is what cameraList asks of the index.
type coverer interface {
	Coverage(ctx context.Context, f index.Filter) ([]index.CameraCoverage, int, int, error)
}

// cameraList lets the service list the cameras: those of the configuration, in
// its order, and then those that only have clips, from imports or from before.
type cameraList struct {
	status func() []agent.CameraStatus
	index  coverer
}

func (l cameraList) List(ctx context.Context) ([]httpapi.CameraState, error) {
	covered, _, _, err := l.index.Coverage(ctx, index.Filter{})
	if err != nil {
		return nil, err
	}
	byID := map[string]index.CameraCoverage{}
	for _, c := range covered {
		byID[c.Camera] = c
	}
	var out []httpapi.CameraState
	add := func(s httpapi.CameraState) {
		if c, ok := byID[s.ID]; ok {
			last := c.To
			s.Clips, s.LastFrame, s.GapSeconds = c.Clips, &last, c.Gap.Seconds()
			delete(byID, s.ID)
		}
		out = append(out, s)
	}
	for _, s := range l.status() {
		add(httpapi.CameraState{ID: s.ID, Name: s.Name, State: s.State, Reason: s.Reason, PendingSeconds: s.Pending.Seconds()})
	}
	for _, c := range covered {
		if _, left := byID[c.Camera]; left {
			add(httpapi.CameraState{ID: c.Camera, Name: c.Camera, State: agent.CameraIdle, Reason: "not in the configuration: its clips were imported"})
		}
	}
	return out, nil
}
