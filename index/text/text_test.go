package text

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const testDay = "2026-08-21"

// fill adds documents with ids 1<<32|0, 1<<32|1, ...
func fill(t *testing.T, x *Index, docs []Doc) {
	t.Helper()
	for i := range docs {
		docs[i].ID = 1<<32 | uint64(i)
	}
	b := &Batch{Docs: docs, Seen: map[uint32]uint32{1: uint32(len(docs))}}
	if err := x.Apply(t.Context(), testDay, b); err != nil {
		t.Fatal(err)
	}
}

func ords(t *testing.T, x *Index, q Query) []uint32 {
	t.Helper()
	hits, err := x.Select(t.Context(), testDay, q)
	if err != nil {
		t.Fatalf("select %+v: %v", q, err)
	}
	if hits[1] == nil {
		return []uint32{}
	}
	return hits[1].ToArray()
}

func TestWordsFind(t *testing.T) {
	x := New(Options{})
	defer x.Close()
	fill(t, x, []Doc{
		0: {Labels: []string{"person", "yellow helmet"}, Camera: "gate", CameraName: "North gate", File: "gate_2026-08-21.mp4"},
		1: {Labels: []string{"Forklift"}, Camera: "yard", CameraName: "資材ヤード", Note: "フォークリフトが作業員の近くを通過した"},
		2: {Note: "Two workers carried the pallets. Helmet, yellow!", Camera: "yard", CameraName: "資材ヤード"},
		3: {Note: "安全帽なし。赤いヘルメット", Camera: "c3", CameraName: "C3"},
		4: {Camera: "c4", CameraName: "C4", File: "ﾍﾙﾒｯﾄ検査.mkv"},
		5: {Labels: []string{"yellow", "helmet"}, Camera: "c5"},
		6: {Note: "the", Camera: "c6"},
		7: {Note: "ＦＵＬＬ width and 🚧 cones", Camera: "c7"},
	})
	for _, c := range []struct {
		name string
		q    Query
		want []uint32
	}{
		{"label", Query{Labels: []string{"person"}}, []uint32{0}},
		{"label, case does not count", Query{Labels: []string{"FORKLIFT"}}, []uint32{1}},
		{"label is whole", Query{Labels: []string{"helmet"}}, []uint32{5}},
		{"all labels", Query{Labels: []string{"yellow", "helmet"}}, []uint32{5}},
		{"labels that exclude each other", Query{Labels: []string{"person", "forklift"}}, nil},
		{"word in any text", Query{Words: "helmet"}, []uint32{0, 2, 5}},
		{"stem", Query{Words: "worker pallet"}, []uint32{2}},
		{"all words", Query{Words: "helmet yellow"}, []uint32{0, 2, 5}},
		{"phrase", Query{Words: `"yellow helmet"`}, []uint32{0}},
		{"typographic quotes", Query{Words: "“yellow helmet”"}, []uint32{0}},
		{"phrase keeps words as they are", Query{Words: `"worker"`}, nil},
		{"unclosed quote", Query{Words: `"yellow helmet`}, []uint32{0}},
		{"camera name", Query{Words: "north"}, []uint32{0}},
		{"camera id", Query{Words: "yard"}, []uint32{1, 2}},
		{"part of a file name", Query{Words: "gate_2026-08-21.mp4"}, []uint32{0}},
		{"one part of a file name", Query{Words: "2026"}, []uint32{0}},
		{"katakana inside a word", Query{Words: "ヘルメット"}, []uint32{3, 4}},
		{"half-width katakana asks the same", Query{Words: "ﾍﾙﾒｯﾄ"}, []uint32{3, 4}},
		{"substring across scripts", Query{Words: "作業員の近く"}, []uint32{1}},
		{"kanji pair", Query{Words: "資材"}, []uint32{1, 2}},
		{"one kanji inside", Query{Words: "全"}, []uint32{3}},
		{"last kanji of a run", Query{Words: "査"}, []uint32{4}},
		{"pairs out of order are no hit", Query{Words: "帽安全"}, nil},
		{"stop word is a word", Query{Words: "the"}, []uint32{2, 6}},
		{"full width letters", Query{Words: "full"}, []uint32{7}},
		{"emoji", Query{Words: "cones"}, []uint32{7}},
		{"punctuation finds nothing", Query{Words: "!!! ..."}, nil},
		{"punctuation beside a word is ignored", Query{Words: "- helmet !"}, []uint32{0, 2, 5}},
		{"label and word", Query{Labels: []string{"yellow helmet"}, Words: "gate"}, []uint32{0}},
		{"invalid UTF-8", Query{Words: "\xff\xfehelmet"}, []uint32{0, 2, 5}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := ords(t, x, c.q); !slices.Equal(got, c.want) {
				t.Errorf("%+v selects %v, want %v", c.q, got, c.want)
			}
		})
	}
	many := ""
	for i := range MaxWords + 1 {
		many += fmt.Sprintf("w%d ", i)
	}
	for name, words := range map[string]string{
		"words": many, "phrase": `"` + many + many, "Japanese": strings.Repeat("ヘルメット", 14), "bytes": strings.Repeat("a", MaxBytes+1),
	} {
		if _, err := x.Select(t.Context(), testDay, Query{Words: words}); !errors.Is(err, ErrTooManyWords) {
			t.Errorf("too many %s: %v", name, err)
		}
	}
	if got := ords(t, x, Query{Words: strings.Repeat("ヘルメット", 12)}); len(got) != 0 {
		t.Errorf("a long word finds %v", got)
	}
}

