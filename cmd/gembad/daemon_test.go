package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// asDaemon makes the test binary gembad itself: the tests here run it as a
// process of its own, which can be killed.
const asDaemon = "GEMBAD_TEST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asDaemon) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// sample names the cameras and files of the sample footage.
var sample = map[string]string{
	"floor": "worker-zone-detection.mp4", "bottles": "bottle-detection.mp4", "cars": "car-detection.mp4",
	"lobby": "people-detection.mp4", "aisle": "store-aisle-detection.mp4", "bolts": "bolt-multi-size-detection.mp4",
	"corridor": "one-by-one-person-detection.mp4",
}

// needNative skips a test by name where gembad cannot run: no pack or no ONNX Runtime.
func needNative(t testing.TB) {
	t.Helper()
	p, err := encode.OpenPack("../../packaging/pack")
	if err != nil {
		t.Skipf("no bundled pack: %v", err)
	}
	e, err := encode.New(p, encode.Options{Provider: encode.CPU, Logger: quiet})
	if errors.Is(err, encode.ErrRuntime) {
		t.Skipf("no ONNX Runtime: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
}

func footageDir(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../../testdata/footage")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeConfig writes a configuration with a camera for each of the files and returns its path.
func writeConfig(t testing.TB, dir, dataDir string, cameras map[string]string, more string) string {
	t.Helper()
	var b strings.Builder
	pack, err := filepath.Abs("../../packaging/pack")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&b, "version: 1\ndata_dir: %s\nhttp: {listen: \"127.0.0.1:0\"}\nmodel: {pack: %s, provider: cpu}\ntimezone: UTC\n%s\ncameras:\n", dataDir, pack, more)
	for _, id := range slices.Sorted(maps.Keys(cameras)) {
		fmt.Fprintf(&b, "  - {id: %s, source: \"file://%s\"}\n", id, filepath.Join(footageDir(t), cameras[id]))
	}
	file := filepath.Join(dir, "gemba.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// process is a running gembad.
type process struct {
	t       testing.TB
	cmd     *exec.Cmd
	address string // http://…
	exited  chan struct{}
	code    int

	mu  sync.Mutex
	log bytes.Buffer
}

var readyLine = regexp.MustCompile(`msg=ready address=(http://[0-9.:]+)`)

// launch starts gembad and does not wait for it.
func launch(t testing.TB, config string) (*process, <-chan string) {
	t.Helper()
	p := &process{t: t, exited: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], "--config", config)
	p.cmd.Env = append(os.Environ(), asDaemon+"=1", "NOTIFY_SOCKET=", "RUNTIME_DIRECTORY=")
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			p.mu.Lock()
			fmt.Fprintln(&p.log, lines.Text())
			p.mu.Unlock()
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m[1]
			}
		}
	}()
	go func() {
		<-read
		_ = p.cmd.Wait()
		p.code = p.cmd.ProcessState.ExitCode()
		close(p.exited)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.exited
		if t.Failed() {
			t.Logf("gembad said at the end:\n%s", tail(p.said(), 5000))
		}
	})
	return p, ready
}

// begin starts gembad and waits until it is ready.
func begin(t testing.TB, config string) *process {
	t.Helper()
	p, ready := launch(t, config)
	select {
	case p.address = <-ready:
	case <-p.exited:
		t.Fatalf("gembad ended with %d before it was ready:\n%s", p.code, p.said())
	case <-time.After(2 * time.Minute):
		t.Fatalf("gembad is not ready after two minutes:\n%s", p.said())
	}
	return p
}

func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

func tail(s string, n int) string { return s[max(len(s)-n, 0):] }

func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// stop sends a signal and returns the exit code.
func (p *process) stop(s os.Signal) int {
	p.t.Helper()
	p.signal(s)
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		p.t.Fatalf("gembad does not stop:\n%s", p.said())
	}
	return p.code
}

