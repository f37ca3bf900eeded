package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/internal/version"
)

// fakeDaemon answers on a Unix socket like gembad, from fixed data.
type fakeDaemon struct {
	mu        sync.Mutex
	searches  []searchRequest
	imports   []importRequest
	polls     int
	cancelled int
	failJob   bool // the import ends as failed, without a result
	forget    bool // jobs are unknown
	hold      bool // the job never ends
	polled    chan struct{}
}

func startFakeDaemon(t *testing.T, socket string) *fakeDaemon {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	d := &fakeDaemon{polled: make(chan struct{}, 1000)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/search", d.search)
	mux.HandleFunc("POST /api/v1/imports", d.startImport)
	mux.HandleFunc("GET /api/v1/jobs/{id}", d.job)
	mux.HandleFunc("DELETE /api/v1/jobs/{id}", d.cancel)
	mux.HandleFunc("GET /api/v1/cameras", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]any{"items": []map[string]any{
			{"id": "gate", "name": "North gate", "state": "running", "clips": 40, "last_frame": "2026-11-22T15:29:00Z", "gap_seconds": 12.5},
			{"id": "yard", "name": "Yard", "state": "idle", "clips": 2, "last_frame": nil, "gap_seconds": 0},
		}})
	})
	mux.HandleFunc("GET /api/v1/status", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]any{"index": map[string]any{
			"clips": 42, "partitions": 3, "bytes": map[string]int64{"log": 123456, "text": 2048}, "synced_to": "2026-11-22T15:29:30Z",
		}})
	})
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]string{"version": version.Version, "commit": version.Commit, "go": "go"})
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]any{"ready": true, "parts": []map[string]any{{"name": "index", "ok": true, "detail": "42 clips"}, {"name": "model", "ok": true, "detail": "cpu"}}})
	})
	server := &http.Server{Handler: mux}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	return d
}

// leaveStaleSocket leaves what a daemon that was killed leaves: a socket file
// that nobody listens on.
func leaveStaleSocket(t *testing.T, socket string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(socket), 0o755); err != nil {
		t.Fatal(err)
	}
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

func problem(w http.ResponseWriter, status int, detail, field, message string) {
	reply(w, status, map[string]any{"title": http.StatusText(status), "status": status, "detail": detail, "errors": []map[string]string{{"field": field, "message": message}}})
}

func (d *fakeDaemon) search(w http.ResponseWriter, r *http.Request) {
	var req searchRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		problem(w, 400, err.Error(), "body", err.Error())
		return
	}
	d.mu.Lock()
	d.searches = append(d.searches, req)
	d.mu.Unlock()
	for _, c := range req.Cameras {
		if c != "gate" && c != "yard" {
			text := fmt.Sprintf("there is no camera %q; there are: gate, yard", c)
			problem(w, 422, "cameras: "+text, "cameras", text)
			return
		}
	}
	switch req.Query {
	case "boom":
		reply(w, 500, map[string]any{"title": "Internal Server Error", "status": 500, "detail": "search failed; the log of the service says why under request 7"})
	case "verbatim":
		fmt.Fprintln(w, `{"items":[],"no_match":true,"field of a later version":{"a":1.50}}`)
	case "garbage":
		w.Write([]byte("<html>"))
	default:
		reply(w, 200, cannedAnswer(req.Query))
	}
}

// cannedAnswer is what both the fake daemon and the fake folder answer.
func cannedAnswer(words string) *query.Response {
	res := &query.Response{
		Items:      []query.Result{},
		Understood: query.Understood{Text: words, Without: []string{}, Phrases: []string{}, UnknownWords: []string{}},
		Coverage:   query.Coverage{Cameras: []query.CameraCoverage{{ID: "gate", Clips: 40}, {ID: "yard", Clips: 2}}, SearchedClips: 42},
		Timing:     query.Timing{Total: 0.0123},
		Model:      query.Model{Pack: "test 1", Provider: "cpu"},
	}
	if words == "nothing at all" {
		res.NoMatch = true
		return res
	}
	start := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	for i, c := range []query.Confidence{query.Confident, query.Possible} {
		id := fmt.Sprintf("%016x", 0x100000000+i)
		res.Items = append(res.Items, query.Result{
			ClipID: id, Camera: []string{"gate", "yard"}[i], Start: start.Add(time.Duration(i) * time.Hour), End: start.Add(time.Duration(i)*time.Hour + 4*time.Second),
			Score: 0.31 - float32(i)*0.05, Z: 4 - float64(i), Confidence: c, VideoURL: "/api/v1/clips/" + id + "/video",
		})
	}
	if words == "a worker with a helmet" {
		yes, no, support := true, false, float32(0.4)
		res.Items[0].MatchedFrame.N = 3
		res.Items[0].Words = []query.WordSupport{
			{Text: "a", Support: &support}, {Text: "worker", Support: &support, Supported: &yes}, {Text: "helmet", Support: &support, Supported: &no},
		}
	}
	if words == "a unicorn without a horn" {
		res.NoMatch = true
		res.Items = res.Items[1:]
		res.Items[0].Confidence = query.Weak
		res.Understood.Text, res.Understood.Without, res.Understood.UnknownWords = "a unicorn", []string{"a horn"}, []string{"unicorn"}
		res.Coverage.ExcludedClips = 7
	}
	return res
}

func (d *fakeDaemon) startImport(w http.ResponseWriter, r *http.Request) {
	var req importRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
		problem(w, 400, err.Error(), "body", err.Error())
		return
	}
	d.mu.Lock()
	d.imports = append(d.imports, req)
	d.mu.Unlock()
	reply(w, 202, map[string]string{"job": "j1"})
}

func (d *fakeDaemon) job(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.polls++
	d.polled <- struct{}{}
	eta := 3.0
	switch {
	case d.forget || r.PathValue("id") != "j1":
		reply(w, 404, map[string]any{"title": "Not Found", "status": 404, "detail": "there is no such job"})
	case d.failJob:
		reply(w, 200, map[string]any{"state": "failed", "progress": 0.5, "eta_seconds": nil, "error": "the disk is full: make room and import again", "result": nil})
	case d.polls < 3 || d.hold:
		reply(w, 200, map[string]any{"state": "running", "progress": 0.5, "eta_seconds": eta, "file": "/srv/a.mp4", "clips": 5, "result": nil})
	default:
		reply(w, 200, map[string]any{"state": "done", "progress": 1, "eta_seconds": nil, "result": cannedImport(d.imports[0].Paths)})
	}
}

func (d *fakeDaemon) cancel(w http.ResponseWriter, _ *http.Request) {
	d.mu.Lock()
	d.cancelled++
	d.mu.Unlock()
	reply(w, 202, map[string]any{"state": "cancelled", "progress": 0.5, "result": nil})
}

// cannedImport is the report of importing paths; one that ends in .txt fails, and
// one named "nothing" is a folder without footage.
func cannedImport(paths []string) agent.ImportReport {
	r := agent.ImportReport{Failed: []agent.Failure{}, WallSeconds: 1.5}
	for _, p := range paths {
		if filepath.Base(p) == "nothing" {
			continue
		}
		r.Files++
		if filepath.Ext(p) == ".txt" {
			r.Failed = append(r.Failed, agent.Failure{Path: p, Error: "this is no video file that can be read"})
			continue
		}
		r.Clips += 3
		r.SecondsOfFootage += 12
	}
	return r
}
