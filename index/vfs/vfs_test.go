package vfs

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"strings"
	"syscall"
	"testing"
)

// both runs a test on the machine's file system and on the one in memory: they
// must not differ in what the store sees.
func both(t *testing.T, test func(t *testing.T, f FS, dir string)) {
	t.Run("os", func(t *testing.T) { test(t, OS{}, t.TempDir()) })
	t.Run("mem", func(t *testing.T) {
		m := NewMem()
		if err := m.MkdirAll("root"); err != nil {
			t.Fatal(err)
		}
		test(t, m, "root")
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, f FS, name string) string {
	t.Helper()
	b, err := ReadFile(f, name, 1<<20)
	if errors.Is(err, fs.ErrNotExist) {
		return "(missing)"
	}
	must(t, err)
	return string(b)
}

func write(t *testing.T, f FS, name, s string) {
	t.Helper()
	h, err := f.Create(name)
	must(t, err)
	_, err = h.WriteAt([]byte(s), 0)
	must(t, err)
	must(t, h.Sync())
	must(t, h.Close())
}

func TestFilesBehaveAlike(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		name := path.Join(dir, "a")
		write(t, f, name, "hello")
		if _, err := f.Create(name); !errors.Is(err, fs.ErrExist) {
			t.Errorf("creating twice: %v", err)
		}
		h, err := f.OpenWrite(name)
		must(t, err)
		_, err = h.WriteAt([]byte("XY"), 7)
		must(t, err)
		if got := content(t, f, name); got != "hello\x00\x00XY" {
			t.Errorf("after writing behind the end: %q", got)
		}
		must(t, h.Truncate(3))
		must(t, h.Truncate(5))
		if got := content(t, f, name); got != "hel\x00\x00" {
			t.Errorf("after truncating: %q", got)
		}
		b := make([]byte, 4)
		if n, err := h.ReadAt(b, 3); n != 2 || !errors.Is(err, io.EOF) {
			t.Errorf("short read: %d, %v", n, err)
		}
		if n, err := h.ReadAt(b, 99); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read behind the end: %d, %v", n, err)
		}
		must(t, h.SyncData())
		must(t, h.Close())
		r, err := f.Open(name)
		must(t, err)
		if _, err := r.WriteAt([]byte("x"), 0); err == nil {
			t.Error("a file open for reading was written")
		}
		r.Close()
		if n, err := f.Size(name); n != 5 || err != nil {
			t.Errorf("size %d, %v", n, err)
		}
		for _, op := range []func(string) error{
			f.Remove,
			func(n string) error { _, err := f.Open(n); return err },
			func(n string) error { _, err := f.OpenWrite(n); return err },
			func(n string) error { _, err := f.Size(n); return err },
			func(n string) error { _, err := f.ReadDir(n); return err },
			func(n string) error { return f.Rename(n, path.Join(dir, "z")) },
		} {
			if err := op(path.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("missing file: %v", err)
			}
		}
		must(t, f.RemoveAll(path.Join(dir, "none")))
		if _, err := ReadFile(f, name, 4); err == nil {
			t.Error("a file over the limit was read")
		}
	})
}

func TestDirectoriesBehaveAlike(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		deep := path.Join(dir, "x", "y", "z")
		must(t, MkdirAllSync(f, dir, deep))
		must(t, MkdirAllSync(f, dir, deep))
		write(t, f, path.Join(deep, "b"), "1")
		write(t, f, path.Join(deep, "a"), "2")
		list, err := f.ReadDir(deep)
		if err != nil || len(list) != 2 || list[0] != (Entry{"a", false}) || list[1] != (Entry{"b", false}) {
			t.Errorf("list %v, %v", list, err)
		}
		if err := f.Remove(deep); err == nil {
			t.Error("a full directory was removed")
		}
		must(t, f.Rename(path.Join(deep, "a"), path.Join(deep, "b")))
		if got := content(t, f, path.Join(deep, "b")); got != "2" {
			t.Errorf("renamed over: %q", got)
		}
		must(t, f.Rename(deep, path.Join(dir, "x", "y", "w")))
		if got := content(t, f, path.Join(dir, "x", "y", "w", "b")); got != "2" {
			t.Errorf("in a renamed directory: %q", got)
		}
		must(t, f.RemoveAll(path.Join(dir, "x")))
		if list, err := f.ReadDir(dir); err != nil || len(list) != 0 {
			t.Errorf("left %v, %v", list, err)
		}
		must(t, WriteFileAtomic(f, path.Join(dir, "f"), []byte("old")))
		must(t, WriteFileAtomic(f, path.Join(dir, "f"), []byte("new")))
		if got := content(t, f, path.Join(dir, "f")); got != "new" {
			t.Errorf("replaced file: %q", got)
		}
		if list, _ := f.ReadDir(dir); len(list) != 1 {
			t.Errorf("left %v", list)
		}
	})
}

