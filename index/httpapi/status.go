package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index/query"
)

// statusInfo is the answer of GET /status.
type statusInfo struct {
	Site          string      `json:"site"`
	Node          string      `json:"node"`
	Version       string      `json:"version"`
	Started       time.Time   `json:"started"`
	UptimeSeconds float64     `json:"uptime_seconds"`
	Ready         bool        `json:"ready"`
	Parts         []Part      `json:"parts" nullable:"false"`
	Model         query.Model `json:"model"`
	Index         IndexStats  `json:"index"`
	Jobs          []JobState  `json:"jobs" nullable:"false" doc:"Imports that run or ended lately"`
	Features      []string    `json:"features" nullable:"false" doc:"Optional parts that are there: video, imports, pictures"`
}

type statusOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         *statusInfo
}

func (s *service) statusRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "status", Method: http.MethodGet, Path: base + "/status", Tags: []string{"service"},
		Summary: "What this box is and how it does",
	}, func(ctx context.Context, _ *struct{}) (*statusOutput, error) {
		return &statusOutput{CacheControl: "private, no-store", Body: s.status(ctx)}, nil
	})
}

func (s *service) status(ctx context.Context) *statusInfo {
	d := &s.deps
	ready := s.readiness(ctx)
	info := &statusInfo{
		Site: d.Site.Site, Node: d.Site.Node, Version: d.Version.Version, Started: d.Site.Started.UTC(),
		UptimeSeconds: time.Since(d.Site.Started).Seconds(), Ready: ready.Ready, Parts: append([]Part{}, ready.Parts...),
		Jobs: []JobState{}, Features: []string{},
	}
	if d.Model != nil {
		info.Model = d.Model()
	}
	if d.IndexStats != nil {
		info.Index = d.IndexStats()
	}
	if info.Index.Bytes == nil {
		info.Index.Bytes = map[string]int64{}
	}
	if lister, ok := d.Importer.(JobLister); ok {
		info.Jobs = append(info.Jobs, lister.Jobs()...)
	}
	if d.Footage != nil {
		info.Features = append(info.Features, "video")
	}
	if d.Importer != nil {
		info.Features = append(info.Features, "imports")
	}
	if d.Pictures {
		info.Features = append(info.Features, "pictures")
	}
	return info
}

func (s *service) readiness(ctx context.Context) Readiness {
	if s.deps.Ready == nil {
		return Readiness{Ready: true}
	}
	return s.deps.Ready(ctx)
}

// probeRoutes serve what supervisors and load balancers ask.
func (s *service) probeRoutes() {
	s.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]bool{"live": true})
	})
	s.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ready := s.readiness(r.Context())
		if !r.URL.Query().Has("verbose") {
			ready.Parts = nil
		}
		status := http.StatusOK
		if !ready.Ready {
			status = http.StatusServiceUnavailable
			w.Header().Set("Retry-After", "1")
		}
		writeJSON(w, status, ready)
	})
	s.mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, s.deps.Version)
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client is gone: nobody to tell
}