// get asks the service and decodes its JSON, if into is not nil.
func (p *process) get(path string, into any) (int, []byte) {
	p.t.Helper()
	resp, err := http.Get(p.address + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(body, into); err != nil {
			p.t.Fatalf("%s: %s: %v", path, body, err)
		}
	}
	return resp.StatusCode, body
}

// metric reads one metric.
func (p *process) metric(name string) float64 {
	p.t.Helper()
	_, body := p.get("/metrics", nil)
	for line := range strings.Lines(string(body)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				p.t.Fatal(err)
			}
			return v
		}
	}
	p.t.Fatalf("no metric %s", name)
	return 0
}

// until waits for a condition of the process.
func (p *process) until(what string, ok func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for !ok() {
		select {
		case <-p.exited:
			p.t.Fatalf("gembad ended with %d while waiting until %s", p.code, what)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain until %s", what)
		}
	}
}

type cameraItem struct {
	ID, State, Reason string
	Clips             int
}

func (p *process) cameras() map[string]cameraItem {
	p.t.Helper()
	var list struct{ Items []cameraItem }
	p.get("/api/v1/cameras", &list)
	out := map[string]cameraItem{}
	for _, c := range list.Items {
		out[c.ID] = c
	}
	return out
}

func (p *process) untilIdle() {
	p.t.Helper()
	p.until("all footage is indexed", func() bool {
		for _, c := range p.cameras() {
			if c.State != "idle" {
				return false
			}
		}
		return true
	})
}

