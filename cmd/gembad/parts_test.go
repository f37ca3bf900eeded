package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/record"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/httpapi"
	"github.com/gembahq/gemba/index/query"
)

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--version"}, 0, "gembad"},
		{[]string{"-h"}, 0, "usage:"},
		{nil, 2, "--config"},
		{[]string{"--nonsense"}, 2, "nonsense"},
		{[]string{"--config", "x", "y"}, 2, "takes no argument"},
		{[]string{"--config", "/nowhere/gemba.yaml"}, 78, "no such file"},
		{[]string{"--config", "../../agent/config/testdata/cameras/gemba.yaml", "--check"}, 78, "gemba.yaml:4: "},
	} {
		var out bytes.Buffer
		if code := run(c.args, &out, &out); code != c.code || !strings.Contains(out.String(), c.says) {
			t.Errorf("gembad %v: exit %d with %q; want %d and %q", c.args, code, out.String(), c.code, c.says)
		}
	}
	if code := exitCode(errors.Join(errors.New("x"), config.Problems{{Text: "y"}})); code != exitConfig {
		t.Errorf("a wrapped bad configuration gives %d", code)
	}
	if code := exitCode(fmt.Errorf("open: %w", index.ErrLocked)); code != exitFailure {
		t.Errorf("a locked folder gives %d", code)
	}
}

func TestJournalLines(t *testing.T) {
	var out bytes.Buffer
	level := &slog.LevelVar{}
	log := slog.New(newJournalHandler(&out, level)).With("camera", "gate").WithGroup("g")
	log.Debug("hidden")
	log.Info("one", "a", 1)
	log.Error("two")
	level.Set(slog.LevelDebug)
	log.Debug("three")
	want := "<6>msg=one camera=gate g.a=1\n<3>msg=two camera=gate\n<7>msg=three camera=gate\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestLogFormats(t *testing.T) {
	var out bytes.Buffer
	newLogger(&out, "json", slog.LevelInfo).Info("x")
	if !json.Valid(out.Bytes()) {
		t.Errorf("no JSON: %s", out.String())
	}
	out.Reset()
	t.Setenv("JOURNAL_STREAM", "1:2")
	newLogger(&out, "auto", slog.LevelInfo).Info("x")
	if !strings.HasPrefix(out.String(), "<6>") {
		t.Errorf("in the journal: %s", out.String())
	}
	out.Reset()
	newLogger(&out, "text", slog.LevelInfo).Info("x")
	if !strings.HasPrefix(out.String(), "time=") {
		t.Errorf("as text: %s", out.String())
	}
}

func TestSocketReplacesOnlyALeftover(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, socketName)
	l, err := listenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // as after a kill
	l.Close()
	if l, err = listenSocket(path); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := listenSocket(path); err == nil {
		t.Error("a file was taken for a socket")
	}
	if text, _ := os.ReadFile(path); string(text) != "precious" {
		t.Error("the file is gone")
	}
	if _, err := listenSocket(filepath.Join(dir, strings.Repeat("x", 120))); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("got %v", err)
	}
}

func TestListenSaysWhatIsInTheWay(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := listenAll(other.Addr().String(), t.TempDir(), quiet); err == nil || !strings.Contains(err.Error(), "http.listen") {
		t.Errorf("got %v", err)
	}
	run := t.TempDir()
	t.Setenv("RUNTIME_DIRECTORY", run)
	tcp, sockets, err := listenAll("127.0.0.1:0", t.TempDir(), quiet)
	if err != nil || len(sockets) != 2 {
		t.Fatalf("%d sockets, %v", len(sockets), err)
	}
	if _, err := os.Stat(filepath.Join(run, socketName)); err != nil {
		t.Error(err)
	}
	tcp.Close()
	for _, s := range sockets {
		s.Close()
	}
}

