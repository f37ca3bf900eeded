package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var ctx = context.Background()

func open(t *testing.T, dir string) *Ledger {
	t.Helper()
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func entry(camera, key, path string) Entry {
	return Entry{
		Camera: camera, Key: key, Path: path, Size: 10, Modified: time.Unix(1e9, 5).UTC(),
		Start: time.Unix(9e8, 0).UTC(), Origin: "name", Mode: "full", State: Started,
	}
}

func put(t *testing.T, l *Ledger, e Entry) {
	t.Helper()
	if err := l.Put(e); err != nil {
		t.Fatal(err)
	}
}

func TestEntriesAreFoundAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sources")
	l := open(t, dir)
	a := entry("dock", "g1-a", "/v/a.mp4")
	put(t, l, a)
	a.State, a.Clips, a.Seconds = Done, 7, 28.5
	put(t, l, a)
	put(t, l, entry("yard", "g1-a", "/v/a.mp4"))
	l.Close()
	l = open(t, dir)
	got, ok := l.Lookup("dock", "g1-a")
	got.Updated = time.Time{}
	if !ok || got != a {
		t.Errorf("got %+v, %v; want %+v", got, ok, a)
	}
	if got, _ := l.Lookup("yard", "g1-a"); got.State != Started {
		t.Errorf("the other camera's entry is %+v", got)
	}
	if _, ok := l.Lookup("hall", "g1-a"); ok {
		t.Error("an entry for a camera that has none")
	}
	if s := l.Stats(); s != (Stats{Files: 2, Started: 1}) {
		t.Errorf("stats %+v", s)
	}
}

func TestUnchanged(t *testing.T) {
	l := open(t, t.TempDir())
	e := entry("dock", "g1-a", "/v/a.mp4")
	put(t, l, e)
	renamed := e
	renamed.Path = "/v/b.mp4"
	put(t, l, renamed)
	for _, path := range []string{"/v/a.mp4", "/v/b.mp4"} { // a copy is known in both places
		if _, ok := l.Unchanged("dock", path, e.Size, e.Modified); !ok {
			t.Errorf("%s is not known", path)
		}
	}
	if _, ok := l.Unchanged("dock", e.Path, e.Size+1, e.Modified); ok {
		t.Error("a grown file counts as unchanged")
	}
	if _, ok := l.Unchanged("dock", e.Path, e.Size, e.Modified.Add(1)); ok {
		t.Error("a touched file counts as unchanged")
	}
	if _, ok := l.Unchanged("yard", e.Path, e.Size, e.Modified); ok {
		t.Error("another camera's file counts as this one's")
	}
}

func TestPlaceTakenOverByOtherContent(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	put(t, l, entry("dock", "g1-a", "/v/x.mp4"))
	put(t, l, entry("dock", "g1-b", "/v/x.mp4"))
	put(t, l, entry("dock", "g1-a", "/v/y.mp4")) // the first content turns up elsewhere
	check := func(l *Ledger) {
		t.Helper()
		e := entry("", "", "")
		if got, _ := l.Unchanged("dock", "/v/x.mp4", e.Size, e.Modified); got.Key != "g1-b" {
			t.Errorf("x.mp4 holds %q", got.Key)
		}
		if got, _ := l.Unchanged("dock", "/v/y.mp4", e.Size, e.Modified); got.Key != "g1-a" {
			t.Errorf("y.mp4 holds %q", got.Key)
		}
	}
	check(l)
	if err := l.rewrite(); err != nil {
		t.Fatal(err)
	}
	check(l)
	l.Close()
	check(open(t, dir))
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	l := open(t, filepath.Join(dir, "sources"))
	write := func(name, text string) Entry {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		key, size, err := Fingerprint(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		e := entry("dock", key, path)
		e.Size, e.Modified = size, info.ModTime()
		return e
	}
	a := write("a.mp4", "content")
	put(t, l, a)
	if got, err := l.Locate(ctx, a.Key); err != nil || got != a.Path {
		t.Errorf("got %q, %v", got, err)
	}
	// Touched, yet the same bytes.
	if err := os.Chtimes(a.Path, time.Time{}, time.Unix(5e8, 0)); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Locate(ctx, a.Key); err != nil || got != a.Path {
		t.Errorf("after a touch: got %q, %v", got, err)
	}
	// Other bytes of the same length in its place.
	write("a.mp4", "CONTENT")
	if got, err := l.Locate(ctx, a.Key); !errors.Is(err, ErrNotFound) {
		t.Errorf("after a change: got %q, %v", got, err)
	}
	b := write("b.mp4", "content")
	if b.Key != a.Key {
		t.Fatalf("fingerprints %s and %s of one content", a.Key, b.Key)
	}
	put(t, l, b)
	if got, err := l.Locate(ctx, a.Key); err != nil || got != b.Path {
		t.Errorf("after a move: got %q, %v", got, err)
	}
	if _, err := l.Locate(ctx, "g1-none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// TestTornAnywhere cuts the file at every byte, as a power cut may leave it:
// every whole record before the cut is there, and appending goes on.
func TestTornAnywhere(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var ends []int64
	for i := range 3 {
		put(t, l, entry("dock", fmt.Sprint("g1-", i), fmt.Sprint("/v/", i)))
		ends = append(ends, l.size)
	}
	l.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ledger"), whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, dir)
		want := 0
		for _, end := range ends {
			if int64(cut) >= end {
				want++
			}
		}
		if s := l.Stats(); s.Files != want || s.Damaged > 0 {
			t.Fatalf("cut at %d: %+v, want %d files", cut, s, want)
		}
		put(t, l, entry("dock", "g1-new", "/v/new"))
		l.Close()
		l = open(t, dir)
		if s := l.Stats(); s.Files != want+1 || s.Damaged > 0 {
			t.Fatalf("cut at %d and appended: %+v, want %d files", cut, s, want+1)
		}
		l.Close()
	}
}

// TestFlippedAnywhere damages every byte in turn: at most the record it lies
// in is lost, nothing wrong is believed, and the damage is counted and cleared.
func TestFlippedAnywhere(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	want := map[string]Entry{}
	for i := range 3 {
		e := entry("dock", fmt.Sprint("g1-", i), fmt.Sprint("/v/", i))
		put(t, l, e)
		want[e.Key], _ = l.Lookup("dock", e.Key)
	}
	l.Close()
	whole, err := os.ReadFile(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		bad := bytes.Clone(whole)
		bad[at] ^= 0x55
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ledger"), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := Open(dir)
		if errors.Is(err, ErrNewerVersion) && at < len(header()) {
			continue
		}
		if err != nil {
			t.Fatalf("byte %d: %v", at, err)
		}
		found := 0
		for key, e := range want {
			if got, ok := l.Lookup("dock", key); ok {
				found++
				if got != e {
					t.Fatalf("byte %d: %+v is believed", at, got)
				}
			}
		}
		if found < 1 || found < 2 && bad[at] != '\n' && whole[at] != '\n' {
			t.Fatalf("byte %d: only %d of 3 records are left", at, found)
		}
		l.Close()
		l = open(t, dir)
		if s := l.Stats(); s.Damaged != 0 || s.Files != found {
			t.Fatalf("byte %d: opened again it has %+v, want %d files", at, s, found)
		}
		l.Close()
	}
}

func TestNewerVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ledger"), []byte("gemba footage ledger 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrNewerVersion) {
		t.Errorf("got %v", err)
	}
}

