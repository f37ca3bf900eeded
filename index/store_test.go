package index

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index/quant"
	"github.com/gembahq/gemba/index/segment"
	"github.com/gembahq/gemba/index/vfs"
)

// stored is a clip as it must come back: vectors rounded to float16.
func stored(c Clip, id ID) Clip {
	round := func(v []float32) []float32 {
		if v == nil {
			return nil
		}
		out := make([]float32, len(v))
		for i, f := range v {
			out[i] = quant.Float(quant.Half(f))
		}
		return out
	}
	c.ID, c.PackHash, c.Thumbnail = id, testPack, nil
	c.Vector, c.Plain = round(c.Vector), round(c.Plain)
	return c
}

func TestClipComesBackAsItWasGiven(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, testOptions(dir))
	var clips []Clip
	for n := range 700 { // more than two blocks
		c := testClip("gate", n)
		c.Plain = slices.Clone(c.Vector)
		slices.Reverse(c.Plain)
		clips = append(clips, c)
	}
	clips[3].Labels, clips[3].Note, clips[3].FrameOffsets, clips[3].Thumbnail = nil, "", nil, nil
	clips[3].Tokens, clips[3].Source = Tokens{}, Source{}
	clips[4].Note = strings.Repeat("長い", 5000) // more than one read
	ids := mustAppend(t, s, clips...)
	check := func(when string) {
		t.Helper()
		for i, id := range ids {
			got, err := s.Clip(t.Context(), id)
			if err != nil {
				t.Fatalf("%s: clip %d: %v", when, i, err)
			}
			if want := stored(clips[i], id); !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: clip %d is\n%+v, want\n%+v", when, i, got, want)
			}
			thumb, err := s.Thumbnail(t.Context(), id)
			if i == 3 {
				if !errors.Is(err, ErrNotFound) {
					t.Fatalf("%s: no thumbnail given, got %q, %v", when, thumb, err)
				}
			} else if err != nil || !bytes.Equal(thumb, clips[i].Thumbnail) {
				t.Fatalf("%s: thumbnail %d is %q, %v", when, i, thumb, err)
			}
		}
	}
	check("before sync")
	mustSync(t, s)
	check("after sync")
	mustClose(t, s)
	s = openTest(t, testOptions(dir))
	check("after opening again")
	if _, err := s.Clip(t.Context(), ids[0]+1<<32); !errors.Is(err, ErrNotFound) {
		t.Errorf("clip of unknown partition: %v", err)
	}
	if _, err := s.Clip(t.Context(), makeID(ids[0].partition(), 700)); !errors.Is(err, ErrNotFound) {
		t.Errorf("clip behind the last: %v", err)
	}
}

func TestAppendRefusesWhatCannotBeStored(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	nan := float32(0)
	nan /= nan
	for name, spoil := range map[string]func(*Clip){
		"camera id":           func(c *Clip) { c.Camera = "../gate" },
		"no camera":           func(c *Clip) { c.Camera = "" },
		"no start":            func(c *Clip) { c.Start = time.Time{} },
		"far future":          func(c *Clip) { c.Start = c.Start.AddDate(500, 0, 0) },
		"negative duration":   func(c *Clip) { c.Duration = -1 },
		"two hours":           func(c *Clip) { c.Duration = 2 * time.Hour },
		"no vector":           func(c *Clip) { c.Vector = nil },
		"wrong width":         func(c *Clip) { c.Vector = c.Vector[1:] },
		"NaN":                 func(c *Clip) { c.Vector[3] = nan },
		"beyond float16":      func(c *Clip) { c.Vector[3] = 1e6 },
		"plain width":         func(c *Clip) { c.Plain = c.Vector[1:] },
		"hub NaN":             func(c *Clip) { c.Hub = nan },
		"token count":         func(c *Clip) { c.Tokens.Data = c.Tokens.Data[1:] },
		"token rows":          func(c *Clip) { c.Tokens = Tokens{Rows: 256, Dims: 1, Data: make([]int8, 256)} },
		"label too long":      func(c *Clip) { c.Labels = []string{strings.Repeat("x", 257)} },
		"empty label":         func(c *Clip) { c.Labels = []string{""} },
		"note too long":       func(c *Clip) { c.Note = strings.Repeat("x", 66000) },
		"note not UTF-8":      func(c *Clip) { c.Note = "\xff" },
		"path and note":       func(c *Clip) { c.Note = strings.Repeat("x", 40000); c.Source.Path = c.Note },
		"negative best frame": func(c *Clip) { c.Best = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			good, bad := testClip("gate", 0), testClip("gate", 1)
			spoil(&bad)
			ids, err := s.Append(t.Context(), []Clip{good, bad})
			if !errors.Is(err, ErrInvalidClip) {
				t.Errorf("error is %v", err)
			}
			if slices.Max(ids) != 0 || s.Clips() != 0 {
				t.Errorf("something was added: %v", ids)
			}
		})
	}
}