func TestServeLetsAnswersEnd(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		stop() // while the answer is under way
		_, _ = io.WriteString(w, "whole")
	})
	result := make(chan error, 1)
	go func() { result <- serveHTTP(l, handler, quiet)(ctx) }()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "whole" {
		t.Errorf("got %q, %v", body, err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// A question that is far too long reaches the handler, which says so, instead of
// being cut off by the server in plain text.
func TestServeTakesLongAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, len(r.URL.Query().Get("q"))) })
	go func() { result <- serveHTTP(l, handler, slog.New(slog.DiscardHandler))(ctx) }()
	answer, err := http.Get("http://" + l.Addr().String() + "/?q=" + strings.Repeat("a", 100_000))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != "100000" {
		t.Errorf("%d: %q, %v", answer.StatusCode, body, err)
	}
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestWatchdogIsQuietWhenSomethingIsWrong(t *testing.T) {
	notices, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "n"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notices.Close()
	t.Setenv("NOTIFY_SOCKET", notices.LocalAddr().String())
	healthy := error(nil)
	stalled := false
	w := &watchdog{notify: notifier{quiet}, logger: quiet, every: time.Hour,
		checks: []func(context.Context) error{func(context.Context) error { return healthy }}, stalled: func(time.Duration) bool { return stalled }}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.run(ctx) }()
	buf := make([]byte, 100)
	n, err := notices.Read(buf)
	if err != nil || string(buf[:n]) != "WATCHDOG=1" {
		t.Errorf("got %q, %v", buf[:n], err)
	}
	cancel()
	<-done
	healthy = errors.New("sick")
	if err := w.check(context.Background()); !errors.Is(err, healthy) {
		t.Errorf("got %v", err)
	}
	healthy, stalled = nil, true
	if err := w.check(context.Background()); err == nil {
		t.Error("a standing pipeline counts as healthy")
	}
	hang := make(chan struct{})
	defer close(hang)
	short, stop := context.WithTimeout(context.Background(), time.Millisecond)
	defer stop()
	if err := answers("the index", func() { <-hang })(short); err == nil {
		t.Error("a store that hangs counts as answering")
	}
}

func TestMemTotal(t *testing.T) {
	if got := memTotal(strings.NewReader("MemTotal:        4045720 kB\nMemFree: 1 kB\n")); got != 4045720<<10 {
		t.Errorf("got %d", got)
	}
	if got := memTotal(strings.NewReader("MemTotal: many kB\n")); got != 0 {
		t.Errorf("got %d", got)
	}
	if got := availableMemory(); got <= 0 {
		t.Errorf("this machine has %d bytes", got)
	}
}

func TestReloadKeepsTheLastGoodConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gemba.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("version: 1\n")
	active, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	applied := 0
	logger := newLogger(&log, "text", slog.LevelInfo)
	r := &reloader{file, func(c *config.Config) { active = c; applied++ }, func() *config.Config { return active }, notifier{logger}, logger}
	write("version: 1\nsite: other\nlog: {level: debug}\ncameras: [{id: a, source: \"folder:.\"}]\n")
	r.reload()
	if applied != 1 || len(active.Cameras) != 1 || active.Log.Level != "debug" || !strings.Contains(log.String(), "keys=site") {
		t.Errorf("applied %d times: %+v\n%s", applied, active, log.String())
	}
	log.Reset()
	write("version: 1\nsit: other\n")
	r.reload()
	if applied != 1 || !strings.Contains(log.String(), "gemba.yaml:2") || !strings.Contains(log.String(), "did you mean") || !strings.Contains(log.String(), "stays active") {
		t.Errorf("applied %d times\n%s", applied, log.String())
	}
}

type fakeCoverage []index.CameraCoverage

func (f fakeCoverage) Coverage(context.Context, index.Filter) ([]index.CameraCoverage, int, int, error) {
	return f, 0, 0, nil
}

