package segment

import (
	"errors"
	"fmt"
	"testing"

	"github.com/gembahq/gemba/index/vfs"
)

func newTestSegment(t *testing.T, m *vfs.Mem) (*Segment, Options) {
	t.Helper()
	if err := m.MkdirAll("p"); err != nil {
		t.Fatal(err)
	}
	var o Options
	o.FS, o.Files = m, NewFiles(m, 4)
	o.Report = func(p Problem) { t.Logf("reported: %s", p) }
	s, err := Create("p", fuzzHeader(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s, o
}

func records(from, n int) []Record {
	var out []Record
	for i := range n {
		r := fuzzRecord()
		r.Ord = uint32(2 * (from + i)) // ordinals may have gaps
		r.Start += int64(from+i) * 1e9
		r.Vector = []float32{float32(from+i) / 2048, 0, 0, 0}
		r.Meta.SourceKey = fmt.Sprintf("file %d", (from+i)/100)
		out = append(out, r)
	}
	return out
}

// A view taken before blocks fill, seals come and go and rows are added must
// show the same rows ever after.
func TestViewsDoNotChange(t *testing.T) {
	s, _ := newTestSegment(t, vfs.NewMem())
	type taken struct {
		v    View
		rows int
	}
	var views []taken
	rows := 0
	for i, n := range []int{1, 40, 214, 1, 1, 255, 300, 20, 1} {
		if err := s.Append(records(rows, n)); err != nil {
			t.Fatal(err)
		}
		rows += n
		views = append(views, taken{s.View(), rows})
		if err := s.Seal(i%2 == 0); err != nil {
			t.Fatal(err)
		}
		views = append(views, taken{s.View(), rows})
	}
	for k, x := range views {
		var buf Buffer
		i := 0
		for b := range x.v.Blocks() {
			blk, err := x.v.Load(b, Vectors|PlainVectors, &buf)
			if err != nil {
				t.Fatalf("view %d of %d rows, block %d: %v", k, x.rows, b, err)
			}
			for r := range blk.N {
				if blk.Ord(r) != uint32(2*i) || le.Uint16(blk.Plain(r)[6:]) != 0xbc00 {
					t.Fatalf("view %d: row %d has ordinal %d", k, i, blk.Ord(r))
				}
				i++
			}
		}
		if i != x.rows || x.v.Rows() != x.rows {
			t.Errorf("view %d shows %d rows, not %d", k, i, x.rows)
		}
		if _, _, err := x.v.Find(uint32(2*x.rows - 2)); err != nil {
			t.Errorf("view %d: last row: %v", k, err)
		}
		if _, _, err := x.v.Find(uint32(2 * x.rows)); !errors.Is(err, ErrNotFound) {
			t.Errorf("view %d shows a row that came later: %v", k, err)
		}
		if _, _, err := x.v.Find(1); !errors.Is(err, ErrNotFound) {
			t.Errorf("view %d: gap between ordinals: %v", k, err)
		}
	}
}

func TestAppendInsistsOnRisingOrdinals(t *testing.T) {
	s, _ := newTestSegment(t, vfs.NewMem())
	if err := s.Append(records(5, 2)); err != nil {
		t.Fatal(err)
	}
	for _, from := range []int{6, 0} {
		if err := s.Append(records(from, 1)); err == nil {
			t.Errorf("ordinal %d after 12 was accepted", 2*from)
		}
	}
	if n := s.View().Rows(); n != 2 {
		t.Errorf("%d rows", n)
	}
}

func TestAppendTakesAllOrNothing(t *testing.T) {
	m := vfs.NewMem()
	s, o := newTestSegment(t, m)
	recs := records(0, 3)
	recs[2].Vector = recs[2].Vector[1:]
	var bad *InvalidError
	if err := s.Append(recs); !errors.As(err, &bad) || bad.Index != 2 {
		t.Fatalf("error %v", err)
	}
	if n := s.View().Rows(); n != 0 {
		t.Fatalf("%d rows", n)
	}
	if err := s.Append(records(0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open("p/"+s.h.Dir(), s.h, o)
	if err != nil || s.View().Rows() != 3 {
		t.Fatalf("after opening: %v", err)
	}
}

// What lies behind the last promise of a log is dropped without a word, what
// lies before it is not.
func TestTornTailAndCorruptionAreToldApart(t *testing.T) {
	m := vfs.NewMem()
	s, o := newTestSegment(t, m)
	var problems []Problem
	o.Report = func(p Problem) { problems = append(problems, p) }
	if err := s.Append(records(0, 10)); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	promised := s.end - markLen
	if err := s.Append(records(10, 10)); err != nil {
		t.Fatal(err)
	}
	one := (promised - headerLen) / 10
	for _, c := range []struct {
		name   string
		at     int64
		rows   int // what is left, dead ones included
		lost   int
		report bool
	}{
		{"behind the promise", promised + markLen + 4*one + 30, 14, 0, false},
		{"before the promise", headerLen + 4*one + 30, 20, 1, true},
		{"length before the promise", headerLen + 4*one, 20, 6, true}, // up to the next mark
		{"the mark itself", promised + 20, 10, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			problems = nil
			left := m.Clone()
			f, err := left.OpenWrite(s.logPath)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteAt([]byte{0xff, 0xee}, c.at); err != nil {
				t.Fatal(err)
			}
			oo := o
			oo.FS, oo.Files = left, NewFiles(left, 4)
			g, err := Open(s.dir, s.h, oo)
			if err != nil {
				t.Fatal(err)
			}
			v := g.View()
			if v.Rows() != c.rows || v.Lost() != c.lost || v.Live() != c.rows-c.lost || (len(problems) > 0) != c.report {
				t.Errorf("%d rows, %d lost, %d reported", v.Rows(), v.Lost(), len(problems))
			}
			if err := g.Append(records(20, 1)); err != nil {
				t.Errorf("append afterwards: %v", err)
			}
		})
	}
}

// A log of which the end was promised and is gone keeps its beginning.
func TestLogCutBeforeItsPromise(t *testing.T) {
	m := vfs.NewMem()
	s, o := newTestSegment(t, m)
	if err := s.Append(records(0, 600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var problems []Problem
	o.Report = func(p Problem) { problems = append(problems, p) }
	f, err := m.OpenWrite(s.logPath)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(s.end / 2); err != nil {
		t.Fatal(err)
	}
	g, err := Open(s.dir, s.h, o)
	if err != nil {
		t.Fatal(err)
	}
	if n := g.View().Rows(); n < 270 || n > 300 || len(problems) == 0 {
		t.Errorf("%d rows, %d problems", n, len(problems))
	}
	if err := g.Append(records(1000, 400)); err != nil {
		t.Fatal(err)
	}
	rows := g.View().Rows()
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	problems = nil
	if g, err = Open(s.dir, s.h, o); err != nil || g.View().Rows() != rows || len(problems) > 0 {
		t.Errorf("after going on: %v, %v", err, problems)
	}
	if err := g.Verify(func(p Problem) { t.Errorf("verify: %s", p) }); err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreBounded(t *testing.T) {
	m := vfs.NewMem()
	c := NewFiles(m, 3)
	for i := range 10 {
		name := fmt.Sprint(i)
		f, err := m.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt([]byte(name), 0); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 1)
		if n, err := c.ReadAt(name, b, 0); n != 1 || string(b) != name {
			t.Fatalf("file %s reads %q, %v", name, b, err)
		}
	}
	if len(c.open) > 3 {
		t.Errorf("%d files open", len(c.open))
	}
	// A new file under an old name is seen once the old one is forgotten.
	if err := m.Remove("9"); err != nil {
		t.Fatal(err)
	}
	f, _ := m.Create("9")
	f.WriteAt([]byte("x"), 0)
	c.Forget("9")
	b := make([]byte, 1)
	if c.ReadAt("9", b, 0); b[0] != 'x' {
		t.Errorf("read %q", b)
	}
	c.Close()
	if len(c.open) != 0 {
		t.Errorf("%d files open after close", len(c.open))
	}
}
