package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/index/httpapi"
)

// ready says which parts work. The daemon is ready as soon as it answers
// searches: footage that is still being taken in does not count against it.
func (d *daemon) ready(context.Context) httpapi.Readiness {
	m := d.model()
	parts := []httpapi.Part{
		{Name: "index", OK: true, Detail: count(d.store.Clips(), "clip")},
		{Name: "model", OK: true, Detail: fmt.Sprintf("%s on %s", m.Pack, m.Provider)},
		camerasPart(d.cameras.Status()),
		{Name: "disk", OK: !d.importer.WaitingForSpace(), Detail: "room for new clips"},
	}
	if disk := &parts[len(parts)-1]; !disk.OK {
		disk.Detail = "full: imports wait for room"
	}
	return httpapi.Readiness{Ready: true, Parts: parts}
}

func camerasPart(cameras []agent.CameraStatus) httpapi.Part {
	states := map[string]int{}
	for _, c := range cameras {
		states[c.State]++
	}
	failed := states[agent.CameraFailed] + states[agent.CameraUnsupported]
	return httpapi.Part{Name: "cameras", OK: failed == 0, Detail: fmt.Sprintf("%d idle, %d taking footage in, %d not working",
		states[agent.CameraIdle], states[agent.CameraImporting]+states[agent.CameraWaiting], failed)}
}

// statusEvery is how often "systemctl status" is brought up to date.
const statusEvery = 30 * time.Second

// report keeps "systemctl status" up to date until ctx is done.
func (d *daemon) report(ctx context.Context) error {
	tick := time.NewTicker(statusEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			cameras := camerasPart(d.cameras.Status())
			d.notify.status(fmt.Sprintf("%s; cameras: %s", count(d.store.Clips(), "clip"), cameras.Detail))
		case <-ctx.Done():
			return nil
		}
	}
}

func (d *daemon) indexStats() httpapi.IndexStats {
	s := d.store.Stats()
	out := httpapi.IndexStats{
		Clips: s.Clips, Partitions: s.Partitions,
		Bytes: map[string]int64{"log": s.LogBytes, "derived": s.DerivedBytes, "text": s.TextBytes, "thumbnails": s.ThumbBytes},
	}
	if !s.SyncedUpTo.IsZero() {
		out.SyncedTo = &s.SyncedUpTo
	}
	return out
}

// gauges measure the index, the model and the cameras at each scrape, beside
// gemba_index_clips, which the service has itself.
type gauges struct {
	d                                 *daemon
	bytes, damage, provider           *prometheus.Desc
	pending, cameraUp, lastFrameStamp *prometheus.Desc
}

func newGauges(d *daemon) *gauges {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &gauges{
		d:              d,
		bytes:          desc("gemba_index_bytes", "Bytes on disk by kind.", "kind"),
		damage:         desc("gemba_index_problems", "Damage found in the index since the start."),
		provider:       desc("gemba_inference_provider_info", "The execution provider and pack in use.", "provider", "pack"),
		pending:        desc("gemba_camera_pending_seconds", "Footage not indexed yet, estimated.", "camera"),
		cameraUp:       desc("gemba_camera_up", "1 if the camera's footage can be taken in.", "camera"),
		lastFrameStamp: desc("gemba_camera_last_frame_timestamp_seconds", "Time of the newest indexed frame.", "camera"),
	}
}

// Describe implements prometheus.Collector.
func (g *gauges) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(g, ch) }

// Collect implements prometheus.Collector.
func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	set := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	s := g.d.store.Stats()
	set(g.damage, float64(s.Problems))
	for kind, n := range map[string]int64{"log": s.LogBytes, "derived": s.DerivedBytes, "text": s.TextBytes, "thumbnails": s.ThumbBytes} {
		set(g.bytes, float64(n), kind)
	}
	m := g.d.model()
	set(g.provider, 1, m.Provider, m.Pack)
	for _, c := range g.d.cameras.Status() {
		up := 1.0
		if c.State == agent.CameraFailed || c.State == agent.CameraUnsupported {
			up = 0
		}
		set(g.cameraUp, up, c.ID)
		set(g.pending, c.Pending.Seconds(), c.ID)
	}
	for _, c := range s.Cameras {
		set(g.lastFrameStamp, float64(c.Last.UnixMilli())/1000, c.Camera)
	}
}
