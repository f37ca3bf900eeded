package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

var ctx = context.Background()

// fakeStore keeps clips in memory.
type fakeStore struct {
	mu    sync.Mutex
	clips []index.Clip
	syncs int
	// before, if set, is asked before a clip is stored; clips before the
	// first error of a call stay stored, as those of a torn write may.
	before func(stored int) error
}

func (s *fakeStore) Append(_ context.Context, clips []index.Clip) ([]index.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []index.ID
	for _, c := range clips {
		if s.before != nil {
			if err := s.before(len(s.clips)); err != nil {
				return ids, err
			}
		}
		c.ID = index.ID(len(s.clips) + 1)
		s.clips = append(s.clips, c)
		ids = append(ids, c.ID)
	}
	return ids, nil
}

func (s *fakeStore) Sync(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.syncs++
	return nil
}

func (s *fakeStore) SourceOffsets(_ context.Context, camera, key string) (map[time.Duration]index.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[time.Duration]index.ID{}
	for _, c := range s.clips {
		if c.Camera == camera && c.Source.Key == key {
			out[c.Source.Offset] = c.ID
		}
	}
	return out, nil
}

// summary lists the stored clips, one line each, sorted, without what differs from run to run.
func (s *fakeStore) summary() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, c := range s.clips {
		out = append(out, fmt.Sprintf("%s %s %s +%s for %s, %d frames, vector %v", c.Camera, c.Source.Key, c.Start.Format(time.RFC3339Nano), c.Source.Offset, c.Duration, len(c.FrameOffsets), c.Vector))
	}
	slices.Sort(out)
	return out
}

// fakeEncoder gives each clip a vector made of its first frame.
type fakeEncoder struct {
	mu     sync.Mutex
	calls  int
	most   int
	refuse func(clip []*frame.Frame) error
	gate   chan struct{} // if set, each call takes one token
}

func (e *fakeEncoder) EncodeClips(ctx context.Context, clips [][]*frame.Frame) ([]encode.ClipEmbedding, error) {
	e.mu.Lock()
	e.calls++
	e.most = max(e.most, len(clips))
	gate, refuse := e.gate, e.refuse
	e.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	out := make([]encode.ClipEmbedding, len(clips))
	for i, c := range clips {
		if refuse != nil {
			if err := refuse(c); err != nil {
				return nil, err
			}
		}
		out[i].Vector = []float32{float32(c[0].Offset.Seconds()), float32(len(c))}
	}
	return out, nil
}

// fakeMedia opens files whose text is "video SECONDS [TAG…]". TAG "created=TIME"
// sets the creation time, "breaks=SECONDS" ends in a read error, "damaged" and
// "truncated" count, "blank" holds no picture.
type fakeMedia struct {
	mu    sync.Mutex
	opens int
	wait  func(at time.Duration) // called before each frame, if set
}

type fakeReader struct {
	media   *fakeMedia
	at      time.Duration
	length  time.Duration
	breaks  time.Duration
	created time.Time
	stats   decode.Stats
	blank   bool
}

var errNoVideo = errors.New("this is no video")

func (m *fakeMedia) open(_ context.Context, path string, o decode.Options) (FrameReader, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 || fields[0] != "video" {
		return nil, fmt.Errorf("open %s: %w", path, errNoVideo)
	}
	m.mu.Lock()
	m.opens++
	m.mu.Unlock()
	r := &fakeReader{media: m, breaks: -1}
	if r.length, err = time.ParseDuration(fields[1] + "s"); err != nil {
		return nil, err
	}
	for _, tag := range fields[2:] {
		name, value, _ := strings.Cut(tag, "=")
		switch name {
		case "created":
			r.created, err = time.Parse(time.RFC3339, value)
		case "breaks":
			r.breaks, err = time.ParseDuration(value + "s")
		case "damaged":
			r.stats.DecodeErrors, r.stats.LastError = 3, "bad slice"
		case "truncated":
			r.stats.Truncated = true
		case "blank":
			r.blank = true
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (m *fakeMedia) opened() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.opens
}

func (r *fakeReader) Info() decode.Info {
	return decode.Info{Codec: "fake", Duration: r.length, CreationTime: r.created}
}

func (r *fakeReader) Next(ctx context.Context) (*frame.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.media.wait != nil {
		r.media.wait(r.at)
	}
	if r.breaks >= 0 && r.at >= r.breaks {
		return nil, errors.New("input/output error")
	}
	if r.at >= r.length || r.blank {
		return nil, io.EOF
	}
	const w, h = 48, 27
	f := &frame.Frame{Pix: make([]byte, 3*w*h), Width: w, Height: h, Offset: r.at}
	// A bright block that travels: there is always motion.
	x := int(r.at/(200*time.Millisecond)) % (w - 10)
	for y := 5; y < 20; y++ {
		for i := range 30 {
			f.Pix[3*(y*w+x)+i] = 255
		}
	}
	r.at += 200 * time.Millisecond
	return f, nil
}

func (r *fakeReader) Stats() decode.Stats { return r.stats }
func (r *fakeReader) Close() error        { return nil }

// bench is an importer with fakes around it.
type bench struct {
	*Importer
	store   *fakeStore
	encoder *fakeEncoder
	media   *fakeMedia
	dir     string // of the footage
	sources string // of the ledger
}

func newBench(t *testing.T) *bench {
	t.Helper()
	root := t.TempDir()
	b := &bench{store: &fakeStore{}, encoder: &fakeEncoder{}, media: &fakeMedia{}, dir: filepath.Join(root, "footage"), sources: filepath.Join(root, "sources")}
	if err := os.Mkdir(b.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	return b
}

// reopen makes the importer anew over the same store, as after a restart.
func (b *bench) reopen(t *testing.T) {
	t.Helper()
	if b.Importer != nil {
		b.Ledger.Close()
	}
	l, err := ledger.Open(b.sources)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	b.Importer, err = NewImporter(Deps{Store: b.store, Encoder: b.encoder, Ledger: l, Open: b.media.open, PackHash: [32]byte{7}})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 14, 8, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	return path
}

func (b *bench) run(t *testing.T, paths ...string) ImportReport {
	t.Helper()
	r, err := b.Import(ctx, b.request(paths...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) request(paths ...string) ImportRequest {
	if len(paths) == 0 {
		paths = []string{b.dir}
	}
	return ImportRequest{Paths: paths, Camera: "dock", Location: time.UTC}
}

// offsets returns how many clips each file of a camera has, by key, and fails on a clip that is there twice.
func (b *bench) noClipTwice(t *testing.T) {
	t.Helper()
	seen := map[string]int{}
	for _, line := range b.store.summary() {
		seen[line]++
	}
	for line, n := range maps.All(seen) {
		if n > 1 {
			t.Errorf("%d times in the index: %s", n, line)
		}
	}
}