func TestRewritingKeepsWhatCounts(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	e := entry("dock", "g1-a", "/v/a.mp4")
	for i := range 1500 {
		e.Clips = i
		put(t, l, e)
	}
	before := l.size
	l.Close()
	l = open(t, dir)
	if got, _ := l.Lookup("dock", "g1-a"); got.Clips != 1499 {
		t.Errorf("got %+v", got)
	}
	if l.size > before/100 {
		t.Errorf("%d bytes became %d", before, l.size)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

func TestClosed(t *testing.T) {
	l := open(t, t.TempDir())
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Put(entry("a", "k", "/p")); err == nil {
		t.Error("a closed ledger takes entries")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestModel compares a ledger, opened again and rewritten at random, with maps.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "ledger")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { l.Close() }()
		entries, at := map[string]int{}, map[string]string{}
		for step := range rapid.IntRange(1, 40).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "op") {
			case 0:
				l.Close()
				if l, err = Open(dir); err != nil {
					t.Fatal(err)
				}
			case 1:
				if err := l.rewrite(); err != nil {
					t.Fatal(err)
				}
			default:
				e := entry("dock", rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key"), rapid.SampledFrom([]string{"/x", "/y", "/z"}).Draw(t, "path"))
				e.Clips = step
				if err := l.Put(e); err != nil {
					t.Fatal(err)
				}
				entries[e.Key], at[e.Path] = step, e.Key
			}
			for key, clips := range entries {
				if got, ok := l.Lookup("dock", key); !ok || got.Clips != clips {
					t.Fatalf("%s is %+v, want %d clips", key, got, clips)
				}
			}
			for path, key := range at {
				e := entry("", "", "")
				if got, ok := l.Unchanged("dock", path, e.Size, e.Modified); !ok || got.Key != key {
					t.Fatalf("%s holds %+v, want %s", path, got, key)
				}
			}
		}
	})
}

func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	large := bytes.Repeat([]byte("frame after frame. "), wholeBelow/10)
	write := func(data []byte) string {
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		key, size, err := Fingerprint(ctx, path)
		if err != nil || size != int64(len(data)) || !strings.HasPrefix(key, "g1-") {
			t.Fatalf("got %q, %d, %v", key, size, err)
		}
		return key
	}
	seen := map[string]string{}
	for name, data := range map[string][]byte{
		"empty": {}, "small": []byte("a"), "small changed": []byte("b"),
		"large": large, "one byte longer": append(bytes.Clone(large), 0),
		"other beginning": changed(large, 0), "other end": changed(large, len(large)-1), "other middle": changed(large, len(large)/2, samplePiece*16),
	} {
		key := write(data)
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[key] = name
		if again := write(data); again != key {
			t.Errorf("%s: %s, then %s", name, key, again)
		}
	}
	if _, _, err := Fingerprint(ctx, filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, _, err := Fingerprint(ctx, dir); err == nil {
		t.Error("a folder has a fingerprint")
	}
	stopped, cancel := context.WithCancel(ctx)
	cancel()
	write(large)
	if _, _, err := Fingerprint(stopped, filepath.Join(dir, "f")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// changed returns data with n bytes (1 unless told) flipped at a place.
func changed(data []byte, at int, n ...int) []byte {
	out := bytes.Clone(data)
	count := 1
	if len(n) > 0 {
		count = n[0]
	}
	for i := range count {
		out[at+i] ^= 1
	}
	return out
}

func FuzzDecode(f *testing.F) {
	line, err := encodeRecord(entry("dock", "g1-a", "/v/a.mp4"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(append(header(), line...))
	f.Add(append(append(header(), line[:30]...), line...))
	f.Add([]byte("gemba footage ledger 99999999999999999999\n\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := decode(data)
		if c.good < 0 || c.good > int64(len(data)) {
			t.Errorf("%d good bytes of %d", c.good, len(data))
		}
		for _, e := range c.entries {
			if e.Camera == "" || e.Key == "" {
				t.Errorf("believed %+v", e)
			}
		}
	})
}