func TestWordsAreFoundAfterSync(t *testing.T) {
	o := testOptions(t.TempDir())
	o.CameraName = func(id string) string { return "北ゲート " + id }
	s := openTest(t, o)
	a, b := testClip("gate", 1), testClip("yard", 2)
	a.Labels = []string{"Person", "yellow helmet"}
	b.Source.Path = `C:\nvr\forklift_07.mp4`
	b.Note = "フォークリフトが通る"
	ids := mustAppend(t, s, a, b)
	mustSync(t, s)
	for _, c := range []struct {
		f    Filter
		want []ID
	}{
		{Filter{}, ids},
		{Filter{Labels: []string{"person"}}, ids[:1]},
		{Filter{Text: `"yellow helmet"`}, ids[:1]},
		{Filter{Text: "forklift"}, ids[1:]},
		{Filter{Text: "リフト"}, ids[1:]},
		{Filter{Text: "北ゲート"}, ids},
		{Filter{Text: "北ゲート", Cameras: []string{"yard"}}, ids[1:]},
		{Filter{Text: "crane"}, []ID{}},
		{Filter{Text: "nvr"}, []ID{}}, // file name, not folders
	} {
		if got := everything(t, s, c.f); !slices.Equal(got, c.want) {
			t.Errorf("%+v finds %v, want %v", c.f, got, c.want)
		}
	}
}

