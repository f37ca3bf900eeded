package heads

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/index/vfs"
)

var tiny = head.Config{VisualDims: 4, TextDims: 4, Embedding: 4, Inner: 4, Heads: 2, Hidden: 6, Sharpness: 25}

func fresh(seed uint64) *head.Params[float32] {
	p := head.NewParams[float32](tiny)
	p.Init(seed)
	*p.Support = float32(seed)
	return p
}

func open(t interface {
	Helper()
	Fatal(...any)
}, fsys vfs.FS, pack string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: "data/heads", FS: fsys, Pack: pack})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func memory(t interface{ Fatal(...any) }) *vfs.Mem {
	fsys := vfs.NewMem()
	if err := errors.Join(fsys.MkdirAll("data"), fsys.SyncDir(".")); err != nil {
		t.Fatal(err)
	}
	return fsys
}

func number(s *Store) int {
	_, _, n := s.Current()
	return n
}

func TestPromoteAndRollback(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys, "a")
	if s.Scorer() != nil || number(s) != 0 {
		t.Fatal("a head answers already")
	}
	if _, err := s.Rollback(); !errors.Is(err, ErrNothingBefore) {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		got, err := s.Add(fresh(uint64(n)), head.About{}, map[string]int{"n": n})
		if err != nil || got != n {
			t.Fatal(got, err)
		}
		if number(s) != n-1 {
			t.Fatal("a head answers that was not promoted")
		}
		if err := s.Promote(n); err != nil {
			t.Fatal(err)
		}
	}
	again := open(t, fsys, "a")
	if p, _, n := again.Current(); n != 3 || *p.Support != 3 || again.Scorer() == nil {
		t.Fatalf("head %d answers after opening again", n)
	}
	for _, want := range []int{2, 1, 0} {
		if n, err := again.Rollback(); err != nil || n != want || number(again) != want {
			t.Fatalf("rolled back to %d (%v), want %d", n, err, want)
		}
	}
	if again.Scorer() != nil {
		t.Error("a head still answers")
	}
	if list, err := again.List(); err != nil || !slices.Equal(list, []int{1, 2, 3}) {
		t.Error(list, err)
	}
	if err := again.Promote(9); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

// A head is for one pack's tokens alone.
func TestHeadOfAnotherPackDoesNotAnswer(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys, "a")
	n, err := s.Add(fresh(1), head.About{}, nil)
	if err := errors.Join(err, s.Promote(n)); err != nil {
		t.Fatal(err)
	}
	other := open(t, fsys, "b")
	if other.Scorer() != nil {
		t.Error("it answers")
	}
	if err := other.Promote(n); !errors.Is(err, ErrOtherPack) {
		t.Error(err)
	}
	if back := open(t, fsys, "a"); number(back) != n {
		t.Error("it is gone for its own pack")
	}
}

// A damaged head or pointer leaves the pack's own order, and rolling back and
// promoting still work.
func TestDamage(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys, "a")
	for n := range 2 {
		m, err := s.Add(fresh(uint64(n+1)), head.About{}, nil)
		if err := errors.Join(err, s.Promote(m)); err != nil {
			t.Fatal(err)
		}
	}
	if err := vfs.WriteFileAtomic(fsys, "data/heads/2/head.bin", []byte("gemba head 1\nrubbish")); err != nil {
		t.Fatal(err)
	}
	s = open(t, fsys, "a")
	if s.Scorer() != nil {
		t.Fatal("a damaged head answers")
	}
	if n, err := s.Rollback(); err != nil || n != 1 || number(s) != 1 {
		t.Fatal(n, err)
	}
	for _, rubbish := range []string{"", "{", `{"format":1,"current":-1}`, `{"format":1,"current":0,"before":[-5]}`, `{"format":9}`} {
		if err := vfs.WriteFileAtomic(fsys, "data/heads/current", []byte(rubbish)); err != nil {
			t.Fatal(err)
		}
		s = open(t, fsys, "a")
		if s.Scorer() != nil {
			t.Fatalf("%q: a head answers", rubbish)
		}
		if err := s.Promote(1); err != nil || number(open(t, fsys, "a")) != 1 {
			t.Fatalf("%q: %v", rubbish, err)
		}
	}
}

func TestDiskFull(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys, "a")
	n, err := s.Add(fresh(1), head.About{}, nil)
	if err := errors.Join(err, s.Promote(n)); err != nil {
		t.Fatal(err)
	}
	fsys.SetBudget(300)
	if _, err := s.Add(fresh(2), head.About{}, nil); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	fsys.SetBudget(3)
	if err := s.Promote(0); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "goes on answering") || number(s) != 1 {
		t.Fatal(err)
	}
	fsys.SetBudget(-1)
	if n, err := s.Add(fresh(2), head.About{}, nil); err != nil || n != 2 {
		t.Fatal(n, err)
	}
}

// Whenever the power goes, the head that answers afterwards is the old one or
// the new one, whole.
func TestPowerCutWhilePromoting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fsys := memory(t)
		s := open(t, fsys, "a")
		n, err := s.Add(fresh(1), head.About{}, nil)
		if err := errors.Join(err, s.Promote(n)); err != nil {
			t.Fatal(err)
		}
		ops, cut := 0, rapid.IntRange(1, 24).Draw(t, "cut")
		gone := errors.New("power cut")
		fsys.SetHook(func(vfs.Op, string) error {
			if ops++; ops >= cut {
				return gone
			}
			return nil
		})
		promoted := false
		if m, err := s.Add(fresh(2), head.About{}, nil); err == nil {
			promoted = s.Promote(m) == nil
		}
		after := open(t, fsys.Crash(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))), "a")
		p, _, m := after.Current()
		switch {
		case promoted && m != 2, m != 1 && m != 2, float32(m) != *p.Support:
			t.Fatalf("head %d answers after the cut; promoted: %v", m, promoted)
		}
		if k, err := after.Add(fresh(3), head.About{}, nil); err != nil || after.Promote(k) != nil {
			t.Fatal(k, err)
		}
	})
}
