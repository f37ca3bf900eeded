package agent

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/index"
)

func folderCamera(id, path string) Camera {
	return Camera{ID: id, Name: id, Source: camera.Source{Kind: camera.Folder, Path: path}, Location: time.UTC}
}

// until waits for a condition that another goroutine brings about.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func start(t *testing.T, c *Cameras) (stop func() error) {
	t.Helper()
	running, cancel := context.WithCancel(ctx)
	result := make(chan error, 1)
	go func() { result <- c.Run(running) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() { cancel(); err = <-result })
		return err
	}
	t.Cleanup(func() { _ = stop() })
	return stop
}

func status(c *Cameras, id string) CameraStatus {
	for _, s := range c.Status() {
		if s.ID == id {
			return s
		}
	}
	return CameraStatus{}
}

func TestCamerasTakeTheirFootageIn(t *testing.T) {
	b := newBench(t)
	b.write(t, "nvr/1.mp4", "video 8")
	b.write(t, "nvr/2.mp4", "video 9")
	one := b.write(t, "one.mp4", "video 10")
	c := NewCameras(b.Importer)
	c.Set([]Camera{
		folderCamera("nvr", filepath.Join(b.dir, "nvr")),
		{ID: "one", Source: camera.Source{Kind: camera.File, Path: one}, Location: time.UTC},
		{ID: "live", Source: camera.Source{Kind: camera.RTSP, URL: "rtsp://x/y"}},
		{ID: "gone", Source: camera.Source{Kind: camera.File, Path: filepath.Join(b.dir, "gone.mp4")}, Location: time.UTC},
	})
	stop := start(t, c)
	until(t, "both cameras are idle", func() bool {
		return status(c, "nvr").State == CameraIdle && status(c, "one").State == CameraIdle
	})
	perCamera := map[string]time.Duration{}
	for _, clip := range b.store.clips {
		perCamera[clip.Camera] += clip.Duration
	}
	if perCamera["nvr"] != 17*time.Second || perCamera["one"] != 10*time.Second {
		t.Errorf("indexed: %v", perCamera)
	}
	if s := status(c, "live"); s.State != CameraUnsupported || !strings.Contains(s.Reason, "folder source") {
		t.Errorf("live: %+v", s)
	}
	until(t, "the missing file is noticed", func() bool { return status(c, "gone").State == CameraFailed })
	if s := status(c, "gone"); !strings.Contains(s.Reason, "no such file") {
		t.Errorf("gone: %+v", s)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}

	// A second start takes nothing in again and opens nothing.
	opens := b.media.opened()
	b.reopen(t)
	c = NewCameras(b.Importer)
	c.Set([]Camera{folderCamera("nvr", filepath.Join(b.dir, "nvr"))})
	start(t, c)
	until(t, "the camera is idle", func() bool { return status(c, "nvr").State == CameraIdle })
	if n := b.media.opened() - opens; n != 0 {
		t.Errorf("%d files were opened again", n)
	}
}

func TestReloadAddsAndRemovesCameras(t *testing.T) {
	b := newBench(t)
	b.write(t, "a/1.mp4", "video 8")
	b.write(t, "b/1.mp4", "video 9")
	c := NewCameras(b.Importer)
	a := folderCamera("a", filepath.Join(b.dir, "a"))
	c.Set([]Camera{a})
	start(t, c)
	until(t, "a is idle", func() bool { return status(c, "a").State == CameraIdle })
	w := c.watches[0]
	c.Set([]Camera{a, folderCamera("b", filepath.Join(b.dir, "b"))})
	if c.watches[0] != w {
		t.Error("a camera that did not change was disturbed")
	}
	until(t, "b is idle", func() bool { return status(c, "b").State == CameraIdle })
	c.Set(nil)
	if len(c.Status()) != 0 {
		t.Errorf("left: %+v", c.Status())
	}
}

func TestRunEndsWhenTheStoreBreaks(t *testing.T) {
	b := newBench(t)
	b.write(t, "1.mp4", "video 8")
	b.write(t, "2.mp4", "video 9")
	boom := errors.New("boom")
	b.store.before = func(int) error { return boom }
	c := NewCameras(b.Importer)
	c.Set([]Camera{folderCamera("a", b.dir)})
	if err := c.Run(ctx); !errors.Is(err, boom) {
		t.Errorf("got %v", err)
	}
}

