package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

type readCloser struct{ io.Reader }

func (readCloser) Close() error { return nil }

func serve(handler http.Handler, r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, r)
	return rec
}

const carClip = "0000000100000001"

func TestClip(t *testing.T) {
	w := newWorld(t, nil)
	a := w.get(t, "/api/v1/clips/"+carClip)
	if a.status != 200 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	c := decode[clipInfo](t, a)
	if c.ID != carClip || c.Camera != "gate" || len(c.Frames) != 4 || c.BestFrame != 2 || c.OffsetSeconds != 1 || c.Footage != "car-detection.mp4" {
		t.Errorf("clip %+v", c)
	}
	if bytes.Contains(a.body, []byte("secret-folder")) {
		t.Error("the answer shows where footage lies")
	}
	if c.Frames[1].Time != noon.Add(time.Second) || c.Frames[1].URL != "/api/v1/clips/"+carClip+"/frames/1" {
		t.Errorf("frame %+v", c.Frames[1])
	}
	for _, path := range []string{"", "/thumbnail", "/frames/0", "/video"} {
		wantProblem(t, w.get(t, "/api/v1/clips/00000001000000ff"+path), 404, "")
		wantProblem(t, w.get(t, "/api/v1/clips/xyz"+path), 422, "id")
		wantProblem(t, w.get(t, "/api/v1/clips/"+strings.Repeat("0", 5000)+path), 422, "id")
	}
}

func TestThumbnail(t *testing.T) {
	w := newWorld(t, nil)
	a := w.get(t, "/api/v1/clips/"+carClip+"/thumbnail")
	if a.status != 200 || a.header.Get("Content-Type") != "image/jpeg" || !bytes.HasPrefix(a.body, []byte("\xff\xd8")) {
		t.Fatalf("status %d, %s", a.status, a.header.Get("Content-Type"))
	}
	if got := a.header.Get("Cache-Control"); !strings.HasPrefix(got, "private") {
		t.Errorf("cache control %q", got)
	}
	r := w.request(t, http.MethodGet, "/api/v1/clips/"+carClip+"/thumbnail", "")
	r.Header.Set("If-None-Match", a.header.Get("ETag"))
	if a := w.do(t, r); a.status != 304 || len(a.body) != 0 {
		t.Errorf("the same picture again gives %d with %d bytes", a.status, len(a.body))
	}
	if other := w.get(t, "/api/v1/clips/0000000100000004/thumbnail"); other.header.Get("ETag") == a.header.Get("ETag") {
		t.Error("two pictures have one ETag")
	}
}

func TestFrames(t *testing.T) {
	w := newWorld(t, nil)
	frame := "/api/v1/clips/" + carClip + "/frames/"
	if a := w.get(t, frame+"3"); a.status != 200 || a.header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("status %d", a.status)
	}
	wantProblem(t, w.get(t, frame+"4"), 404, "")
	wantProblem(t, w.get(t, frame+"-1"), 422, "n")
	wantProblem(t, w.get(t, frame+"x"), 422, "n")
	wantProblem(t, w.get(t, frame+"99999999999999999999"), 422, "n")

	w.footage.gone["gate"] = true
	wantProblem(t, w.get(t, frame+"3"), 410, "")
	if a := w.get(t, frame+"2"); a.status != 200 || !bytes.Equal(a.body, w.store.thumbs[index.ID(1<<32|1)]) {
		t.Errorf("the best frame without footage gives %d, want the thumbnail", a.status)
	}
}