func TestDaySurvivesClose(t *testing.T) {
	dir := t.TempDir()
	x := New(Options{Dir: dir})
	fill(t, x, []Doc{{Note: "crane"}, {Note: "truck"}})
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	x = New(Options{Dir: dir})
	defer x.Close()
	if got := ords(t, x, Query{Words: "truck"}); !slices.Equal(got, []uint32{1}) {
		t.Errorf("after reopening: %v", got)
	}
	if n, err := x.Seen(t.Context(), testDay, 1); n != 2 || err != nil {
		t.Errorf("seen up to %d, %v", n, err)
	}
	if n, err := x.Seen(t.Context(), testDay, 2); n != 0 || err != nil {
		t.Errorf("unknown partition seen up to %d, %v", n, err)
	}
}

func TestForgetTakesBackTheEnd(t *testing.T) {
	x := New(Options{Dir: t.TempDir()})
	defer x.Close()
	fill(t, x, []Doc{{Note: "crane"}, {Note: "crane"}, {Note: "crane"}})
	if err := x.Forget(t.Context(), testDay, 1, 1); err != nil {
		t.Fatal(err)
	}
	if got := ords(t, x, Query{Words: "crane"}); !slices.Equal(got, []uint32{0}) {
		t.Errorf("left: %v", got)
	}
	if n, _ := x.Seen(t.Context(), testDay, 1); n != 1 {
		t.Errorf("seen up to %d", n)
	}
}

