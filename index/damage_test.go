package index

import (
	"context"
	"errors"
	"fmt"
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/gembahq/gemba/index/vfs"
)

// damaged is a small store whose every bit is tried.
type damaged struct {
	fs    *vfs.Mem
	ids   []ID
	clips []Clip
}

// smallStore has two segments, sync marks between clips and a deletion. Without
// a clean end, its last part is read from the log at open.
func smallStore(t *testing.T, clean bool) damaged {
	d := damaged{fs: vfs.NewMem()}
	s := openTest(t, memOptions(d.fs, newFakeText()))
	for n := range 8 {
		c := testClip("gate", n)
		c.Vector = c.Vector[:testDims]
		d.clips = append(d.clips, c)
	}
	d.ids = append(d.ids, mustAppend(t, s, d.clips[:3]...)...)
	mustSync(t, s)
	d.ids = append(d.ids, mustAppend(t, s, d.clips[3:5]...)...)
	mustSync(t, s)
	d.ids = append(d.ids, mustAppend(t, s, d.clips[5:]...)...)
	if err := s.Delete(t.Context(), d.ids[:1]); err != nil {
		t.Fatal(err)
	}
	d.ids, d.clips = d.ids[1:], d.clips[1:]
	if !clean {
		d.fs = d.fs.Clone()
	}
	mustClose(t, s)
	return d
}

// files lists all files of the store that are not empty.
func files(t *testing.T, m *vfs.Mem, dir string) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	list, err := m.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		name := path.Join(dir, e.Name)
		if e.Dir {
			for n, size := range files(t, m, name) {
				out[n] = size
			}
		} else if size, err := m.Size(name); err == nil && size > 0 {
			out[name] = size
		}
	}
	return out
}

// look opens a store with one flipped bit. What it then says must be right, and
// what it does not find it must have complained about.
func (d damaged) look(m *vfs.Mem) error {
	s, err := Open(context.Background(), memOptions(m, newFakeText()))
	if err != nil {
		if errors.Is(err, ErrNewerVersion) {
			return fmt.Errorf("a flipped bit passes for a newer version: %w", err)
		}
		return fmt.Errorf("does not open: %w", err)
	}
	defer s.Close()
	ctx := context.Background()
	for i, c := range d.clips {
		want := stored(c, d.ids[i])
		hits, _, err := s.Search(ctx, Search{Vector: c.Vector, Alpha: 0.5, Limit: 20, Filter: Filter{Cameras: []string{"gate"}}})
		if err != nil {
			return fmt.Errorf("search: %w", err)
		}
		found := false
		for _, h := range hits {
			if h.ID != d.ids[i] {
				continue
			}
			found = true
			if exp := 1 - 0.5*c.Hub; h.Score < exp-2e-3 || h.Score > exp+2e-3 || !h.Start.Equal(c.Start) || h.Duration != c.Duration || h.Still != c.Still {
				return fmt.Errorf("clip %d is found with wrong values: %+v", i, h)
			}
		}
		got, err := s.Clip(ctx, d.ids[i])
		switch {
		case err == nil:
			if !reflect.DeepEqual(got, want) {
				return fmt.Errorf("clip %d reads as %+v", i, got)
			}
		case errors.Is(err, ErrCorrupt):
			continue // said so
		case errors.Is(err, ErrNotFound):
		default:
			return fmt.Errorf("clip %d: %w", i, err)
		}
		if thumb, err := s.Thumbnail(ctx, d.ids[i]); err == nil && string(thumb) != string(c.Thumbnail) {
			return fmt.Errorf("thumbnail %d is %q", i, thumb)
		}
		if st := s.Stats(); (!found || err != nil) && st.Problems == 0 {
			return fmt.Errorf("clip %d is missing without a word", i)
		}
	}
	hits, _, err := s.Search(ctx, Search{Limit: 100})
	if err != nil {
		return err
	}
	for _, h := range hits {
		ok := false
		for i, id := range d.ids {
			ok = ok || id == h.ID && h.Start.Equal(d.clips[i].Start)
		}
		if !ok && s.Stats().Problems == 0 {
			return fmt.Errorf("clip %s at %s was never added, or was deleted", h.ID, h.Start)
		}
	}
	if _, err := s.Append(ctx, []Clip{testClip("gate", 500)}); err != nil {
		return fmt.Errorf("append: %w", err)
	}
	return s.Sync(ctx)
}