func TestTimeFilterTakesWhatOverlaps(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	night := testClip("gate", 0)
	night.Start = time.Date(2026, 8, 21, 23, 59, 58, 0, time.UTC)
	morning := testClip("gate", 1)
	morning.Start = night.End()
	ids := mustAppend(t, s, night, morning)
	midnight := time.Date(2026, 8, 22, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name     string
		from, to time.Time
		want     []ID
	}{
		{"all", time.Time{}, time.Time{}, ids},
		{"next day holds the clip that runs into it", midnight, time.Time{}, ids},
		{"until midnight", time.Time{}, midnight, ids[:1]},
		{"end is not part of a clip", morning.Start, time.Time{}, ids[1:]},
		{"to is not part of the filter", time.Time{}, morning.Start, ids[:1]},
		{"far years", time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ids},
	} {
		if got := everything(t, s, Filter{From: c.from, To: c.to}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	_, _, err := s.Search(t.Context(), Search{Filter: Filter{From: midnight, To: midnight}})
	if !errors.Is(err, ErrInvalidSearch) {
		t.Errorf("empty time: %v", err)
	}
}

func TestOtherPacksAreExcludedAndCounted(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	mine, other := testClip("gate", 0), testClip("gate", 1)
	other.PackHash, other.Vector = otherPack, append(other.Vector, 0)
	later := testClip("gate", 2)
	ids := mustAppend(t, s, mine, other, later)
	mustSync(t, s)
	hits, st, err := s.Search(t.Context(), Search{Vector: mine.Vector})
	if err != nil || len(hits) != 2 || hits[0].ID != ids[0] {
		t.Fatalf("hits %v, %v", hits, err)
	}
	if st.Searched != 2 || st.Excluded != 1 {
		t.Errorf("stats %+v", st)
	}
	if c, err := s.Clip(t.Context(), ids[1]); err != nil || c.PackHash != otherPack {
		t.Errorf("clip of the other pack: %v", err)
	}
	if got := everything(t, s, Filter{}); !slices.Equal(got, slices.Sorted(slices.Values(ids))) {
		t.Errorf("without a vector: %v", got)
	}
	_, _, err = s.Search(t.Context(), Search{Vector: mine.Vector[1:]})
	if !errors.Is(err, ErrInvalidSearch) {
		t.Errorf("short vector: %v", err)
	}
	cov, searched, excluded, err := s.Coverage(t.Context(), Filter{})
	if err != nil || searched != 2 || excluded != 1 || len(cov) != 1 || cov[0].Clips != 3 {
		t.Errorf("coverage %+v %d %d %v", cov, searched, excluded, err)
	}
}

func TestCoverageAddsUpGaps(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	var clips []Clip
	for _, n := range []int{10, 11, 12, 20, 21, 0, 1, 11} { // out of order, once twice
		clips = append(clips, testClip("gate", n))
	}
	mustAppend(t, s, clips...)
	at := func(n int) time.Time { return testStart.Add(time.Duration(n) * 4 * time.Second) }
	want := CameraCoverage{Camera: "gate", Clips: 8, From: at(0), To: at(22), Gap: (8 + 7) * 4 * time.Second}
	check := func(f Filter, want ...CameraCoverage) {
		t.Helper()
		got, _, _, err := s.Coverage(t.Context(), f)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("coverage of %+v is %+v, want %+v (%v)", f, got, want, err)
		}
	}
	check(Filter{}, want)
	check(Filter{}, want) // from the cache
	check(Filter{From: at(11).Add(time.Second), To: at(20).Add(time.Second)},
		CameraCoverage{Camera: "gate", Clips: 4, From: at(11).Add(time.Second), To: at(20).Add(time.Second), Gap: 28 * time.Second})
	check(Filter{Cameras: []string{"gate", "moon"}}, want, CameraCoverage{Camera: "moon"})
	mustAppend(t, s, testClip("gate", 22))
	want.Clips, want.To = 9, at(23)
	check(Filter{}, want)
	hits := everything(t, s, Filter{From: at(20), To: at(21)})
	if err := s.Delete(t.Context(), hits); err != nil {
		t.Fatal(err)
	}
	want.Clips, want.Gap = 8, want.Gap+4*time.Second
	check(Filter{}, want)
}

func TestSourceOffsets(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, testOptions(dir))
	a, b, c, live := testClip("gate", 0), testClip("gate", 1), testClip("gate", 2), testClip("gate", 3)
	c.Source.Key = "another"
	live.Source.Key = ""
	ids := mustAppend(t, s, a, b, c, live)
	check := func() {
		t.Helper()
		got, err := s.SourceOffsets(t.Context(), "gate", "file-gate")
		if want := (map[time.Duration]ID{0: ids[0], 4 * time.Second: ids[1]}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("offsets %v, want %v (%v)", got, want, err)
		}
		for _, x := range [][2]string{{"gate", "none"}, {"moon", "file-gate"}, {"gate", ""}} {
			if got, err := s.SourceOffsets(t.Context(), x[0], x[1]); err != nil || len(got) != 0 {
				t.Errorf("offsets of %v: %v, %v", x, got, err)
			}
		}
	}
	check()
	if err := s.Delete(t.Context(), ids[:1]); err != nil {
		t.Fatal(err)
	}
	check() // what was deleted shall not be imported again
	mustClose(t, s)
	s = openTest(t, testOptions(dir))
	check()
}