// indexed lists the clips of a data folder that no daemon has open: for each
// camera where in its file they begin, in order, and how long they are.
func indexed(t testing.TB, dataDir string, cameras map[string]string) map[string][]string {
	t.Helper()
	ctx := context.Background()
	s, err := index.OpenReadOnly(ctx, index.Options{Dir: dataDir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Verify(ctx, func(p index.Problem) { t.Errorf("damage: %+v", p) }); err != nil {
		t.Error(err)
	}
	out := map[string][]string{}
	total := 0
	for id, file := range cameras {
		key, _, err := ledger.Fingerprint(ctx, filepath.Join(footageDir(t), file))
		if err != nil {
			t.Fatal(err)
		}
		offsets, err := s.SourceOffsets(ctx, id, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range slices.Sorted(maps.Keys(offsets)) {
			c, err := s.Clip(ctx, offsets[at])
			if err != nil {
				t.Fatal(err)
			}
			out[id] = append(out[id], fmt.Sprintf("%s for %s, %d frames", at, c.Duration, len(c.FrameOffsets)))
			if _, err := s.Thumbnail(ctx, offsets[at]); err != nil {
				t.Errorf("%s at %s: %v", id, at, err)
			}
		}
		total += len(offsets)
	}
	// SourceOffsets has each place once; a clip that is there twice shows in the count.
	if n := s.Clips(); n != total {
		t.Errorf("%d clips in the index at %d places", n, total)
	}
	return out
}

// referenceOnce holds what one undisturbed import of the sample gives.
var referenceOnce struct {
	sync.Mutex
	clips map[string][]string
}

func referenceClips(t *testing.T) map[string][]string {
	t.Helper()
	referenceOnce.Lock()
	defer referenceOnce.Unlock()
	if referenceOnce.clips == nil {
		dir := t.TempDir()
		p := begin(t, writeConfig(t, dir, filepath.Join(dir, "data"), sample, ""))
		p.untilIdle()
		if code := p.stop(syscall.SIGTERM); code != 0 {
			t.Fatalf("exit %d", code)
		}
		referenceOnce.clips = indexed(t, filepath.Join(dir, "data"), sample)
	}
	return referenceOnce.clips
}

func sameClips(t *testing.T, got, want map[string][]string) {
	t.Helper()
	for id := range want {
		if !slices.Equal(got[id], want[id]) {
			t.Errorf("%s has %d clips:\n  %s\nwant %d:\n  %s", id, len(got[id]), strings.Join(got[id], "\n  "), len(want[id]), strings.Join(want[id], "\n  "))
		}
	}
}

func TestDaemonAnswers(t *testing.T) {
	needNative(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := writeConfig(t, dir, data, sample, "")
	p := begin(t, file)

	// A second daemon on the same folder is refused and disturbs nothing.
	second, _ := launch(t, file)
	<-second.exited
	if second.code != exitFailure || !strings.Contains(second.said(), "in use") {
		t.Errorf("the second daemon ended with %d:\n%s", second.code, second.said())
	}
	p.untilIdle()

	type answer struct {
		Items []struct {
			ClipID   string `json:"clip_id"`
			Camera   string
			VideoURL string `json:"video_url"`
			Frame    struct {
				URL string `json:"url"`
			} `json:"matched_frame"`
			Thumbnail string `json:"thumbnail_url"`
		}
	}
	var found answer
	query := "/api/v1/search?q=" + url.QueryEscape("plastic bottles")
	if code, body := p.get(query, &found); code != 200 || len(found.Items) == 0 || found.Items[0].Camera != "bottles" {
		t.Fatalf("%d: %s", code, body)
	}
	best := found.Items[0]
	if code, body := p.get(best.VideoURL, nil); code != 200 || len(body) < 1000 || string(body[4:8]) != "ftyp" {
		t.Errorf("video: %d, %d bytes", code, len(body))
	}
	for _, picture := range []string{best.Frame.URL, best.Thumbnail} {
		if code, body := p.get(picture, nil); code != 200 || !bytes.HasPrefix(body, []byte{0xff, 0xd8}) {
			t.Errorf("%s: %d, %d bytes", picture, code, len(body))
		}
	}
	// The words of a camera's name and of a file's name are found.
	for text, camera := range map[string]string{"aisle": "aisle", "bolt": "bolts"} {
		var a answer
		if _, body := p.get("/api/v1/search?q=&text="+text, &a); len(a.Items) == 0 || a.Items[0].Camera != camera {
			t.Errorf("text %q: %s", text, body)
		}
	}
	// The socket gives the same answer.
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(data, socketName))
	}}}
	resp, err := client.Get("http://localhost" + query)
	if err != nil {
		t.Fatal(err)
	}
	var local answer
	err = json.NewDecoder(resp.Body).Decode(&local)
	resp.Body.Close()
	if err != nil || len(local.Items) == 0 || local.Items[0].ClipID != best.ClipID {
		t.Errorf("over the socket: %+v, %v", local, err)
	}
	if code := p.stop(syscall.SIGINT); code != exitOK {
		t.Errorf("exit %d", code)
	}
	if _, err := os.Stat(filepath.Join(data, socketName)); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}

	// The second start takes nothing in again.
	p = begin(t, file)
	p.untilIdle()
	if n := p.metric(`gemba_import_files_total{result="taken"}`); n != 0 {
		t.Errorf("%v files were taken in again", n)
	}
	if _, body := p.get(query, &found); found.Items[0].ClipID != best.ClipID {
		t.Errorf("after the restart: %s", body)
	}
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
}

// TestKillDuringImport kills gembad again and again while it takes the sample
// in, each time after another number of clips, and then lets it finish: every
// clip is there once.
func TestKillDuringImport(t *testing.T) {
	needNative(t)
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	want := referenceClips(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := writeConfig(t, dir, data, sample, "")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	midway := 0
	for round := range rounds {
		var p *process
		if round%5 == 4 {
			// Also while it is still starting.
			var ready <-chan string
			p, ready = launch(t, file)
			select {
			case <-ready:
			case <-time.After(time.Duration(random.IntN(600)) * time.Millisecond):
			}
		} else {
			p = begin(t, file)
			clips := float64(random.IntN(3))
			p.until("some clips are indexed", func() bool {
				return p.metric("gemba_import_clips_total") >= clips || p.allIdle()
			})
			time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond) // between the steps of a clip, too
		}
		if p.address != "" && !p.allIdle() {
			midway++
		}
		p.signal(syscall.SIGKILL)
		<-p.exited
	}
	t.Logf("of %d kills %d were in the middle of the import", rounds, midway)
	p := begin(t, file)
	p.untilIdle()
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
	sameClips(t, indexed(t, data, sample), want)
}