// Every way of spoiling the files of a closed index must end in a usable one
// that says it has seen nothing.
func TestDamagedDayIsBegunAnew(t *testing.T) {
	spoil := map[string]func(t *testing.T, day string){
		"meta removed": func(t *testing.T, day string) { must(t, os.Remove(filepath.Join(day, "index_meta.json"))) },
		"meta garbled": func(t *testing.T, day string) {
			must(t, os.WriteFile(filepath.Join(day, "index_meta.json"), []byte("{"), 0o600))
		},
		"root truncated": func(t *testing.T, day string) {
			must(t, os.Truncate(filepath.Join(day, "store", "root.bolt"), 100))
		},
		"segments removed": func(t *testing.T, day string) {
			for _, f := range glob(t, day) {
				must(t, os.Remove(f))
			}
		},
		"segments cut": func(t *testing.T, day string) {
			for _, f := range glob(t, day) {
				must(t, os.Truncate(f, 10))
			}
		},
		"a file in its place": func(t *testing.T, day string) {
			must(t, os.RemoveAll(day))
			must(t, os.WriteFile(day, nil, 0o600))
		},
	}
	for name, do := range spoil {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := New(Options{Dir: dir})
			fill(t, x, []Doc{{Note: "crane"}, {Note: "truck"}})
			x.Close()
			do(t, filepath.Join(dir, testDay))
			x = New(Options{Dir: dir})
			defer x.Close()
			if n, err := x.Seen(t.Context(), testDay, 1); n != 0 || err != nil {
				t.Fatalf("seen up to %d, %v", n, err)
			}
			fill(t, x, []Doc{{Note: "crane"}, {Note: "truck"}})
			if got := ords(t, x, Query{Words: "truck"}); !slices.Equal(got, []uint32{1}) {
				t.Errorf("after building again: %v", got)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, day string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(day, "store", "*.zap"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no segment files in %s: %v", day, err)
	}
	return list
}

func TestIdleDaysAreClosed(t *testing.T) {
	x := New(Options{Dir: t.TempDir(), MaxOpen: 2})
	defer x.Close()
	for i := range 5 {
		day := fmt.Sprintf("2026-08-%02d", i+1)
		b := &Batch{Docs: []Doc{{ID: 1 << 32, Note: "crane"}}, Seen: map[uint32]uint32{1: 1}}
		must(t, x.Apply(context.Background(), day, b))
	}
	if n := len(x.all()); n > 2 {
		t.Errorf("%d days open", n)
	}
	for i := range 5 {
		hits, err := x.Select(t.Context(), fmt.Sprintf("2026-08-%02d", i+1), Query{Words: "crane"})
		if err != nil || hits[1] == nil {
			t.Errorf("day %d: %v, %v", i+1, hits, err)
		}
	}
	days, err := x.Days()
	if len(days) != 5 || err != nil {
		t.Errorf("days %v, %v", days, err)
	}
	must(t, x.Drop(days[0]))
	if days, _ := x.Days(); len(days) != 4 {
		t.Errorf("after drop: %v", days)
	}
}

func TestReadOnlyLeavesTheFolderAlone(t *testing.T) {
	dir := t.TempDir()
	x := New(Options{Dir: dir})
	fill(t, x, []Doc{{Note: "crane"}})
	x.Close()
	x = New(Options{Dir: dir, ReadOnly: true})
	defer x.Close()
	b := &Batch{Docs: []Doc{{ID: 1<<32 | 1, Note: "crane"}}, Seen: map[uint32]uint32{1: 2}}
	must(t, x.Apply(t.Context(), testDay, b))
	must(t, x.Apply(t.Context(), "2026-08-22", b))
	if got := ords(t, x, Query{Words: "crane"}); !slices.Equal(got, []uint32{0, 1}) {
		t.Errorf("found %v", got)
	}
	if days, _ := x.Days(); !slices.Equal(days, []string{testDay}) {
		t.Errorf("days on disk: %v", days)
	}
}

func FuzzSelect(f *testing.F) {
	for _, s := range []string{"", "helmet", `"yellow helmet`, "ヘル メット", "*", "\\", "a\x00b", "“„«", "🚧", "\xff"} {
		f.Add(s)
	}
	x := New(Options{})
	f.Cleanup(func() { x.Close() })
	if err := x.Apply(context.Background(), testDay, &Batch{Docs: []Doc{{ID: 1 << 32, Note: "yellow helmet ヘルメット"}}}); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, words string) {
		if _, err := x.Select(context.Background(), testDay, Query{Words: words, Labels: []string{words}}); err != nil &&
			!errors.Is(err, ErrTooManyWords) {
			t.Errorf("%q: %v", words, err)
		}
	})
}