func TestDeletedClipsAreGone(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, testOptions(dir))
	var clips []Clip
	for n := range 300 {
		clips = append(clips, testClip("gate", n))
	}
	ids := mustAppend(t, s, clips...)
	mustSync(t, s)
	gone := []ID{ids[0], ids[255], ids[256], ids[299]}
	if err := s.Delete(t.Context(), append(gone, 77, makeID(99, 1), gone[0])); err != nil {
		t.Fatal(err)
	}
	left := slices.DeleteFunc(slices.Clone(ids), func(id ID) bool { return slices.Contains(gone, id) })
	check := func(when string) {
		t.Helper()
		if got := everything(t, s, Filter{}); !slices.Equal(got, left) {
			t.Errorf("%s: %d found, want %d", when, len(got), len(left))
		}
		if got := everything(t, s, Filter{Labels: []string{"n0"}}); len(got) != 0 {
			t.Errorf("%s: deleted clip found by label", when)
		}
		for _, id := range gone {
			if _, err := s.Clip(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: clip: %v", when, err)
			}
			if _, err := s.Thumbnail(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("%s: thumbnail: %v", when, err)
			}
		}
		if st := s.Stats(); st.Clips != 296 || st.Deleted != 4 || st.Lost != 0 {
			t.Errorf("%s: stats %+v", when, st)
		}
	}
	check("at once")
	blob, err := os.ReadFile(filepath.Join(dir, "thumbs", "2026-08-21", "gate"))
	if err != nil || bytes.Contains(blob, []byte("jpeg of gate 255")) || !bytes.Contains(blob, []byte("jpeg of gate 254")) {
		t.Errorf("thumbnail was not overwritten (%v)", err)
	}
	mustClose(t, s)
	s = openTest(t, testOptions(dir))
	check("after opening again")
	if err := s.Rebuild(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("after rebuilding")
	next := mustAppend(t, s, testClip("gate", 400))
	if slices.Contains(ids, next[0]) {
		t.Errorf("id %s was given twice", next[0])
	}
}

