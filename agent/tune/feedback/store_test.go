package feedback

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/index/vfs"
)

type fataler interface {
	Helper()
	Fatal(...any)
}

func memory(t fataler) *vfs.Mem {
	t.Helper()
	fsys := vfs.NewMem()
	if err := errors.Join(fsys.MkdirAll("data"), fsys.SyncDir(".")); err != nil {
		t.Fatal(err)
	}
	return fsys
}

func open(t fataler, fsys vfs.FS) *Store {
	t.Helper()
	s, err := Open(fsys, "data/feedback")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func grade(i int) tune.Grade {
	return tune.Grade{Query: fmt.Sprintf("question \"%d\"\n赤い", i%3), Clip: fmt.Sprint(i), Grade: i % 4, Time: time.Unix(int64(i), 5).UTC()}
}

func TestKeepsGrades(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys)
	var want []tune.Grade
	for i := range 7 {
		if err := s.Add(context.Background(), grade(i)); err != nil {
			t.Fatal(err)
		}
		want = append(want, grade(i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(context.Background(), grade(1)); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if got := open(t, fsys).Grades(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestRefusesWhatIsNoGrade(t *testing.T) {
	s := open(t, memory(t))
	for _, g := range []tune.Grade{{}, {Query: "q", Clip: "c", Grade: 4}, {Query: "q", Clip: "c", Grade: -1}, {Query: "", Clip: "c"}} {
		if s.Add(context.Background(), g) == nil {
			t.Errorf("%+v was kept", g)
		}
	}
	if len(s.Grades()) != 0 {
		t.Error("something was kept")
	}
}

// Whenever the power goes, every acknowledged grade is there, at most the one
// being written beside them, and more can be added.
func TestPowerCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fsys := memory(t)
		cut, ops := rapid.IntRange(1, 30).Draw(t, "cut"), 0
		fsys.SetHook(func(vfs.Op, string) error {
			if ops++; ops >= cut {
				return errors.New("power cut")
			}
			return nil
		})
		var kept []tune.Grade
		s, err := Open(fsys, "data/feedback")
		for i := 0; err == nil && i < 10; i++ {
			if err = s.Add(context.Background(), grade(i)); err == nil {
				kept = append(kept, grade(i))
			}
		}
		fsys = fsys.Crash(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)))
		s = open(t, fsys)
		got := s.Grades()
		if s.Damaged() > 1 || len(got) > len(kept)+1 || len(got) < len(kept) || !slices.Equal(got[:len(kept)], kept) {
			t.Fatalf("%d grades after the cut, %d were acknowledged, %d damaged", len(got), len(kept), s.Damaged())
		}
		if err := s.Add(context.Background(), grade(11)); err != nil {
			t.Fatal(err)
		}
		if again := open(t, fsys).Grades(); !slices.Equal(again, append(got, grade(11))) {
			t.Fatal("grades are lost after adding more")
		}
	})
}

func TestDiskFullAndFailedSync(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys)
	if err := s.Add(context.Background(), grade(1)); err != nil {
		t.Fatal(err)
	}
	fsys.SetBudget(10)
	if err := s.Add(context.Background(), grade(2)); !errors.Is(err, ErrDiskFull) || !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	fsys.SetBudget(-1)
	fsys.SetHook(func(op vfs.Op, _ string) error {
		if op == vfs.OpSync {
			return syscall.EIO
		}
		return nil
	})
	if err := s.Add(context.Background(), grade(3)); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	fsys.SetHook(nil)
	if err := s.Add(context.Background(), grade(4)); err != nil {
		t.Fatal(err)
	}
	got := open(t, fsys).Grades()
	if !slices.Equal(got, s.Grades()) || got[0] != grade(1) || got[len(got)-1] != grade(4) {
		t.Errorf("%v", got)
	}
}

func TestDamageAndOtherFiles(t *testing.T) {
	fsys := memory(t)
	s := open(t, fsys)
	for i := range 3 {
		if err := s.Add(context.Background(), grade(i)); err != nil {
			t.Fatal(err)
		}
	}
	data, err := vfs.ReadFile(fsys, "data/feedback/grades", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(data), "\n")
	lines[2] = strings.Replace(lines[2], `"grade":1`, `"grade":3`, 1)
	write := func(text string) {
		if err := vfs.WriteFileAtomic(fsys, "data/feedback/grades", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write(strings.Join(lines, ""))
	if s := open(t, fsys); s.Damaged() != 1 || !slices.Equal(s.Grades(), []tune.Grade{grade(0), grade(2)}) {
		t.Errorf("%d damaged, %v", s.Damaged(), s.Grades())
	}
	write("gemba feedback 2\n")
	if _, err := Open(fsys, "data/feedback"); !errors.Is(err, ErrNewerVersion) {
		t.Error(err)
	}
	write("something else")
	if _, err := Open(fsys, "data/feedback"); err == nil || !strings.Contains(err.Error(), "move it away") {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("gemba feedback 1\n"))
	f.Add([]byte("gemba feedback 1\n00000000 {}\n12345678 {\"query\":\"a\""))
	f.Add([]byte("gemba feedback 9999999999999999999\n\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := decode(data)
		if d.good > int64(len(data)) || d.good < 0 {
			t.Fatalf("%d good bytes of %d", d.good, len(data))
		}
		for _, g := range d.grades {
			if err := g.Check(); err != nil {
				t.Fatal(err)
			}
		}
		if again := decode(data[:d.good]); !slices.Equal(again.grades, d.grades) {
			t.Fatal("cutting the torn end changed the grades")
		}
	})
}
