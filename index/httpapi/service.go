package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// base is where the JSON interface lives.
const base = "/api/v1"

// service is what the handlers share.
type service struct {
	deps    Deps
	limits  Limits
	logger  *slog.Logger
	metrics *metrics
	hosts   map[string]bool
	rates   *rateLimiter
	search  *gate
	footage *gate
	mux     *http.ServeMux
}

// New returns the handler of the whole service. It fails if a required part is
// missing or the registry already has its metrics.
func New(d Deps) (http.Handler, error) {
	if d.Engine == nil || d.Store == nil {
		return nil, errors.New("http service: an engine and a store are needed")
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	if d.Site.Started.IsZero() {
		d.Site.Started = time.Now()
	}
	d.Limits.setDefaults()
	m, err := newMetrics(&d)
	if err != nil {
		return nil, err
	}
	s := &service{
		deps: d, limits: d.Limits, logger: d.Logger, metrics: m,
		hosts:   map[string]bool{},
		rates:   newRateLimiter(time.Now),
		search:  newGate(d.Limits.Searches, d.Limits.Queue, d.Limits.QueueTime),
		footage: newGate(d.Limits.Footage, d.Limits.Queue, d.Limits.QueueTime),
		mux:     http.NewServeMux(),
	}
	for _, host := range d.Hosts {
		s.hosts[hostOf(host)] = true
	}
	s.routes()
	return s.observe(s.guard(s.pictures(s.mux))), nil
}

func (s *service) routes() {
	api := newAPI(s.mux, s.deps.Version.Version)
	s.searchRoutes(api)
	s.clipRoutes(api)
	s.cameraRoutes(api)
	s.statusRoutes(api)
	if s.deps.Importer != nil {
		s.importRoutes(api)
	}
	if s.deps.Feedback != nil {
		s.feedbackRoutes(api)
	}
	s.probeRoutes()
	s.pageRoutes()
	s.mux.Handle("GET /metrics", promhttp.HandlerFor(s.deps.Registry, promhttp.HandlerOpts{}))
	s.mux.HandleFunc("/", s.noRoute)
}

// noRoute answers what no route takes: 405 where another method would do, else 404.
func (s *service) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		probe := &http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := s.mux.Handler(probe); pattern != "" && pattern != "/" {
			allowed = append(allowed, method)
			if method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	if len(allowed) == 0 || slices.Contains(allowed, r.Method) {
		newProblem(http.StatusNotFound, "there is nothing at this address; the interface is described at %s/openapi.json", base).write(w, r)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	newProblem(http.StatusMethodNotAllowed, "%s is not possible here, only %s", clip(r.Method), strings.Join(allowed, ", ")).write(w, r)
}

// newAPI sets up the framework: JSON only, no pages of its own that would need
// the network, nothing added to answers.
func newAPI(mux *http.ServeMux, version string) huma.API {
	installProblems()
	config := huma.DefaultConfig("gemba", version)
	config.Info.Description = "Find moments in footage by describing them. Times are RFC 3339 in UTC, durations are seconds, fractions are 0 to 1."
	config.OpenAPIPath = base + "/openapi"
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshalJSON}
	config.Formats = map[string]huma.Format{"application/json": format, "json": format}
	return humago.New(mux, config)
}

// unmarshalJSON reads JSON but refuses bytes that are no UTF-8, which
// encoding/json would quietly replace.
func unmarshalJSON(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errInvalidUTF8{field: invalidField(data)}
	}
	return json.Unmarshal(data, v)
}

// invalidField names the top-level field that holds the invalid bytes.
func invalidField(data []byte) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) == nil {
		for _, name := range sortedKeys(fields) {
			if !utf8.Valid(fields[name]) {
				return name
			}
		}
	}
	return "body"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// drain reads what is left of a small body, so that the connection can be used again.
func drain(r *http.Request) {
	_, _ = io.CopyN(io.Discard, r.Body, 64<<10)
}
