package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

func TestImportTakesEveryFileOnce(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 21")
	b.write(t, "deep/er/B.MKV", "video 9.5")
	b.write(t, "notes.txt", "video 100")
	b.write(t, ".trash/old.mp4", "video 100 hidden")
	b.write(t, "._a.mp4", "video 100 hidden too")
	r := b.run(t)
	if r.Files != 2 || r.Skipped != 0 || len(r.Failed) != 0 || r.Clips != len(b.store.clips) || r.Clips < 7 {
		t.Errorf("report %+v with %d clips stored", r, len(b.store.clips))
	}
	if r.SecondsOfFootage < 30 || r.SecondsOfFootage > 31 {
		t.Errorf("%v seconds of footage, want 30.5", r.SecondsOfFootage)
	}
	if b.store.syncs == 0 {
		t.Error("nothing was synced before the ledger said that the files are in")
	}
	c := b.store.clips[0]
	if c.Camera != "dock" || c.PackHash != [32]byte{7} || len(c.Thumbnail) == 0 || len(c.FrameOffsets) == 0 || c.Source.Key == "" || !filepath.IsAbs(c.Source.Path) {
		t.Errorf("clip %+v", c)
	}
	// The clips of a file join without gaps and begin at its start.
	var at time.Duration
	for _, c := range b.store.clips {
		if filepath.Base(c.Source.Path) != "a.mp4" {
			continue
		}
		if c.Source.Offset != at || !c.Start.Equal(r.Taken[0].Start.Add(at)) {
			t.Errorf("clip at %s starts %s, want offset %s", c.Source.Offset, c.Start, at)
		}
		at += c.Duration
	}
	if at != 21*time.Second {
		t.Errorf("a.mp4 is covered up to %s", at)
	}

	opens := b.media.opened()
	again := b.run(t)
	if again.Skipped != 2 || again.Clips != 0 || b.media.opened() != opens {
		t.Errorf("again: %+v, %d files opened", again, b.media.opened()-opens)
	}
	b.reopen(t)
	if again := b.run(t); again.Skipped != 2 || again.Clips != 0 || b.media.opened() != opens {
		t.Errorf("after a restart: %+v", again)
	}
}

func TestRenamedCopiedAndChangedFiles(t *testing.T) {
	b := newBench(t)
	a := b.write(t, "a.mp4", "video 8")
	first := b.run(t)
	moved := filepath.Join(b.dir, "renamed.mp4")
	if err := os.Rename(a, moved); err != nil {
		t.Fatal(err)
	}
	if r := b.run(t); r.Skipped != 1 || r.Clips != 0 {
		t.Errorf("renamed: %+v", r)
	}
	key := b.store.clips[0].Source.Key
	if got, err := b.Ledger.Locate(ctx, key); err != nil || got != moved {
		t.Errorf("the clip's footage is at %q, %v", got, err)
	}
	b.write(t, "copy.mp4", "video 8")
	if r := b.run(t); r.Skipped != 2 || r.Clips != 0 {
		t.Errorf("copied: %+v", r)
	}
	b.write(t, "renamed.mp4", "video 8 other content")
	if r := b.run(t); r.Skipped != 1 || r.Clips != first.Clips {
		t.Errorf("changed: %+v", r)
	}
	// The same content of another camera is that camera's.
	req := b.request()
	req.Camera = "yard"
	if r, err := b.Import(ctx, req, nil); err != nil || r.Skipped != 0 || r.Clips != 2*first.Clips {
		t.Errorf("other camera: %+v, %v", r, err)
	}
	b.noClipTwice(t)
}

