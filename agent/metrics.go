package agent

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics count what the pipeline does. A nil *Metrics counts nothing.
type Metrics struct {
	files    *prometheus.CounterVec
	clips    prometheus.Counter
	footage  prometheus.Counter
	busy     *prometheus.CounterVec
	trouble  *prometheus.CounterVec
	full     prometheus.Gauge
	inFlight prometheus.Gauge
}

// NewMetrics registers the metrics of the pipeline.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gemba_import_files_total", Help: "Footage files by what became of them.",
		}, []string{"result"}),
		clips: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gemba_import_clips_total", Help: "Clips added to the index.",
		}),
		footage: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "gemba_import_footage_seconds_total", Help: "Seconds of footage taken in.",
		}),
		busy: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gemba_import_stage_busy_seconds_total", Help: "Time each stage of the pipeline worked, waiting left out.",
		}, []string{"stage"}),
		trouble: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gemba_import_errors_total", Help: "Damaged data, repaired time stamps and failed steps of imports.",
		}, []string{"kind"}),
		full: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gemba_import_waiting_for_space", Help: "1 while imports wait because the disk is full.",
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "gemba_import_clips_in_flight", Help: "Clips cut and not yet in the index.",
		}),
	}
	for _, result := range []outcome{taken, skipped, failed, abandoned} {
		m.files.WithLabelValues(result.String())
	}
	for _, stage := range []string{"decode", "encode", "append"} {
		m.busy.WithLabelValues(stage)
	}
	for _, kind := range []string{"decode", "timestamp", "encode", "append", "ledger"} {
		m.trouble.WithLabelValues(kind)
	}
	reg.MustRegister(m.files, m.clips, m.footage, m.busy, m.trouble, m.full, m.inFlight)
	return m
}

func (m *Metrics) finished(j *job) {
	if m == nil {
		return
	}
	m.files.WithLabelValues(j.outcome.String()).Inc()
	if j.outcome != skipped {
		m.footage.Add(j.media.Seconds())
	}
}

func (m *Metrics) appended(clips int) {
	if m != nil {
		m.clips.Add(float64(clips))
	}
}

func (m *Metrics) worked(stage string, since time.Time) {
	if m != nil {
		m.busy.WithLabelValues(stage).Add(time.Since(since).Seconds())
	}
}

func (m *Metrics) wentWrong(kind string, n int64) {
	if m != nil && n > 0 {
		m.trouble.WithLabelValues(kind).Add(float64(n))
	}
}

func (m *Metrics) waiting(yes bool) {
	if m == nil {
		return
	}
	m.full.Set(0)
	if yes {
		m.full.Set(1)
	}
}

func (m *Metrics) moved(clips int) {
	if m != nil {
		m.inFlight.Add(float64(clips))
	}
}
