package index

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// The text index on disk may be lost, damaged, behind the log or ahead of it:
// after opening it says what the log says.
func TestWordsFollowTheLog(t *testing.T) {
	var batch [3][]Clip
	for b := range batch {
		for n := range 40 {
			batch[b] = append(batch[b], testClip("gate", b*40+n))
		}
	}
	// States of a data folder after one, two batches.
	var folder [2]string
	var ids []ID
	for k := range folder {
		folder[k] = t.TempDir()
		s := openTest(t, testOptions(folder[k]))
		ids = nil
		for b := 0; b <= k; b++ {
			ids = append(ids, mustAppend(t, s, batch[b]...)...)
			mustSync(t, s)
		}
		mustClose(t, s)
	}
	textOf := func(dir string) string { return filepath.Join(dir, "text") }
	for name, c := range map[string]struct {
		log   int
		spoil func(t *testing.T, dir string)
	}{
		"lost": {1, func(t *testing.T, dir string) { check(t, os.RemoveAll(textOf(dir))) }},
		"behind": {1, func(t *testing.T, dir string) {
			check(t, os.RemoveAll(textOf(dir)))
			copyTree(t, textOf(folder[0]), textOf(dir))
		}},
		"ahead": {0, func(t *testing.T, dir string) {
			check(t, os.RemoveAll(textOf(dir)))
			copyTree(t, textOf(folder[1]), textOf(dir))
		}},
		"damaged": {1, func(t *testing.T, dir string) {
			check(t, filepath.WalkDir(textOf(dir), func(p string, e fs.DirEntry, err error) error {
				if err == nil && !e.IsDir() {
					err = os.WriteFile(p, []byte("garbage"), 0o600)
				}
				return err
			}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			copyTree(t, folder[c.log], dir)
			c.spoil(t, dir)
			for _, open := range []string{"to look", "to write"} {
				var s *Store
				if open == "to look" {
					r, err := OpenReadOnly(t.Context(), testOptions(dir))
					check(t, err)
					s = r
				} else {
					s = openTest(t, testOptions(dir))
				}
				want := ids[:(c.log+1)*40]
				if got := everything(t, s, Filter{Text: "note"}); !slices.Equal(got, want) {
					t.Errorf("opened %s: %d clips by words, want %d", open, len(got), len(want))
				}
				if got := everything(t, s, Filter{Labels: []string{"n75"}}); len(got) != c.log {
					t.Errorf("opened %s: label of the second batch finds %v", open, got)
				}
				if open == "to write" {
					more := mustAppend(t, s, batch[2]...)
					mustSync(t, s)
					if got := everything(t, s, Filter{Text: "note"}); !slices.Equal(got, append(slices.Clone(want), more...)) {
						t.Errorf("after going on %d clips by words", len(got))
					}
				}
				mustClose(t, s)
			}
		})
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func copyTree(t *testing.T, from, to string) {
	t.Helper()
	check(t, os.CopyFS(to, os.DirFS(from)))
}