func TestLocksBehaveAlike(t *testing.T) {
	both(t, func(t *testing.T, f FS, dir string) {
		name := path.Join(dir, "lock")
		if _, err := f.Lock(name, false, ""); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("shared lock of a missing file: %v", err)
		}
		a, err := f.Lock(name, true, "pid 7")
		must(t, err)
		for _, exclusive := range []bool{true, false} {
			if _, err := f.Lock(name, exclusive, "pid 8"); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "pid 7") {
				t.Errorf("second lock: %v", err)
			}
		}
		must(t, a.Close())
		b, err := f.Lock(name, false, "")
		must(t, err)
		c, err := f.Lock(name, false, "")
		must(t, err)
		if _, err := f.Lock(name, true, ""); !errors.Is(err, ErrLocked) {
			t.Errorf("exclusive beside shared: %v", err)
		}
		must(t, b.Close())
		must(t, c.Close())
		d, err := f.Lock(name, true, "")
		must(t, err)
		must(t, d.Close())
	})
}

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	m := NewMem()
	must(t, MkdirAllSync(m, ".", "d"))
	write(t, m, "d/unlisted", "synced, but its directory was not")
	if got := content(t, m.Crash(nil), "d/unlisted"); got != "(missing)" {
		t.Errorf("entry survived without SyncDir: %q", got)
	}
	must(t, m.SyncDir("d"))
	h, err := m.OpenWrite("d/unlisted")
	must(t, err)
	_, err = h.WriteAt([]byte("SYNCED"), 0)
	must(t, err)
	if got := content(t, m.Crash(nil), "d/unlisted"); !strings.HasPrefix(got, "synced") {
		t.Errorf("unsynced write survived: %q", got)
	}
	must(t, m.Rename("d/unlisted", "d/renamed"))
	left := m.Crash(nil)
	if content(t, left, "d/renamed") != "(missing)" || content(t, left, "d/unlisted") == "(missing)" {
		t.Error("unsynced rename survived")
	}
	must(t, m.SyncDir("d"))
	left = m.Crash(nil)
	if content(t, left, "d/renamed") == "(missing)" || content(t, left, "d/unlisted") != "(missing)" {
		t.Error("synced rename did not survive")
	}
	if got := content(t, m.Clone(), "d/renamed"); !strings.HasPrefix(got, "SYNCED") {
		t.Errorf("a kill lost a write: %q", got)
	}
}

func TestCrashTearsWritesButKeepsTheirOrder(t *testing.T) {
	m := NewMem()
	write(t, m, "f", "")
	must(t, m.SyncDir("."))
	h, err := m.OpenWrite("f")
	must(t, err)
	for i := range 8 {
		_, err := h.WriteAt([]byte(strings.Repeat(string(rune('a'+i)), 4)), int64(4*i))
		must(t, err)
	}
	const all = "aaaabbbbccccddddeeeeffffgggghhhh"
	seen := map[int]bool{}
	for seed := range uint64(200) {
		got := content(t, m.Crash(rand.New(rand.NewPCG(seed, 0))), "f")
		if !strings.HasPrefix(all, got) {
			t.Fatalf("a crash left %q", got)
		}
		seen[len(got)] = true
	}
	if !seen[0] || !seen[32] || len(seen) < 15 {
		t.Errorf("only lengths %v were seen", seen)
	}
}

func TestBudgetTearsTheWriteThatExceedsIt(t *testing.T) {
	m := NewMem()
	write(t, m, "f", "12345")
	m.SetBudget(3)
	h, err := m.OpenWrite("f")
	must(t, err)
	if n, err := h.WriteAt([]byte("abcdef"), 4); n != 4 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("wrote %d, %v", n, err)
	}
	if got := content(t, m, "f"); got != "1234abcd" {
		t.Errorf("content %q", got)
	}
	if _, err := h.WriteAt([]byte("xx"), 0); err != nil {
		t.Errorf("overwriting needs no room: %v", err)
	}
	if _, err := m.Create("g"); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("create: %v", err)
	}
	must(t, h.Truncate(5))
	if n, err := h.WriteAt([]byte("zzz"), 5); n != 3 || err != nil {
		t.Errorf("room was not given back: %d, %v", n, err)
	}
}

func TestLockNoteOfAnotherProcessIsCleaned(t *testing.T) {
	name := path.Join(t.TempDir(), "lock")
	must(t, os.WriteFile(name, []byte("pid\x1b[31m 9\nmore"), 0o600))
	a, err := OS{}.Lock(name, false, "")
	must(t, err)
	defer a.Close()
	if _, err := (OS{}).Lock(name, true, ""); !errors.Is(err, ErrLocked) || strings.ContainsAny(err.Error(), "\x1b\n") {
		t.Errorf("error %q", err)
	}
}