func TestVideo(t *testing.T) {
	w := newWorld(t, nil)
	path := "/api/v1/clips/" + carClip + "/video"
	whole := w.get(t, path)
	if whole.status != 200 || whole.header.Get("Content-Type") != "video/mp4" || whole.header.Get("X-Video-Offset") != "1.000" || whole.header.Get("Accept-Ranges") != "bytes" {
		t.Fatalf("status %d, headers %v", whole.status, whole.header)
	}
	if got := whole.header.Get("Content-Disposition"); !strings.Contains(got, `"gate_20260301T120000Z.mp4"`) {
		t.Errorf("file name in %q", got)
	}
	ranged := func(value string) answer {
		r := w.request(t, http.MethodGet, path, "")
		r.Header.Set("Range", value)
		return w.do(t, r)
	}
	if a := ranged("bytes=100-199"); a.status != 206 || !bytes.Equal(a.body, whole.body[100:200]) {
		t.Errorf("a range gives %d with %d bytes", a.status, len(a.body))
	}
	if a := ranged("bytes=-10"); a.status != 206 || !bytes.Equal(a.body, whole.body[len(whole.body)-10:]) {
		t.Errorf("the last bytes give %d with %d bytes", a.status, len(a.body))
	}
	outside := ranged("bytes=99999999-")
	wantProblem(t, outside, 416, "")
	if got, want := outside.header.Get("Content-Range"), fmt.Sprintf("bytes */%d", len(whole.body)); got != want {
		t.Errorf("a range outside gives the length as %q, want %q", got, want)
	}
	if a := ranged("lines=1"); a.status != 200 || !bytes.Equal(a.body, whole.body) {
		t.Errorf("a range in another unit gives %d with %d bytes", a.status, len(a.body))
	}
	// The cache touches and remakes its files: a player that goes on must not begin anew.
	w.footage.remake = func(path string) string {
		again := filepath.Join(t.TempDir(), "again.mp4")
		data, err := os.ReadFile(path)
		if err = errors.Join(err, os.WriteFile(again, data, 0o600), os.Chtimes(again, time.Time{}, time.Unix(1, 0))); err != nil {
			t.Fatal(err)
		}
		return again
	}
	r := w.request(t, http.MethodGet, path, "")
	r.Header.Set("Range", "bytes=100-199")
	r.Header.Set("If-Range", whole.header.Get("ETag"))
	if a := w.do(t, r); a.status != 206 || len(a.body) != 100 {
		t.Errorf("a range of the same video gives %d with %d bytes", a.status, len(a.body))
	}
	w.footage.remake = nil
	head := w.do(t, w.request(t, http.MethodHead, path, ""))
	if head.status != 200 || head.header.Get("X-Video-Offset") != "1.000" || len(head.body) != 0 {
		t.Errorf("HEAD gives %d, %v", head.status, head.header)
	}
	w.footage.unplayable["line"] = true
	wantProblem(t, w.get(t, "/api/v1/clips/0000000100000006/video"), 406, "")
	w.footage.gone["gate"] = true
	wantProblem(t, w.get(t, path), 410, "")
	w.footage.gone, w.footage.missing = nil, true
	wantProblem(t, w.get(t, path), 410, "")

	slow := newWorld(t, func(w *world) { w.deps.Limits.FootageTime = time.Millisecond; w.footage.slow["gate"] = true })
	wantProblem(t, slow.get(t, path), 503, "")
	without := newWorld(t, func(w *world) { w.deps.Footage = nil })
	wantProblem(t, without.get(t, path), 404, "")
	if a := without.get(t, "/api/v1/clips/"+carClip+"/frames/2"); a.status != 200 {
		t.Errorf("the best frame without a player gives %d", a.status)
	}
}

func TestCameras(t *testing.T) {
	w := newWorld(t, nil)
	list := decode[struct{ Items []CameraState }](t, w.get(t, "/api/v1/cameras"))
	if len(list.Items) != 5 || list.Items[0].Name != "North gate" {
		t.Errorf("cameras %+v", list.Items)
	}
	w.cameras.err = errors.New("no idea")
	wantProblem(t, w.get(t, "/api/v1/cameras"), 500, "")
	without := newWorld(t, func(w *world) { w.deps.Cameras = nil })
	if a := without.get(t, "/api/v1/cameras"); strings.TrimSpace(string(a.body)) != `{"items":[]}` {
		t.Errorf("without cameras: %s", a.body)
	}
}

func TestStatusAndProbes(t *testing.T) {
	w := newWorld(t, nil)
	status := decode[statusInfo](t, w.get(t, "/api/v1/status"))
	if status.Site != "plant-7" || status.Version != "1.2.3" || !status.Ready || status.Index.Clips != 9 || status.Model.Pack != "stub 1" || len(status.Features) != 3 {
		t.Errorf("status %+v", status)
	}
	if a := w.get(t, "/livez"); a.status != 200 {
		t.Errorf("livez %d", a.status)
	}
	if a := w.get(t, "/readyz"); a.status != 200 || bytes.Contains(a.body, []byte("parts")) {
		t.Errorf("readyz %d %s", a.status, a.body)
	}
	if r := decode[Readiness](t, w.get(t, "/readyz?verbose")); len(r.Parts) != 1 || !r.Parts[0].OK {
		t.Errorf("verbose readyz %+v", r)
	}
	w.ready = Readiness{Parts: []Part{{Name: "model", Detail: "loading"}}}
	if a := w.get(t, "/readyz?verbose"); a.status != 503 || !decode[Readiness](t, a).Parts[0].equal("model", false) {
		t.Errorf("not ready: %d %s", a.status, a.body)
	}
	if v := decode[Version](t, w.get(t, "/version")); v.Version != "1.2.3" || v.Commit != "abc" {
		t.Errorf("version %+v", v)
	}
}