func TestDiskFullIsShown(t *testing.T) {
	b := newBench(t)
	b.write(t, "1.mp4", "video 8")
	b.WaitForSpace = true
	waiting := make(chan time.Time)
	b.after = func(time.Duration) <-chan time.Time { return waiting }
	room := make(chan struct{})
	b.store.before = func(int) error {
		select {
		case <-room:
			return nil
		default:
			return index.ErrDiskFull
		}
	}
	c := NewCameras(b.Importer)
	c.Set([]Camera{folderCamera("a", b.dir)})
	start(t, c)
	until(t, "the camera waits", func() bool { return status(c, "a").State == CameraWaiting })
	if s := status(c, "a"); !strings.Contains(s.Reason, "disk is full") {
		t.Errorf("got %+v", s)
	}
	close(room)
	waiting <- time.Time{}
	until(t, "the camera is idle", func() bool { return status(c, "a").State == CameraIdle })
	b.noClipTwice(t)
}

// scan looks through a camera's source as its scanner would at a moment.
func scan(t *testing.T, b *bench, w *watch, now time.Time) []string {
	t.Helper()
	if err := w.scan(ctx, b.Ledger, now, steadyAge); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range w.pending {
		names = append(names, filepath.Base(f.path))
	}
	return names
}

func TestFilesStillWrittenAreLeftAlone(t *testing.T) {
	b := newBench(t)
	w := newWatch(folderCamera("a", b.dir))
	now := time.Date(2026, 7, 14, 9, 0, 0, 0, time.UTC)
	b.write(t, "old.mp4", "video 8")
	growing := b.write(t, "growing.mp4", "video")
	touch := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(growing, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(growing, at, at); err != nil {
			t.Fatal(err)
		}
	}
	touch("video", now)
	if got := scan(t, b, w, now); len(got) != 1 || got[0] != "old.mp4" {
		t.Fatalf("first scan: %v", got)
	}
	touch("video 1", now.Add(20*time.Second))
	if got := scan(t, b, w, now.Add(30*time.Second)); len(got) != 1 {
		t.Fatalf("while it grows: %v", got)
	}
	if got := scan(t, b, w, now.Add(60*time.Second)); len(got) != 2 || got[1] != "growing.mp4" { // the newest is next
		t.Fatalf("when it is steady: %v", got)
	}
	if s := w.status(false); s.State != CameraImporting || s.Files != 2 {
		t.Errorf("got %+v", s)
	}
}

func TestFailedFilesAreTriedAgainLater(t *testing.T) {
	b := newBench(t)
	w := newWatch(folderCamera("a", b.dir))
	bad := b.write(t, "bad.mp4", "a letter")
	b.write(t, "worse.mp4", "another letter")
	now := time.Date(2026, 7, 14, 9, 0, 0, 0, time.UTC)
	failAll := func(now time.Time) {
		for j := w.take(); j != nil; j = w.take() {
			j.outcome, j.err = failed, errNoVideo
			w.finished(j, now)
		}
	}
	if got := scan(t, b, w, now); len(got) != 2 {
		t.Fatalf("first scan: %v", got)
	}
	failAll(now)
	if got := scan(t, b, w, now.Add(retryFirst-1)); len(got) != 0 {
		t.Errorf("tried again at once: %v", got)
	}
	if s := w.status(false); s.State != CameraIdle || !strings.HasPrefix(s.Reason, "2 files could not be read") {
		t.Errorf("got %+v", s)
	}
	now = now.Add(retryFirst)
	if got := scan(t, b, w, now); len(got) != 2 {
		t.Errorf("after a minute: %v", got)
	}
	failAll(now)
	if got := scan(t, b, w, now.Add(2*retryFirst-1)); len(got) != 0 {
		t.Errorf("the pause did not grow: %v", got)
	}
	// A file that changed is tried at once; one that is gone is forgotten.
	if err := os.WriteFile(bad, []byte("video 5"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(bad, now.Add(-time.Hour), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(b.dir, "worse.mp4")); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, b, w, now.Add(time.Second)); len(got) != 1 || got[0] != "bad.mp4" {
		t.Errorf("after the repair: %v", got)
	}
	if len(w.failures) != 1 {
		t.Errorf("failures: %v", w.failures)
	}
}

func TestPendingTimeIsEstimated(t *testing.T) {
	w := newWatch(folderCamera("a", "/v"))
	w.pending = []found{{path: "a", size: 100}, {path: "b", size: 300}}
	if got := w.pendingTime(); got != 0 {
		t.Errorf("with nothing known: %s", got)
	}
	w.measured("a", time.Minute)
	if got := w.pendingTime(); got != 4*time.Minute {
		t.Errorf("by the rate of a: %s", got)
	}
	j := w.take()
	w.moved(j, time.Minute, 5*time.Minute, 3)
	if got := w.pendingTime(); got != 5*time.Minute {
		t.Errorf("a minute into b of five: %s", got)
	}
}