func TestEveryFlippedBitIsSeenOrHarmless(t *testing.T) {
	for name, clean := range map[string]bool{"closed": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			d := smallStore(t, clean)
			if err := d.look(d.fs.Clone()); err != nil {
				t.Fatalf("undamaged: %v", err)
			}
			tried := 0
			for file, size := range files(t, d.fs, "data") {
				if strings.HasSuffix(file, "/lock") {
					continue
				}
				step := int64(1)
				switch base := path.Base(file); {
				case base == "cols" || strings.HasPrefix(base, "tail."):
					step = 11 // mostly the zeros of rows that are not there
				case testing.Short():
					step = 13
				}
				for off := int64(0); off < size; off += step {
					if base := path.Base(file); base == "log" && off > 200 && off < 4080 && off%17 != 0 {
						continue // the header's zeros
					}
					m := d.fs.Clone()
					f, err := m.OpenWrite(file)
					if err != nil {
						t.Fatal(err)
					}
					b := make([]byte, 1)
					if _, err := f.ReadAt(b, off); err != nil {
						t.Fatal(err)
					}
					b[0] ^= 1 << (off % 8)
					if _, err := f.WriteAt(b, off); err != nil {
						t.Fatal(err)
					}
					if err := d.look(m); err != nil {
						t.Fatalf("%s, byte %d of %d: %v", file, off, size, err)
					}
					tried++
				}
			}
			t.Logf("%d bits tried", tried)
		})
	}
}

// A file that is gone, empty or cut anywhere must not keep the rest from being
// used, and clips must be missing only with a word said.
func TestEveryMissingOrCutFileIsSeenOrHarmless(t *testing.T) {
	d := smallStore(t, true)
	for file, size := range files(t, d.fs, "data") {
		for cut := int64(-1); cut < size; cut += max(1, size/23) {
			m := d.fs.Clone()
			if cut < 0 {
				if err := m.Remove(file); err != nil {
					t.Fatal(err)
				}
			} else {
				f, err := m.OpenWrite(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Truncate(cut); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.look(m); err != nil {
				t.Fatalf("%s cut to %d of %d: %v", file, cut, size, err)
			}
		}
	}
}

// Damage in the middle of a long log costs the clip it hit, not the day.
func TestDamageInALongLogCostsOneClip(t *testing.T) {
	for name, clean := range map[string]bool{"closed": true, "killed": false} {
		t.Run(name, func(t *testing.T) {
			m := vfs.NewMem()
			s := openTest(t, memOptions(m, newFakeText()))
			var ids []ID
			for n := range 600 {
				ids = append(ids, mustAppend(t, s, testClip("gate", n))...)
				if n%10 == 9 {
					mustSync(t, s)
				}
			}
			if !clean {
				m = m.Clone()
			}
			mustClose(t, s)
			const log = "data/seg/2026-08-21/gate/1-01020300/log"
			f, err := m.OpenWrite(log)
			if err != nil {
				t.Fatal(err)
			}
			size, _ := f.Size()
			// In the vector of some record in the middle: length and kind stay.
			at := size / 2
			if _, err := f.WriteAt([]byte("XXXX"), at); err != nil {
				t.Fatal(err)
			}
			s = openTest(t, memOptions(m, newFakeText()))
			found, bad := len(everything(t, s, Filter{})), 0
			for _, id := range ids {
				if _, err := s.Clip(t.Context(), id); err != nil {
					bad++
				}
			}
			if bad != 1 || found < 599 {
				t.Errorf("%d of 600 found, %d unreadable", found, bad)
			}
			var reported []Problem
			if err := s.Verify(t.Context(), func(p Problem) { reported = append(reported, p) }); err != nil {
				t.Fatal(err)
			}
			if len(reported) == 0 {
				t.Error("verify found nothing")
			}
			if err := s.Rebuild(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := len(everything(t, s, Filter{})); got != 599 {
				t.Errorf("after rebuilding %d found", got)
			}
			if st := s.Stats(); st.Lost != 1 {
				t.Errorf("stats: %d lost", st.Lost)
			}
			if got := everything(t, s, Filter{Text: "note"}); len(got) != 599 {
				t.Errorf("by words %d found", len(got))
			}
			next := mustAppend(t, s, testClip("gate", 601))
			mustClose(t, s)
			s = openTest(t, memOptions(m, newFakeText()))
			if got := everything(t, s, Filter{}); len(got) != 600 || got[599] != next[0] {
				t.Errorf("after going on %d found", len(got))
			}
		})
	}
}

func TestVerifyOfASoundStoreIsSilent(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	var clips []Clip
	for n := range 600 {
		clips = append(clips, testClip("gate", n))
	}
	ids := mustAppend(t, s, clips...)
	if err := s.Delete(t.Context(), ids[5:9]); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(context.Context) error{
		func(context.Context) error { return nil },
		s.Rebuild,
		func(ctx context.Context) error {
			_, err := s.Append(ctx, []Clip{testClip("gate", 700)})
			return err
		},
	} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := s.Verify(t.Context(), func(p Problem) { t.Errorf("reported: %s", p) })
		if err != nil {
			t.Fatal(err)
		}
	}
}