func (p *process) allIdle() bool {
	for _, c := range p.cameras() {
		if c.State != "idle" {
			return false
		}
	}
	return true
}

func TestTermIndexesWhatWasCut(t *testing.T) {
	needNative(t)
	want := referenceClips(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	file := writeConfig(t, dir, data, sample, "")
	p := begin(t, file)
	p.until("the import is under way", func() bool { return p.metric("gemba_import_clips_total") >= 2 })
	before := int(p.metric("gemba_import_clips_total"))
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
	kept := 0
	for _, clips := range indexed(t, data, sample) {
		kept += len(clips)
	}
	if kept < before {
		t.Errorf("%d clips are kept of the %d that were indexed", kept, before)
	}
	p = begin(t, file)
	p.untilIdle()
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
	sameClips(t, indexed(t, data, sample), want)
}

func TestReloadWhileRunning(t *testing.T) {
	needNative(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	one := map[string]string{"lobby": sample["lobby"]}
	p := begin(t, writeConfig(t, dir, data, one, ""))
	p.untilIdle()
	two := map[string]string{"lobby": sample["lobby"], "bolts": sample["bolts"]}
	file := writeConfig(t, dir, data, two, "")
	p.signal(syscall.SIGHUP)
	p.until("the new camera is indexed", func() bool { c, ok := p.cameras()["bolts"]; return ok && c.State == "idle" && c.Clips > 0 })
	if err := os.WriteFile(file, []byte("version: 1\ncameras: 5\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGHUP)
	p.until("the mistake is reported", func() bool { return strings.Contains(p.said(), "stays active") })
	if c := p.cameras(); len(c) != 2 || c["lobby"].Clips == 0 {
		t.Errorf("cameras: %+v", c)
	}
	// A camera that is taken out keeps its clips.
	writeConfig(t, dir, data, one, "")
	p.signal(syscall.SIGHUP)
	p.until("the camera is out", func() bool { return strings.Contains(p.cameras()["bolts"].Reason, "not in the configuration") })
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
}

// TestDiskFaultFull gives the data folder a file system that is too small, and
// later a larger one.
func TestDiskFaultFull(t *testing.T) {
	needNative(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system")
	}
	want := referenceClips(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.Mkdir(data, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, "size=300k"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(data, syscall.MNT_DETACH) })
	p := begin(t, writeConfig(t, dir, data, sample, ""))
	type readiness struct {
		Ready bool
		Parts []struct {
			Name   string
			OK     bool
			Detail string
		}
	}
	p.until("it says that the disk is full", func() bool {
		var r readiness
		p.get("/readyz?verbose", &r)
		for _, part := range r.Parts {
			if part.Name == "disk" && !part.OK {
				return r.Ready
			}
		}
		return false
	})
	p.until("the log says so, too", func() bool { return strings.Contains(p.said(), "disk is full") })
	waiting := 0
	for _, c := range p.cameras() {
		if c.State == "waiting" && strings.Contains(c.Reason, "disk is full") {
			waiting++
		}
	}
	if waiting == 0 {
		t.Errorf("no camera says it: %+v", p.cameras())
	}
	if code, body := p.get("/api/v1/search?q=person", nil); code != 200 {
		t.Errorf("a search while the disk is full: %d %s", code, body)
	}
	if err := syscall.Mount("tmpfs", data, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	p.untilIdle()
	if code := p.stop(syscall.SIGTERM); code != exitOK {
		t.Errorf("exit %d", code)
	}
	sameClips(t, indexed(t, data, sample), want)
}

func TestReadOnlyDataFolder(t *testing.T) {
	needNative(t)
	dir := t.TempDir()
	data := filepath.Join(dir, "file", "data")
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p, _ := launch(t, writeConfig(t, dir, data, nil, ""))
	<-p.exited
	if p.code != exitFailure || !strings.Contains(p.said(), "data folder") {
		t.Errorf("exit %d:\n%s", p.code, p.said())
	}
}