func (p Part) equal(name string, ok bool) bool { return p.Name == name && p.OK == ok }

func TestMetrics(t *testing.T) {
	w := newWorld(t, nil)
	w.get(t, "/api/v1/search?q=car")
	w.get(t, "/api/v1/search?q=giraffe")
	w.get(t, "/api/v1/clips/"+carClip)
	w.get(t, "/no/such/path/1")
	w.get(t, "/no/such/path/2")
	text := string(w.get(t, "/metrics").body)
	for _, want := range []string{
		`gemba_build_info{commit="abc",goversion="go1",version="1.2.3"} 1`,
		`gemba_index_clips 9`,
		`gemba_search_duration_seconds_count{stage="scan"} 2`,
		`gemba_search_duration_seconds_count{stage="total"} 2`,
		`gemba_search_results_total{result="match"} 1`,
		`gemba_search_results_total{result="no_match"} 1`,
		`gemba_http_requests_total{code="200",route="/api/v1/search"} 2`,
		`gemba_http_requests_total{code="200",route="/api/v1/clips/{id}"} 1`,
		`gemba_http_requests_total{code="404",route="other"} 2`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(text, "giraffe") || strings.Contains(text, carClip) {
		t.Error("metrics name questions or clips")
	}
}

func TestImports(t *testing.T) {
	w := newWorld(t, nil)
	a := w.post(t, "/api/v1/imports", `{"paths": ["/srv/footage"], "camera": "gate", "start": "2026-03-01T08:00:00Z"}`)
	if a.status != 202 || a.header.Get("Location") != "/api/v1/jobs/job-1" {
		t.Fatalf("status %d, location %q: %s", a.status, a.header.Get("Location"), a.body)
	}
	if got := decode[map[string]string](t, a); got["job"] != "job-1" {
		t.Errorf("answer %v", got)
	}
	if got := w.importer.got[0]; got.Paths[0] != "/srv/footage" || got.Camera != "gate" || !got.Start.Equal(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("imported %+v", got)
	}
	if job := decode[JobState](t, w.get(t, "/api/v1/jobs/job-1")); job.ID != "job-1" || job.State != JobRunning || job.Progress != 0.25 || job.ETASeconds != nil {
		t.Errorf("job %+v", job)
	}
	if status := decode[statusInfo](t, w.get(t, "/api/v1/status")); len(status.Jobs) != 1 || status.Jobs[0].ID != "job-1" {
		t.Errorf("jobs in the status %+v", status.Jobs)
	}
	if job := w.do(t, w.request(t, http.MethodDelete, "/api/v1/jobs/job-1", "")); job.status != 202 || decode[JobState](t, job).State != JobCancelled {
		t.Errorf("cancel gives %d %s", job.status, job.body)
	}
	wantProblem(t, w.get(t, "/api/v1/jobs/job-9"), 404, "")
	wantProblem(t, w.do(t, w.request(t, http.MethodDelete, "/api/v1/jobs/job-9", "")), 404, "")

	for name, tt := range map[string]struct{ body, field string }{
		"no paths":      {`{"paths": [], "camera": "gate"}`, "paths"},
		"relative path": {`{"paths": ["footage"], "camera": "gate"}`, "paths"},
		"zero byte":     {`{"paths": ["/a\u0000b"], "camera": "gate"}`, "paths"},
		"no camera":     {`{"paths": ["/a"], "camera": ""}`, "camera"},
		"camera absent": {`{"paths": ["/a"]}`, "camera"},
		"camera name":   {`{"paths": ["/a"], "camera": "Gate 1"}`, "camera"},
		"bad start":     {`{"paths": ["/a"], "camera": "gate", "start": "today"}`, "start"},
	} {
		t.Run(name, func(t *testing.T) {
			p := wantProblem(t, w.post(t, "/api/v1/imports", tt.body), 422, "")
			if name != "camera absent" && (len(p.Errors) == 0 || p.Errors[0].Field != tt.field) {
				t.Errorf("errors %+v", p.Errors)
			}
			if !strings.Contains(p.Detail, tt.field) {
				t.Errorf("%q does not name %s", p.Detail, tt.field)
			}
		})
	}
	w.importer.err = ErrBusy
	wantProblem(t, w.post(t, "/api/v1/imports", `{"paths": ["/a"], "camera": "gate"}`), 503, "")
	w.importer.err = &query.InvalidError{Field: "paths", Reason: "there is no /a"}
	wantProblem(t, w.post(t, "/api/v1/imports", `{"paths": ["/a"], "camera": "gate"}`), 422, "paths")
	w.importer.err = errors.New("disk full")
	wantProblem(t, w.post(t, "/api/v1/imports", `{"paths": ["/a"], "camera": "gate"}`), 500, "")
	without := newWorld(t, func(w *world) { w.deps.Importer = nil })
	wantProblem(t, without.post(t, "/api/v1/imports", `{}`), 404, "")
}

func TestWritesFromOtherSites(t *testing.T) {
	w := newWorld(t, nil)
	body := `{"paths": ["/a"], "camera": "gate"}`
	tests := []struct {
		name   string
		header map[string]string
		status int
	}{
		{"a program", nil, 202},
		{"the page", map[string]string{"Origin": w.url, "Sec-Fetch-Site": "same-origin"}, 202},
		{"another site", map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403},
		{"another site in an old browser", map[string]string{"Origin": "https://evil.example"}, 403},
		{"a hidden origin", map[string]string{"Origin": "null"}, 403},
		{"another port", map[string]string{"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := w.request(t, http.MethodPost, "/api/v1/imports", body)
			r.Header.Set("Content-Type", "application/json")
			for name, value := range tt.header {
				r.Header.Set(name, value)
			}
			a := w.do(t, r)
			if a.status != tt.status {
				t.Errorf("status %d, want %d: %s", a.status, tt.status, a.body)
			}
			if a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("the service speaks CORS")
			}
		})
	}
	remote := httptest.NewRequest(http.MethodPost, "/api/v1/imports", strings.NewReader(body))
	remote.Host, remote.RemoteAddr = "localhost", "192.0.2.7:999"
	remote.Header.Set("Content-Type", "application/json")
	if rec := serve(w.server.Config.Handler, remote); rec.Code != 403 {
		t.Errorf("an import from another machine gives %d", rec.Code)
	}
}

