package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

var ctx = context.Background()

type locator map[string]string

func (l locator) Locate(_ context.Context, key string) (string, error) {
	if path, ok := l[key]; ok {
		return path, nil
	}
	return "", ledger.ErrNotFound
}

// fakeDecoder writes what it was asked for into the file.
type fakeDecoder struct {
	mu   sync.Mutex
	cuts int
	size int
	err  error
	hold chan struct{}
}

func (d *fakeDecoder) remux(ctx context.Context, src string, from, to time.Duration, dst string) (time.Duration, error) {
	d.mu.Lock()
	d.cuts++
	d.mu.Unlock()
	if d.hold != nil {
		select {
		case <-d.hold:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	if d.err != nil {
		return 0, d.err
	}
	text := fmt.Sprintf("%s %s %s", src, from, to)
	return from % time.Second, os.WriteFile(dst, append([]byte(text), make([]byte, d.size)...), 0o600)
}

func (d *fakeDecoder) frameAt(_ context.Context, url string, at time.Duration, side int) (*frame.Frame, error) {
	if d.err != nil {
		return nil, d.err
	}
	f := &frame.Frame{Width: 16, Height: 8, Pix: make([]byte, 3*16*8)}
	for i := range f.Pix {
		f.Pix[i] = byte(at / time.Second)
	}
	return f, nil
}

func newPlayer(t *testing.T, d *fakeDecoder, maxBytes int64) *Player {
	t.Helper()
	p, err := NewPlayer(Options{Dir: t.TempDir(), MaxBytes: maxBytes, Ledger: locator{"k": "/moved.mp4"}, remux: d.remux, frameAt: d.frameAt})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func clipAt(id int, offset time.Duration) index.Clip {
	return index.Clip{
		ID: index.ID(id), Duration: 4 * time.Second, FrameOffsets: []time.Duration{0, 2 * time.Second},
		Source: index.Source{Key: "k", Path: "/old.mp4", Offset: offset},
	}
}

func TestVideoIsCutOnceAndFollowsARename(t *testing.T) {
	d := &fakeDecoder{}
	p := newPlayer(t, d, 0)
	for range 3 {
		path, offset, err := p.Video(ctx, clipAt(1, 7500*time.Millisecond))
		if err != nil || offset != 500*time.Millisecond {
			t.Fatalf("offset %s, %v", offset, err)
		}
		if text, _ := os.ReadFile(path); string(text) != "/moved.mp4 7.5s 11.5s" {
			t.Errorf("cut: %q", text)
		}
	}
	if d.cuts != 1 {
		t.Errorf("cut %d times", d.cuts)
	}
	// A restart knows the file and its offset.
	again, err := NewPlayer(Options{Dir: p.o.Dir, Ledger: locator{}, remux: d.remux})
	if err != nil {
		t.Fatal(err)
	}
	if _, offset, err := again.Video(ctx, clipAt(1, 0)); err != nil || offset != 500*time.Millisecond || d.cuts != 1 {
		t.Errorf("after a restart: offset %s, %v, %d cuts", offset, err, d.cuts)
	}
}

func TestErrorsOfFootage(t *testing.T) {
	gone := clipAt(1, 0)
	gone.Source.Key = "other"
	never := clipAt(2, 0)
	never.Source = index.Source{}
	for name, c := range map[string]struct {
		clip index.Clip
		err  error
		want error
	}{
		"deleted":      {gone, nil, ErrFootageGone},
		"never kept":   {never, nil, ErrFootageGone},
		"unmounted":    {clipAt(3, 0), fmt.Errorf("open: %w", os.ErrNotExist), ErrFootageGone},
		"forbidden":    {clipAt(3, 0), fmt.Errorf("open: %w", os.ErrPermission), ErrFootageGone},
		"not playable": {clipAt(4, 0), fmt.Errorf("cut: %w", decode.ErrNotPlayable), ErrNotPlayable},
	} {
		p := newPlayer(t, &fakeDecoder{err: c.err}, 0)
		if _, _, err := p.Video(ctx, c.clip); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if files, _ := filepath.Glob(filepath.Join(p.o.Dir, "*")); len(files) > 0 {
			t.Errorf("%s: left behind %v", name, files)
		}
		if c.want == ErrFootageGone {
			if _, err := p.Frame(ctx, c.clip, 0); !errors.Is(err, c.want) && len(c.clip.FrameOffsets) > 0 {
				t.Errorf("%s, frame: %v", name, err)
			}
		}
	}
}

func TestManyCallersShareOneCut(t *testing.T) {
	d := &fakeDecoder{hold: make(chan struct{})}
	p := newPlayer(t, d, 0)
	var all sync.WaitGroup
	errs := make([]error, 8)
	leaving, leave := context.WithCancel(ctx)
	for i := range errs {
		all.Go(func() {
			c := ctx
			if i == 0 {
				c = leaving
			}
			_, _, errs[i] = p.Video(c, clipAt(1, 0))
		})
	}
	waiters := func(n int) {
		for {
			p.cache.mu.Lock()
			m := p.cache.making[index.ID(1).String()]
			ok := m != nil && m.wanted == n
			p.cache.mu.Unlock()
			if ok {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}
	waiters(8)
	leave() // one who goes away stops nobody else
	waiters(7)
	close(d.hold)
	all.Wait()
	if !errors.Is(errs[0], context.Canceled) {
		t.Errorf("who left got %v", errs[0])
	}
	for _, err := range errs[1:] {
		if err != nil {
			t.Errorf("got %v", err)
		}
	}
	if d.cuts != 1 {
		t.Errorf("cut %d times", d.cuts)
	}
}

func TestCutNobodyWaitsForIsCancelled(t *testing.T) {
	d := &fakeDecoder{hold: make(chan struct{})}
	p := newPlayer(t, d, 0)
	leaving, leave := context.WithCancel(ctx)
	result := make(chan error)
	go func() {
		_, _, err := p.Video(leaving, clipAt(1, 0))
		result <- err
	}()
	for {
		d.mu.Lock()
		began := d.cuts > 0
		d.mu.Unlock()
		if began {
			break
		}
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	// The next one gets a cut of its own.
	close(d.hold)
	if _, _, err := p.Video(ctx, clipAt(1, 0)); err != nil {
		t.Error(err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	d := &fakeDecoder{size: 1000}
	p := newPlayer(t, d, 3500)
	clock := time.Date(2026, 7, 14, 8, 0, 0, 0, time.UTC)
	p.cache.now = func() time.Time { return clock }
	video := func(id int) string {
		t.Helper()
		path, _, err := p.Video(ctx, clipAt(id, 0))
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }
	one, two, three := video(1), video(2), video(3)
	four := video(4)
	if !exists(one) {
		t.Error("a file that was just asked for is gone")
	}
	clock = clock.Add(2 * inUse)
	video(1) // asked for again: two is now the oldest
	clock = clock.Add(2 * inUse)
	five := video(5)
	if exists(two) || !exists(five) || p.cache.bytes > 3500 {
		t.Errorf("two %v, five %v, %d bytes", exists(two), exists(five), p.cache.bytes)
	}
	if kept := exists(one); !kept {
		t.Errorf("one was asked for lately and is gone; three %v, four %v", exists(three), exists(four))
	}
	// A smaller budget holds from the next start, and rubbish is cleared.
	rubbish := filepath.Join(p.o.Dir, "x.tmp")
	if err := os.WriteFile(rubbish, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := openCache(p.o.Dir, 1200)
	if err != nil {
		t.Fatal(err)
	}
	c.now = func() time.Time { return time.Now().Add(2 * inUse) }
	c.shrink()
	if c.bytes > 1200 || exists(rubbish) {
		t.Errorf("%d bytes, rubbish %v", c.bytes, exists(rubbish))
	}
}

func TestVideoSomebodyDeletedIsCutAgain(t *testing.T) {
	d := &fakeDecoder{}
	p := newPlayer(t, d, 0)
	path, _, err := p.Video(ctx, clipAt(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.Video(ctx, clipAt(1, 0)); err != nil || d.cuts != 2 {
		t.Errorf("%v, %d cuts", err, d.cuts)
	}
}

func TestFrame(t *testing.T) {
	p := newPlayer(t, &fakeDecoder{}, 0)
	data, err := p.Frame(ctx, clipAt(1, 100*time.Second), 1)
	if err != nil {
		t.Fatal(err)
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 16 || b.Dy() != 8 {
		t.Errorf("%v", b)
	}
	if r, _, _, _ := img.At(3, 3).RGBA(); r>>8 < 100 || r>>8 > 104 { // the moment 102 s
		t.Errorf("the picture of another moment: %d", r>>8)
	}
	for _, n := range []int{-1, 2} {
		if _, err := p.Frame(ctx, clipAt(1, 0), n); !errors.Is(err, ErrNoFrame) {
			t.Errorf("frame %d: %v", n, err)
		}
	}
}

func TestNameCarriesTheOffset(t *testing.T) {
	for _, offset := range []time.Duration{0, 1, 1500 * time.Millisecond} {
		key, got, ok := parseName(fileName("00000001000000ff", offset))
		if !ok || key != "00000001000000ff" || got != offset {
			t.Errorf("%s: %q %s %v", offset, key, got, ok)
		}
	}
	for _, name := range []string{"a.mp4", "a-b.mp4", "a--5.mp4", "-5.mp4", "a-5.mp4.tmp", strings.Repeat("9", 40) + ".mp4"} {
		if _, _, ok := parseName(name); ok {
			t.Errorf("%q is taken for a cut", name)
		}
	}
}
