package httpapi

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gembahq/gemba/index/query"
)

// metrics are what this package counts. Labels are routes, codes and stages: never
// clips or questions.
type metrics struct {
	requests *prometheus.CounterVec
	inFlight prometheus.Gauge
	search   *prometheus.HistogramVec
	outcomes *prometheus.CounterVec
}

func newMetrics(d *Deps) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gemba_http_requests_total", Help: "HTTP requests answered."}, []string{"route", "code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "gemba_http_requests_in_flight", Help: "HTTP requests being answered."}),
		search: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "gemba_search_duration_seconds", Help: "Time that searches spend in each stage.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"stage"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "gemba_search_results_total", Help: "Searches by outcome."}, []string{"result"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "gemba_build_info", Help: "1; the labels name the build.",
		ConstLabels: prometheus.Labels{"version": d.Version.Version, "commit": d.Version.Commit, "goversion": d.Version.Go},
	})
	build.Set(1)
	collectors := []prometheus.Collector{m.requests, m.inFlight, m.search, m.outcomes, build}
	if d.IndexStats != nil {
		collectors = append(collectors, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gemba_index_clips", Help: "Clips in the index."},
			func() float64 { return float64(d.IndexStats().Clips) }))
	}
	for _, c := range collectors {
		if err := d.Registry.Register(c); err != nil {
			var already prometheus.AlreadyRegisteredError
			if errors.As(err, &already) && c == build {
				continue // the program names its build itself
			}
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) observeSearch(r *query.Response) {
	t := r.Timing
	for _, stage := range []struct {
		name    string
		seconds float64
	}{{"text_encode", t.TextEncode}, {"filter", t.Filter}, {"scan", t.Scan}, {"rescore", t.Rescore}, {"refine", t.Refine}, {"total", t.Total}} {
		m.search.WithLabelValues(stage.name).Observe(stage.seconds)
	}
	result := "match"
	if r.NoMatch {
		result = "no_match"
	}
	m.outcomes.WithLabelValues(result).Inc()
}