func TestHosts(t *testing.T) {
	w := newWorld(t, func(w *world) { w.deps.Hosts = []string{"Box.Example:8470"} })
	handler := w.server.Config.Handler
	lan := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 8470}
	unix := &net.UnixAddr{Name: "/run/gembad.sock", Net: "unix"}
	tests := []struct {
		host  string
		local net.Addr
		ok    bool
	}{
		{"localhost", lan, true}, {"LOCALHOST:8470", lan, true}, {"localhost.", lan, true}, {"127.0.0.1:8470", lan, true}, {"[::1]:8470", lan, true}, {"[::1]", lan, true},
		{"192.0.2.1:8470", lan, true}, {"192.0.2.2", lan, false}, {"192.0.2.1", nil, false},
		{"box.example", lan, true}, {"evil.example", lan, false}, {"localhost.evil.example", lan, false}, {"", lan, false},
		{"evil.example", unix, true}, {"", unix, true},
	}
	for _, tt := range tests {
		r := httptest.NewRequest(http.MethodGet, "/livez", nil)
		r.Host = tt.host
		if tt.local != nil {
			r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, tt.local))
		}
		rec := serve(handler, r)
		if want := map[bool]int{true: 200, false: 421}[tt.ok]; rec.Code != want {
			t.Errorf("host %q over %v gives %d, want %d", tt.host, tt.local, rec.Code, want)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	w := newWorld(t, nil)
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := NewServer(w.server.Config.Handler, nil)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", path)
	}}}
	t.Cleanup(client.CloseIdleConnections)
	response, err := client.Post("http://gembad/api/v1/imports", "application/json", strings.NewReader(`{"paths": ["/a"], "camera": "gate"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 202 {
		t.Errorf("an import over the socket gives %d", response.StatusCode)
	}
}

func TestUnknownRoutes(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/nothing", "/api/v1/", "/api/v1/clips", "/api/v2/search", "/assets/", "/assets/../service.go", "/favicon.ico"} {
		wantProblem(t, w.get(t, path), 404, "")
	}
	for path, allow := range map[string]string{"/api/v1/cameras": "GET, HEAD", "/api/v1/search": "GET, HEAD, POST", "/": "GET, HEAD", "/metrics": "GET, HEAD", "/api/v1/imports": "POST", "/api/v1/jobs/1": "GET, HEAD, DELETE"} {
		a := w.do(t, w.request(t, http.MethodPut, path, ""))
		wantProblem(t, a, 405, "")
		if got := a.header.Get("Allow"); got != allow {
			t.Errorf("PUT %s allows %q, want %q", path, got, allow)
		}
	}
	wantProblem(t, w.do(t, w.request(t, "BREW", "/api/v1/search", "")), 405, "")
}

func TestSecurityHeaders(t *testing.T) {
	w := newWorld(t, nil)
	for _, path := range []string{"/", "/api/v1/search?q=car", "/nothing", "/assets/app.js"} {
		h := w.get(t, path).header
		csp := h.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestPageFiles(t *testing.T) {
	w := newWorld(t, nil)
	page := w.get(t, "/")
	if page.status != 200 || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Fatalf("status %d", page.status)
	}
	text := string(page.body)
	for _, bad := range []string{"http://", "https://", "<script>", "style=\"", "onclick"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page has %q in it: it must work without the network and under the content policy", bad)
		}
	}
	r := w.request(t, http.MethodGet, "/", "")
	r.Header.Set("If-None-Match", page.header.Get("ETag"))
	if a := w.do(t, r); a.status != 304 {
		t.Errorf("the same page again gives %d", a.status)
	}
	for _, asset := range []string{"app.js", "app.css", "icon.svg"} {
		a := w.get(t, "/assets/"+asset)
		if a.status != 200 || a.header.Get("Content-Type") == "" || !strings.Contains(text, "/assets/"+asset) {
			t.Errorf("%s: status %d, type %q", asset, a.status, a.header.Get("Content-Type"))
		}
		if strings.Contains(strings.ReplaceAll(string(a.body), "http://www.w3.org/", ""), "http://") || strings.Contains(string(a.body), "https://") {
			t.Errorf("%s speaks of another host", asset)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	w := newWorld(t, nil)
	a := w.get(t, "/api/v1/openapi.json")
	if a.status != 200 {
		t.Fatalf("status %d", a.status)
	}
	spec := decode[struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]any
			}
			RequestBody struct{ Content map[string]any }
			Parameters  []struct{ Name string }
		}
		Components struct{ Schemas map[string]any }
	}](t, a)
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("version %q", spec.OpenAPI)
	}
	for path, methods := range map[string][]string{
		"/api/v1/search": {"get", "post"}, "/api/v1/clips/{id}": {"get"}, "/api/v1/clips/{id}/thumbnail": {"get"}, "/api/v1/clips/{id}/frames/{n}": {"get"},
		"/api/v1/clips/{id}/video": {"get"}, "/api/v1/cameras": {"get"}, "/api/v1/status": {"get"}, "/api/v1/imports": {"post"}, "/api/v1/jobs/{id}": {"get", "delete"},
	} {
		for _, method := range methods {
			if _, ok := spec.Paths[path][method]; !ok {
				t.Errorf("%s %s is not described", method, path)
			}
		}
	}
	search := spec.Paths["/api/v1/search"]["post"]
	if search.RequestBody.Content["multipart/form-data"] == nil || search.RequestBody.Content["application/json"] == nil {
		t.Errorf("bodies of a search: %v", search.RequestBody.Content)
	}
	if search.Responses["422"].Content[problemType] == nil {
		t.Errorf("a bad search is described with %v", search.Responses["422"].Content)
	}
	for _, name := range []string{"Problem", "Response", "Result"} {
		if spec.Components.Schemas[name] == nil {
			t.Errorf("schema %s is missing", name)
		}
	}
}

// blockingEngine answers when told to.
type blockingEngine struct {
	entered chan struct{}
	release chan struct{}
}

func (e *blockingEngine) Search(ctx context.Context, _ query.Request) (*query.Response, error) {
	e.entered <- struct{}{}
	select {
	case <-e.release:
		return &query.Response{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestSearchesAtOneTime(t *testing.T) {
	engine := &blockingEngine{entered: make(chan struct{}), release: make(chan struct{})}
	w := newWorld(t, func(w *world) {
		w.deps.Engine = engine
		w.deps.Limits = Limits{Searches: 1, QueueTime: time.Millisecond}
	})
	first := make(chan int)
	go func() { first <- w.get(t, "/api/v1/search?q=a").status }()
	<-engine.entered
	a := w.get(t, "/api/v1/search?q=a")
	if p := wantProblem(t, a, 503, ""); p.RetryAfterSeconds < 1 || a.header.Get("Retry-After") == "" {
		t.Errorf("problem %+v", p)
	}
	engine.release <- struct{}{}
	if status := <-first; status != 200 {
		t.Errorf("the search that was let in gives %d", status)
	}
}

func TestGate(t *testing.T) {
	g := newGate(1, 1, time.Hour)
	leave := g.enter(context.Background())
	entered := make(chan func())
	go func() { entered <- g.enter(context.Background()) }()
	for len(g.waiting) == 0 {
		runtime.Gosched()
	}
	if g.enter(context.Background()) != nil {
		t.Fatal("a third was let in beside one working and one waiting")
	}
	leave()
	leave = <-entered
	if leave == nil {
		t.Fatal("the one waiting was not let in")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if g.enter(ctx) != nil {
		t.Error("one who gave up was let in")
	}
	leave()
	if leave = g.enter(context.Background()); leave == nil {
		t.Error("the gate stays shut")
	}
}

func TestRates(t *testing.T) {
	w := newWorld(t, func(w *world) {
		w.deps.Limits = Limits{RemoteRate: 0.001, RemoteBurst: 2 * searchCost, LoopbackRate: 0.001, LoopbackBurst: 100 * searchCost}
	})
	status := func(remote, path string) int {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Host, r.RemoteAddr = "localhost", remote
		return serve(w.server.Config.Handler, r).Code
	}
	for i, want := range []int{200, 200, 429} {
		if got := status("192.0.2.7:1", "/api/v1/search?q=car"); got != want {
			t.Errorf("search %d gives %d, want %d", i, got, want)
		}
	}
	if got := status("192.0.2.7:2", "/livez"); got != 429 {
		t.Errorf("another port of the same address gives %d", got)
	}
	if got := status("192.0.2.8:1", "/livez"); got != 200 {
		t.Errorf("another address gives %d", got)
	}
	for range 2 {
		status("[2001:db8::1]:1", "/api/v1/search?q=car")
	}
	if got := status("[2001:db8::2]:1", "/livez"); got != 429 {
		t.Errorf("a neighbour in the same IPv6 network gives %d", got)
	}
	for i := range 50 {
		if got := status("127.0.0.1:1", "/api/v1/search?q=car"); got != 200 {
			t.Fatalf("loopback search %d gives %d", i, got)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/livez", nil)
	r.Host, r.RemoteAddr = "localhost", "192.0.2.7:1"
	rec := serve(w.server.Config.Handler, r)
	if p := wantProblem(t, answer{rec.Code, rec.Header(), rec.Body.Bytes()}, 429, ""); p.RetryAfterSeconds < 1 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("problem %+v", p)
	}
}

func TestRateLimiter(t *testing.T) {
	now := noon
	l := newRateLimiter(func() time.Time { return now })
	take := func() bool { _, ok := l.take("a", 5, 10, 10); return ok }
	for i, want := range []bool{true, true, false} {
		if take() != want {
			t.Fatalf("from a burst of 10, take %d of 5 gives %v", i, !want)
		}
	}
	wait, _ := l.take("a", 5, 10, 10)
	if wait != 500*time.Millisecond {
		t.Errorf("wait %v, want half a second", wait)
	}
	now = now.Add(wait)
	if !take() || take() {
		t.Error("half a second does not give 5 tokens")
	}
	now = now.Add(-time.Hour)
	if take() {
		t.Error("a clock set back gives tokens")
	}
	for i := range 3 * maxBuckets {
		l.take(string(rune(i+1000)), 1, 1, 1)
	}
	if len(l.buckets) > maxBuckets || l.recent.Len() != len(l.buckets) {
		t.Errorf("%d buckets are kept", len(l.buckets))
	}
}

func TestNewNeedsParts(t *testing.T) {
	if _, err := New(Deps{}); err == nil {
		t.Error("a service without parts was made")
	}
	w := newWorld(t, nil)
	if _, err := New(w.deps); err == nil {
		t.Error("two services share one registry")
	}
}