func TestDropBeforeRemovesWholeDays(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, testOptions(dir))
	var clips []Clip
	for day := range 3 {
		for _, cam := range []string{"gate", "yard"} {
			c := testClip(cam, day)
			c.Start = c.Start.AddDate(0, 0, day)
			clips = append(clips, c)
		}
	}
	ids := mustAppend(t, s, clips...)
	mustSync(t, s)
	if err := s.DropBefore(t.Context(), time.Date(2026, 8, 23, 12, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		if got := everything(t, s, Filter{}); !slices.Equal(got, ids[4:]) {
			t.Errorf("left %v, want %v", got, ids[4:])
		}
		for _, sub := range []string{"seg", "text", "thumbs"} {
			for _, day := range []string{"2026-08-21", "2026-08-22"} {
				if _, err := os.Stat(filepath.Join(dir, sub, day)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s/%s is still there (%v)", sub, day, err)
				}
			}
		}
		if got := everything(t, s, Filter{Labels: []string{"n2"}}); !slices.Equal(got, ids[4:]) {
			t.Errorf("words of the day that stays find %v", got)
		}
	}
	check()
	again := mustAppend(t, s, clips[0])
	mustSync(t, s)
	if got := everything(t, s, Filter{Labels: []string{"n0"}}); !slices.Equal(got, again) {
		t.Errorf("a dropped day begun anew: words find %v, want %v", got, again)
	}
	if slices.Contains(ids, again[0]) {
		t.Errorf("id %s was given twice", again[0])
	}
	if err := s.DropBefore(t.Context(), time.Date(2026, 8, 23, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	mustClose(t, s)
	s = openTest(t, testOptions(dir))
	check()
	next := testClip("new", 0)
	if id := mustAppend(t, s, next)[0]; id.partition() <= again[0].partition() {
		t.Errorf("partition number %d was given before", id.partition())
	}
}

func TestDropWaitsForReaders(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	ids := mustAppend(t, s, testClip("gate", 0))
	mustSync(t, s)
	p, err := s.pin(ids[0].partition())
	if err != nil {
		t.Fatal(err)
	}
	dropped := make(chan error, 1)
	go func() { dropped <- s.DropBefore(context.Background(), testStart.AddDate(0, 0, 9)) }()
	for {
		if len(everything(t, s, Filter{})) == 0 {
			break // new searches do not see the day any more
		}
	}
	if _, _, err := p.read(ids[0].ord()); err != nil {
		t.Errorf("the reader lost its day: %v", err)
	}
	select {
	case err := <-dropped:
		t.Errorf("dropped under a reader: %v", err)
	default:
	}
	s.unpin(p)
	if err := <-dropped; err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("folder is still there: %v", err)
	}
}

func TestSecondOpenIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openTest(t, testOptions(dir))
	for name, open := range map[string]func(context.Context, Options) (*Store, error){"writer": Open, "reader": OpenReadOnly} {
		_, err := open(t.Context(), testOptions(dir))
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "pid ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	mustClose(t, s)
	a, err := OpenReadOnly(t.Context(), testOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := OpenReadOnly(t.Context(), testOptions(dir))
	if err != nil {
		t.Fatalf("second reader: %v", err)
	}
	defer b.Close()
	if _, err := Open(t.Context(), testOptions(dir)); !errors.Is(err, ErrLocked) {
		t.Errorf("writer beside readers: %v", err)
	}
}

func TestReadOnlyChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenReadOnly(t.Context(), testOptions(dir)); !errors.Is(err, ErrNoIndex) {
		t.Fatalf("empty folder: %v", err)
	}
	s := openTest(t, testOptions(dir))
	var clips []Clip
	for n := range 300 {
		clips = append(clips, testClip("gate", n))
	}
	ids := mustAppend(t, s, clips...)
	mustClose(t, s)
	// The worst that a reader can meet: columns, seal and words gone, a torn log.
	seg, _ := filepath.Glob(filepath.Join(dir, "seg", "*", "gate", "1-*"))
	for _, name := range []string{"cols", "seal"} {
		if err := os.Remove(filepath.Join(seg[0], name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "text")); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(seg[0], "log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("half a record"))
	f.Close()
	before := tree(t, dir)
	r, err := OpenReadOnly(t.Context(), testOptions(dir))
	if err != nil {
		t.Fatal(err)
	}
	if got := everything(t, r, Filter{}); !slices.Equal(got, ids) {
		t.Errorf("%d clips found", len(got))
	}
	if got := everything(t, r, Filter{Labels: []string{"n299"}}); !slices.Equal(got, ids[299:]) {
		t.Errorf("by label: %v", got)
	}
	if _, err := r.Append(t.Context(), clips[:1]); !errors.Is(err, ErrReadOnly) {
		t.Errorf("append: %v", err)
	}
	if err := r.Sync(t.Context()); !errors.Is(err, ErrReadOnly) {
		t.Errorf("sync: %v", err)
	}
	if err := r.Delete(t.Context(), ids[:1]); !errors.Is(err, ErrReadOnly) {
		t.Errorf("delete: %v", err)
	}
	mustClose(t, r)
	if after := tree(t, dir); !reflect.DeepEqual(before, after) {
		t.Errorf("folder changed from\n%v to\n%v", before, after)
	}
}

// tree is the content of a folder.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		out[p] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNewerVersionIsRefusedAndUntouched(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir string){
		"format": func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "seg", "format"), encodeFormat(2))
		},
		"log header": func(t *testing.T, dir string) {
			m, _ := filepath.Glob(filepath.Join(dir, "seg", "*", "gate", "1-*", "log"))
			b, err := os.ReadFile(m[0])
			if err != nil {
				t.Fatal(err)
			}
			b[4]++
			b[6] = 64 // a newer header need not be as long as ours
			writeFile(t, m[0], b)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := openTest(t, testOptions(dir))
			mustAppend(t, s, testClip("gate", 0))
			mustClose(t, s)
			spoil(t, dir)
			before := tree(t, dir)
			if _, err := Open(t.Context(), testOptions(dir)); !errors.Is(err, ErrNewerVersion) {
				t.Fatalf("open: %v", err)
			}
			after := tree(t, dir)
			delete(before, filepath.Join(dir, "lock"))
			delete(after, filepath.Join(dir, "lock"))
			if !reflect.DeepEqual(before, after) {
				t.Error("files were changed")
			}
		})
	}
}