func TestFailuresAreNamedAndOthersGoOn(t *testing.T) {
	b := newBench(t)
	b.write(t, "good.mp4", "video 8")
	text := b.write(t, "text.mp4", "this is a letter")
	b.write(t, "blank.mp4", "video 5 blank")
	b.write(t, "breaks.mp4", "video 30 breaks=12")
	b.write(t, "damaged.mp4", "video 6 damaged")
	b.write(t, "truncated.mp4", "video 7 truncated")
	none := filepath.Join(b.dir, "none")
	dangling := filepath.Join(b.dir, "dangling.mp4")
	if err := os.Symlink("/nowhere", dangling); err != nil {
		t.Fatal(err)
	}
	r := b.run(t, b.dir, none, "/dev/null")
	want := map[string]string{
		"text.mp4": "this is no video", "blank.mp4": "not one picture", "breaks.mp4": "input/output error",
		"none": "no such file or folder", "dangling.mp4": "no such file or folder", "null": "neither a file nor a folder",
	}
	for _, f := range r.Failed {
		name := filepath.Base(f.Path)
		if !strings.Contains(f.Error, want[name]) || want[name] == "" {
			t.Errorf("%s failed with %q, want %q", name, f.Error, want[name])
		}
		if strings.Contains(f.Error, f.Path) {
			t.Errorf("%s: the error repeats the path: %s", name, f.Error)
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("not reported: %v", want)
	}
	if len(r.Damaged) != 2 || len(r.Taken) != 3 {
		t.Errorf("damaged %v, taken %v", r.Damaged, r.Taken)
	}
	// Put right, a failed file is taken, and what it had given stays once.
	if err := os.WriteFile(text, []byte("video 3"), 0o600); err != nil {
		t.Fatal(err)
	}
	r = b.run(t)
	if r.Skipped != 3 || len(r.Taken) != 1 {
		t.Errorf("after the repair: %+v", r)
	}
	b.noClipTwice(t)
}

func TestUnreadableFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	b := newBench(t)
	b.write(t, "a.mp4", "video 4")
	b.write(t, "closed/b.mp4", "video 4")
	closed := filepath.Join(b.dir, "closed")
	if err := os.Chmod(closed, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	r := b.run(t)
	if r.Files != 1 || len(r.Failed) != 1 || r.Failed[0].Path != closed || !strings.Contains(r.Failed[0].Error, "may not be read") {
		t.Errorf("got %+v", r)
	}
}

func TestLinksAreFollowedWithoutGoingRound(t *testing.T) {
	b := newBench(t)
	b.write(t, "real/a.mp4", "video 4")
	elsewhere := filepath.Join(t.TempDir(), "b.mp4")
	if err := os.WriteFile(elsewhere, []byte("video 6"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{
		"real/up": b.dir, "again": filepath.Join(b.dir, "real"), "linked.mp4": elsewhere, "self": filepath.Join(b.dir, "self"),
	} {
		if err := os.Symlink(target, filepath.Join(b.dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	r := b.run(t, b.dir, b.dir)
	if r.Files != 2 || len(r.Taken) != 2 || len(r.Failed) != 0 {
		t.Errorf("got %+v", r)
	}
}

// TestStoppedAnywhere ends imports after every number of clips, by a store that
// breaks as at a kill, and by a cancelled context, and finishes them with a
// new importer: the index is what one undisturbed import gives.
func TestStoppedAnywhere(t *testing.T) {
	texts := map[string]string{"a.mp4": "video 25", "b.mp4": "video 3", "c.mp4": "video 14 damaged"}
	reference := newBench(t)
	for name, text := range texts {
		reference.write(t, name, text)
	}
	reference.run(t)
	want := reference.store.summary()
	for _, how := range []string{"broken", "cancelled"} {
		for after := range len(want) {
			t.Run(fmt.Sprintf("%s after %d", how, after), func(t *testing.T) {
				b := newBench(t)
				for name, text := range texts {
					b.write(t, name, text)
				}
				stop, cancel := context.WithCancel(ctx)
				defer cancel()
				boom := errors.New("boom")
				b.store.before = func(stored int) error {
					if stored < after {
						return nil
					}
					if how == "broken" {
						return boom
					}
					cancel()
					return nil
				}
				_, err := b.Import(stop, b.request(), nil)
				if how == "broken" && !errors.Is(err, boom) || how == "cancelled" && !errors.Is(err, context.Canceled) {
					t.Fatalf("the import ended with %v", err)
				}
				b.store.before = nil
				b.reopen(t)
				r := b.run(t)
				if got := b.store.summary(); !slices.Equal(got, want) {
					t.Errorf("%d clips, want %d:\n%s\nwant:\n%s", len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
				if len(r.Failed) > 0 {
					t.Errorf("failed: %v", r.Failed)
				}
				if r := b.run(t); r.Skipped != len(texts) {
					t.Errorf("and once more: %+v", r)
				}
			})
		}
	}
}

func TestCancelIndexesWhatWasCut(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 60")
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	b.media.wait = func(at time.Duration) {
		if at >= 30*time.Second {
			cancel()
		}
	}
	r, err := b.Import(stop, b.request(), nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	// 30 s are at least six closed windows of 4 s; one may be held back and one is open.
	if r.Clips != len(b.store.clips) || r.Clips < 5 || len(r.Failed) != 0 || b.store.syncs == 0 {
		t.Errorf("report %+v with %d clips stored and %d syncs", r, len(b.store.clips), b.store.syncs)
	}
}

func TestStartHoldsWhenAnImportGoesOn(t *testing.T) {
	b := newBench(t)
	a := b.write(t, "20260701_120000.mp4", "video 20")
	boom := errors.New("boom")
	b.store.before = func(stored int) error {
		if stored >= 2 {
			return boom
		}
		return nil
	}
	if _, err := b.Import(ctx, b.request(), nil); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	b.store.before = nil
	if err := os.Rename(a, filepath.Join(b.dir, "20260702_000000.mp4")); err != nil {
		t.Fatal(err)
	}
	b.reopen(t)
	b.run(t)
	for _, c := range b.store.clips {
		if want := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).Add(c.Source.Offset); !c.Start.Equal(want) {
			t.Errorf("the clip at %s starts %s, want %s", c.Source.Offset, c.Start, want)
		}
	}
}

func TestStartTimes(t *testing.T) {
	given := time.Date(2026, 5, 5, 5, 5, 5, 0, time.UTC)
	for _, c := range []struct {
		name, text, rule string
		start            time.Time
		want, origin     string
	}{
		{"a.mp4", "video 4 created=2026-06-01T00:00:00Z", "", time.Time{}, "2026-06-01T00:00:00Z", "container"},
		{"20260603_101112.mp4", "video 4", "", time.Time{}, "2026-06-03T10:11:12Z", "name"},
		{"b.mp4", "video 4", "", time.Time{}, "2026-07-14T07:59:56Z", "file-time"},
		{"c.mp4", "video 4 created=2026-06-01T00:00:00Z", "", given, "2026-05-05T05:05:05Z", "request"},
		{"d-2026.06.03-10.mp4", "video 4 created=2026-06-01T00:00:00Z", "name:%Y.%m.%d-%H", time.Time{}, "2026-06-03T10:00:00Z", "name"},
	} {
		b := newBench(t)
		req := b.request(b.write(t, c.name, c.text))
		req.Start, req.TimeFrom = c.start, c.rule
		r, err := b.Import(ctx, req, nil)
		if err != nil || len(r.Taken) != 1 || r.Taken[0].Start.Format(time.RFC3339) != c.want || r.Taken[0].TimeFrom != c.origin {
			t.Errorf("%s: %+v, %v; want %s from %s", c.name, r.Taken, err, c.want, c.origin)
		}
	}
}

func TestBadRequests(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 4")
	b.write(t, "b.mp4", "video 5")
	for name, req := range map[string]ImportRequest{
		"no camera":  {Paths: []string{b.dir}},
		"bad camera": {Paths: []string{b.dir}, Camera: "../x"},
		"no path":    {Camera: "dock"},
		"bad rule":   {Paths: []string{b.dir}, Camera: "dock", TimeFrom: "name:%Q"},
		"one start":  {Paths: []string{b.dir}, Camera: "dock", Start: time.Now()},
	} {
		if _, err := b.Import(ctx, req, nil); !errors.Is(err, ErrBadRequest) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(b.store.clips) > 0 {
		t.Error("clips were stored")
	}
}

func TestDiskFull(t *testing.T) {
	for _, cause := range []error{index.ErrDiskFull, syscall.ENOSPC, syscall.EDQUOT} {
		b := newBench(t)
		b.write(t, "a.mp4", "video 30")
		var full atomic.Bool
		full.Store(true)
		b.store.before = func(stored int) error {
			if stored >= 3 && full.Load() {
				return fmt.Errorf("append: %w", cause)
			}
			return nil
		}
		// Without waiting it is an error, and what was indexed stays.
		r, err := b.Import(ctx, b.request(), nil)
		if !errors.Is(err, cause) || r.Clips != 3 && len(b.store.clips) != 3 {
			t.Fatalf("%v: %+v, %v", cause, r, err)
		}
		// With waiting the import goes on when there is room.
		b.reopen(t)
		b.WaitForSpace = true
		var waits []time.Duration
		b.after = func(d time.Duration) <-chan time.Time {
			if !b.WaitingForSpace() {
				t.Error("it waits and does not say so")
			}
			waits = append(waits, d)
			if len(waits) == 7 {
				full.Store(false)
			}
			now := make(chan time.Time, 1)
			now <- time.Time{}
			return now
		}
		r, err = b.Import(ctx, b.request(), nil)
		if err != nil || len(r.Failed) > 0 || b.WaitingForSpace() {
			t.Fatalf("%v: %+v, %v", cause, r, err)
		}
		if len(waits) != 7 || waits[0] != time.Second || waits[6] != 30*time.Second {
			t.Errorf("waited %v", waits)
		}
		b.noClipTwice(t)
		full.Store(false)
		reference := newBench(t)
		reference.write(t, "a.mp4", "video 30")
		reference.run(t)
		if got, want := b.store.summary(), reference.store.summary(); !slices.Equal(got, want) {
			t.Errorf("%v: %d clips, want %d", cause, len(got), len(want))
		}
	}
}

func TestCancelWhileTheDiskIsFull(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 30")
	b.WaitForSpace = true
	b.store.before = func(int) error { return index.ErrDiskFull }
	stop, cancel := context.WithCancel(ctx)
	b.after = func(time.Duration) <-chan time.Time {
		cancel()
		return nil
	}
	if _, err := b.Import(stop, b.request(), nil); !errors.Is(err, index.ErrDiskFull) && !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestModelFailureFailsOneFile(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 20")
	b.write(t, "b.mp4", "video 12")
	bad := errors.New("the model cannot")
	var failed atomic.Bool
	offset := time.Duration(-1)
	b.encoder.refuse = func(clip []*frame.Frame) error {
		if clip[0].Offset > 13*time.Second && failed.CompareAndSwap(false, true) || clip[0].Offset == offset { // only a.mp4 is that long
			offset = clip[0].Offset
			return bad
		}
		return nil
	}
	r := b.run(t)
	if len(r.Failed) != 1 || filepath.Base(r.Failed[0].Path) != "a.mp4" || !strings.Contains(r.Failed[0].Error, bad.Error()) || len(r.Taken) != 1 {
		t.Fatalf("got %+v", r)
	}
	before := len(b.store.clips)
	b.encoder.refuse = nil
	r = b.run(t)
	if r.Skipped != 1 || r.Clips != 1 || len(b.store.clips) != before+1 {
		t.Errorf("then: %+v, %d clips more", r, len(b.store.clips)-before)
	}
	b.noClipTwice(t)
}

func TestTwoImportsOfOneFolder(t *testing.T) {
	b := newBench(t)
	for i := range 6 {
		b.write(t, fmt.Sprintf("%d.mp4", i), fmt.Sprintf("video %d", 5+i))
	}
	var both sync.WaitGroup
	reports := make([]ImportReport, 2)
	for i := range reports {
		both.Go(func() { reports[i] = b.run(t) })
	}
	both.Wait()
	if n := len(reports[0].Taken) + len(reports[1].Taken); n != 6 {
		t.Errorf("%d files were taken: %+v", n, reports)
	}
	b.noClipTwice(t)
}

func TestBatchesReachAcrossFiles(t *testing.T) {
	b := newBench(t)
	for i := range 20 {
		b.write(t, fmt.Sprintf("%d.mp4", i), fmt.Sprintf("video 3.%d", i)) // one clip each
	}
	// The first batch is held until the clips of two more files are cut.
	gate := make(chan struct{})
	b.encoder.gate = gate
	var once sync.Once
	b.media.wait = func(time.Duration) {
		if b.media.opened() >= 4 {
			once.Do(func() { close(gate) })
		}
	}
	b.run(t)
	if b.encoder.most < 2 || b.encoder.most > b.Batch {
		t.Errorf("the largest batch held %d clips", b.encoder.most)
	}
}

func TestTenThousandFiles(t *testing.T) {
	b := newBench(t)
	const n = 10000
	for i := range n {
		b.write(t, fmt.Sprintf("%02d/%05d.mp4", i%50, i), fmt.Sprintf("no video %d", i))
	}
	var fractions []float64
	r, err := b.Import(ctx, b.request(), func(p Progress) { fractions = append(fractions, p.Fraction) })
	if err != nil || r.Files != n || len(r.Failed) != n {
		t.Errorf("%d files, %d failed, %v", r.Files, len(r.Failed), err)
	}
	if !slices.IsSorted(fractions) || len(fractions) == 0 || fractions[len(fractions)-1] != 1 {
		t.Errorf("progress went %v", fractions)
	}
}

func TestProgress(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 40")
	b.write(t, "b.mp4", "video 40 x")
	clock := time.Unix(1.8e9, 0)
	var mu sync.Mutex
	b.now = func() time.Time { mu.Lock(); defer mu.Unlock(); clock = clock.Add(time.Second); return clock }
	var all []Progress
	if _, err := b.Import(ctx, b.request(), func(p Progress) { all = append(all, p) }); err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1]
	if last.Fraction != 1 || last.ETA != 0 || last.FilesDone != 2 || last.Files != 2 || last.Media != 80*time.Second || last.Clips != len(b.store.clips) {
		t.Errorf("at the end: %+v", last)
	}
	if !slices.IsSortedFunc(all, func(a, b Progress) int { return int(a.Media - b.Media) }) {
		t.Error("the footage done shrinks")
	}
	middle := all[len(all)/2]
	if middle.ETA <= 0 || middle.MediaTotal < 70*time.Second || middle.MediaTotal > 110*time.Second {
		t.Errorf("in the middle: %+v", middle)
	}
}

func TestNewImporterNeedsItsParts(t *testing.T) {
	b := newBench(t)
	for _, d := range []Deps{{}, {Store: b.store, Encoder: b.encoder}, {Encoder: b.encoder, Ledger: b.Ledger}} {
		if _, err := NewImporter(d); err == nil {
			t.Errorf("made of %+v", d)
		}
	}
}

func TestLedgerSaysDoneOnlyAfterSync(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 9")
	b.store.before = func(int) error {
		if s := b.Ledger.Stats(); s.Started != 1 {
			t.Errorf("while clips are stored the ledger has %+v", s)
		}
		return nil
	}
	b.run(t)
	if s := b.Ledger.Stats(); s != (ledger.Stats{Files: 1}) {
		t.Errorf("at the end the ledger has %+v", s)
	}
}

func TestClipsLostByAFailedWriteAreIndexedLater(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 20")
	lost := false
	b.store.before = func(stored int) error {
		if stored == 3 && !lost {
			lost = true
			b.store.clips = b.store.clips[:1] // as the index does when a commit fails
		}
		return nil
	}
	r := b.run(t)
	if len(r.Failed) != 1 || !strings.Contains(r.Failed[0].Error, "lost by a failed write") {
		t.Fatalf("got %+v", r)
	}
	if r := b.run(t); len(r.Failed) != 0 || r.Clips != 2 {
		t.Errorf("then: %+v", r)
	}
	b.noClipTwice(t)
}

func TestStalled(t *testing.T) {
	b := newBench(t)
	b.write(t, "a.mp4", "video 20")
	gate := make(chan struct{})
	b.encoder.gate = gate
	clock := time.Unix(1.8e9, 0)
	var mu sync.Mutex
	b.now = func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	done := make(chan struct{})
	go func() { defer close(done); b.run(t) }()
	until(t, "clips wait for the encoder", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.clips > 0 })
	if b.Stalled(time.Minute) {
		t.Error("stalled at once")
	}
	mu.Lock()
	clock = clock.Add(2 * time.Minute)
	mu.Unlock()
	until(t, "it counts as stalled", func() bool {
		mu.Lock()
		clock = clock.Add(2 * time.Minute)
		mu.Unlock()
		return b.Stalled(time.Minute)
	})
	close(gate)
	<-done
	if b.Stalled(0) {
		t.Error("stalled with nothing to do")
	}
}