func TestCameraListJoinsConfigurationAndIndex(t *testing.T) {
	to := time.Date(2026, 7, 14, 0, 0, 0, 0, time.UTC)
	l := cameraList{
		status: func() []agent.CameraStatus {
			return []agent.CameraStatus{{ID: "gate", Name: "Gate", State: agent.CameraImporting, Reason: "why", Pending: time.Minute}, {ID: "new", Name: "new", State: agent.CameraIdle}}
		},
		index: fakeCoverage{{Camera: "gate", Clips: 3, To: to, Gap: time.Second}, {Camera: "old", Clips: 9, To: to}},
	}
	got, err := l.List(context.Background())
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if g := got[0]; g.ID != "gate" || g.Clips != 3 || g.State != "importing" || g.Reason != "why" || g.PendingSeconds != 60 || g.GapSeconds != 1 || !g.LastFrame.Equal(to) {
		t.Errorf("gate: %+v", g)
	}
	if n := got[1]; n.ID != "new" || n.Clips != 0 || n.LastFrame != nil {
		t.Errorf("new: %+v", n)
	}
	if o := got[2]; o.ID != "old" || o.Clips != 9 || o.Reason == "" {
		t.Errorf("old: %+v", o)
	}
}

func TestFootageErrors(t *testing.T) {
	if err := footageError(fmt.Errorf("x: %w", record.ErrFootageGone)); !errors.Is(err, httpapi.ErrFootageGone) {
		t.Errorf("got %v", err)
	}
	if err := footageError(record.ErrNotPlayable); !errors.Is(err, httpapi.ErrNotPlayable) {
		t.Errorf("got %v", err)
	}
	if err := footageError(nil); err != nil {
		t.Errorf("got %v", err)
	}
}

type fakeModel struct{ got *frame.Frame }

func (m *fakeModel) EncodeClips(_ context.Context, clips [][]*frame.Frame) ([]encode.ClipEmbedding, error) {
	m.got = clips[0][0]
	return []encode.ClipEmbedding{{Vector: []float32{1}}}, nil
}

func TestPictures(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 3, 2))
	img.Set(1, 0, color.NRGBA{10, 20, 30, 255})
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		t.Fatal(err)
	}
	m := &fakeModel{}
	if v, err := (pictures{m}).EncodeImage(context.Background(), data.Bytes()); err != nil || len(v) != 1 {
		t.Fatalf("%v, %v", v, err)
	}
	if !m.got.Valid() || m.got.Width != 3 || m.got.Pix[3] != 10 || m.got.Pix[4] != 20 || m.got.Pix[5] != 30 {
		t.Errorf("the model saw %+v", m.got)
	}
	for _, bad := range [][]byte{nil, []byte("no picture"), data.Bytes()[:40]} {
		var invalid *query.InvalidError
		if _, err := (pictures{m}).EncodeImage(context.Background(), bad); !errors.As(err, &invalid) || invalid.Field != "image" {
			t.Errorf("%d bytes: %v", len(bad), err)
		}
	}
}

func FuzzDecodePicture(f *testing.F) {
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		f.Fatal(err)
	}
	f.Add(data.Bytes())
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		if img, err := decodePicture(data); err == nil && !img.Valid() {
			t.Error("a picture without its pixels")
		}
	})
}

func TestJobStates(t *testing.T) {
	s := jobState(agent.JobState{ID: "x", State: agent.JobRunning, Progress: 0.5, ETA: 3 * time.Second, File: "/a", Clips: 2})
	if s.ETASeconds == nil || *s.ETASeconds != 3 || s.Result != nil || s.File != "/a" {
		t.Errorf("got %+v", s)
	}
	s = jobState(agent.JobState{State: agent.JobDone, Result: &agent.ImportReport{Failed: []agent.Failure{}}})
	if text, err := json.Marshal(s); err != nil || !strings.Contains(string(text), `"failed":[]`) || !strings.Contains(string(text), `"eta_seconds":null`) {
		t.Errorf("%s, %v", text, err)
	}
}