func writeFile(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDiskFullLosesNothingAndPasses(t *testing.T) {
	m, ft := vfs.NewMem(), newFakeText()
	s := openTest(t, memOptions(m, ft))
	ids := mustAppend(t, s, testClip("gate", 0), testClip("yard", 1))
	mustSync(t, s)
	// At every amount of room that is too little, Append says so and the store
	// is as before.
	n, tries := 2, 0
	for room := int64(0); ; room += 13 {
		m.SetBudget(room)
		clips := []Clip{testClip("gate", n), testClip("gate", n+1), testClip("fresh", n)}
		got, err := s.Append(t.Context(), clips)
		for i, id := range got {
			if id != 0 {
				ids = append(ids, id)
				c, cerr := s.Clip(t.Context(), id)
				if cerr != nil || !reflect.DeepEqual(c, stored(clips[i], id)) {
					t.Fatalf("room %d: clip %d was acknowledged as %s but is %v", room, i, id, cerr)
				}
			}
		}
		slices.Sort(ids)
		if found := everything(t, s, Filter{}); !slices.Equal(found, ids) {
			t.Fatalf("room %d: found %v, want %v", room, found, ids)
		}
		if err == nil {
			break
		}
		tries++
		if !errors.Is(err, ErrDiskFull) {
			t.Fatalf("room %d: %v", room, err)
		}
		if err := s.Sync(t.Context()); err != nil && !errors.Is(err, ErrDiskFull) {
			t.Fatalf("room %d: sync: %v", room, err)
		}
		n += 3
	}
	if tries < 20 {
		t.Fatalf("only %d tries failed: the disk was not full", tries)
	}
	m.SetBudget(-1)
	mustAppend(t, s, testClip("gate", n))
	mustSync(t, s)
	all := everything(t, s, Filter{})
	mustClose(t, s)
	s = openTest(t, memOptions(m, ft))
	if got := everything(t, s, Filter{}); !slices.Equal(got, all) {
		t.Errorf("after opening again %d clips, want %d", len(got), len(all))
	}
	if st := s.Stats(); st.Problems != 0 {
		t.Errorf("damage reported: %v", st.Damage)
	}
}

func TestOpenOnAFullDiskReadsEverything(t *testing.T) {
	m, ft := vfs.NewMem(), newFakeText()
	s := openTest(t, memOptions(m, ft))
	var clips []Clip
	for n := range 600 {
		clips = append(clips, testClip("gate", n))
	}
	ids := mustAppend(t, s, clips...)
	mustSync(t, s)
	killed := m.Clone() // without a seal, so that recovery wants to write
	killed.SetBudget(0)
	s = openTest(t, memOptions(killed, ft))
	if got := everything(t, s, Filter{}); !slices.Equal(got, ids) {
		t.Errorf("%d clips found, want %d", len(got), len(ids))
	}
	killed.SetBudget(-1)
	mustAppend(t, s, testClip("gate", 600))
	mustSync(t, s)
}

func TestReadOnlyFolderIsExplained(t *testing.T) {
	m := vfs.NewMem()
	m.SetHook(func(op vfs.Op, name string) error {
		return &fs.PathError{Op: string(op), Path: name, Err: fs.ErrPermission}
	})
	_, err := Open(t.Context(), memOptions(m, newFakeText()))
	if err == nil || !errors.Is(err, fs.ErrPermission) {
		t.Fatalf("error is %v", err)
	}
	m.SetHook(func(op vfs.Op, name string) error { return &fs.PathError{Op: string(op), Path: name, Err: erofs} })
	_, err = Open(t.Context(), memOptions(m, newFakeText()))
	if !errors.Is(err, ErrNotWritable) || !strings.Contains(err.Error(), "data_dir") {
		t.Errorf("error is %v", err)
	}
}

func TestFailedFsyncIsNotRetried(t *testing.T) {
	m, ft := vfs.NewMem(), newFakeText()
	s := openTest(t, memOptions(m, ft))
	var clips []Clip
	for n := range 300 {
		clips = append(clips, testClip("gate", n))
	}
	kept := mustAppend(t, s, clips...)
	mustSync(t, s)
	lost := mustAppend(t, s, testClip("gate", 300), testClip("gate", 301))
	syncs := 0
	m.SetHook(func(op vfs.Op, name string) error {
		if op == vfs.OpSync && filepath.Base(name) == "log" {
			if syncs++; syncs == 1 {
				return &fs.PathError{Op: "fdatasync", Path: name, Err: eio}
			}
		}
		return nil
	})
	if err := s.Sync(t.Context()); !errors.Is(err, ErrSyncLost) {
		t.Fatalf("sync after a failing fsync: %v", err)
	}
	if got := everything(t, s, Filter{}); !slices.Equal(got, kept) {
		t.Errorf("found %d clips, want the %d durable ones", len(got), len(kept))
	}
	again := mustAppend(t, s, testClip("gate", 300))
	if slices.Contains(lost, again[0]) {
		t.Errorf("the id of a lost clip was given again")
	}
	mustSync(t, s)
	// What a power cut leaves must be what the store says it has.
	s = openTest(t, memOptions(m.Crash(nil), ft))
	if got := everything(t, s, Filter{}); !slices.Equal(got, append(kept, again...)) {
		t.Errorf("after a power cut %d clips, want %d", len(got), len(kept)+1)
	}
	if got := everything(t, s, Filter{Labels: []string{"n301"}}); len(got) != 0 {
		t.Errorf("a lost clip is found by its label")
	}
}

func TestStatsSayWhatIsDurable(t *testing.T) {
	s := openTest(t, testOptions(t.TempDir()))
	mustAppend(t, s, testClip("gate", 0), testClip("yard", 5))
	if st := s.Stats(); !st.SyncedUpTo.IsZero() || st.Clips != 2 {
		t.Errorf("before sync: %+v", st)
	}
	mustSync(t, s)
	mustAppend(t, s, testClip("gate", 9))
	st := s.Stats()
	at := func(n int) time.Time { return testStart.Add(time.Duration(n) * 4 * time.Second) }
	want := []CameraStats{
		{Camera: "gate", Clips: 2, First: at(0), Last: at(10), Synced: at(1)},
		{Camera: "yard", Clips: 1, First: at(5), Last: at(6), Synced: at(6)},
	}
	if !reflect.DeepEqual(st.Cameras, want) || !st.SyncedUpTo.Equal(at(6)) {
		t.Errorf("stats %+v, want %+v", st, want)
	}
	if st.Partitions != 2 || st.Segments != 2 || st.Days != 1 || st.LogBytes < 2*segment.HeaderLen || st.TextBytes == 0 || st.ThumbBytes == 0 {
		t.Errorf("sizes %+v", st)
	}
}

func TestParseID(t *testing.T) {
	id := makeID(7, 0xabcdef)
	if got, err := ParseID(id.String()); err != nil || got != id || id.String() != "0000000700abcdef" {
		t.Errorf("%s -> %v, %v", id, got, err)
	}
	for _, s := range []string{"", "7", "0000000700abcdeg", "+000000700abcdef", "0000000700abcdef0", "0x00000700abcdef"} {
		if _, err := ParseID(s); !errors.Is(err, ErrBadID) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
