package index

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// appendUntilKilled adds clips for ever and writes down what it was promised:
// a line "ID number" for each clip whose Sync has returned.
func appendUntilKilled(dir string) int {
	ctx := context.Background()
	o := testOptions(dir)
	o.SyncBytes, o.SyncEvery = 16<<10, defaultSyncEvery // group commits in between, too
	s, err := Open(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "open:", err)
		return 1
	}
	from, _ := strconv.Atoi(os.Getenv("GEMBA_INDEX_KILL_FROM"))
	r := rand.New(rand.NewPCG(uint64(from), 0))
	for n := from; ; {
		var clips []Clip
		for range 1 + r.IntN(40) {
			clips = append(clips, testClip([]string{"gate", "yard"}[n%2], n))
			n++
		}
		ids, err := s.Append(ctx, clips)
		if err == nil {
			err = s.Sync(ctx)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "append:", err)
			return 1
		}
		out := ""
		for i, id := range ids {
			out += fmt.Sprintf("%s %d\n", id, n-len(ids)+i)
		}
		os.Stdout.WriteString(out) // to the parent, which may have killed us
	}
}

// A process that appends is killed at a random moment, twenty times over the
// same folder. Everything it was promised must be there, by vector and by words.
func TestKill9LosesNothingPromised(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	promised := map[ID]int{}
	r := rand.New(rand.NewPCG(uint64(os.Getpid()), 7))
	for round := range rounds {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "GEMBA_INDEX_KILL_DIR="+dir, fmt.Sprintf("GEMBA_INDEX_KILL_FROM=%d", round*100_000))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		last := map[ID]int{}
		for kill := 1 + r.IntN(400); lines.Scan(); kill-- {
			if kill == 0 {
				// It is busy with the next clips: the moment is random.
				if err := cmd.Process.Kill(); err != nil {
					t.Fatal(err)
				}
			}
			// What was in the pipe when it died was promised as well.
			id, num, ok := strings.Cut(lines.Text(), " ")
			n, err := strconv.Atoi(num)
			v, perr := ParseID(id)
			if !ok || err != nil || perr != nil {
				continue // the last line may be cut
			}
			promised[v], last[v] = n, n
		}
		_ = cmd.Wait() // killed
		if len(last) == 0 {
			t.Fatalf("round %d: the child promised nothing", round)
		}
		checkPromised(t, dir, promised, last)
	}
	t.Logf("%d clips promised over %d kills", len(promised), rounds)
}

func checkPromised(t *testing.T, dir string, promised, last map[ID]int) {
	t.Helper()
	s, err := Open(t.Context(), testOptions(dir))
	if err != nil {
		t.Fatalf("after a kill: %v", err)
	}
	defer mustClose(t, s)
	all := everything(t, s, Filter{})
	if len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Fatal("a clip is there twice")
	}
	words := everything(t, s, Filter{Text: "note"})
	if !slices.Equal(all, words) {
		t.Fatalf("%d clips, %d by words", len(all), len(words))
	}
	for id := range promised {
		if _, ok := slices.BinarySearch(all, id); !ok {
			t.Fatalf("clip %s was promised and is gone", id)
		}
	}
	checked := 0
	for id, n := range last {
		c, err := s.Clip(t.Context(), id)
		if err != nil || c.Note != fmt.Sprintf("note of %d", n) {
			t.Fatalf("clip %s is %q, want number %d (%v)", id, c.Note, n, err)
		}
		hits, _, err := s.Search(t.Context(), Search{Vector: c.Vector, Limit: 1, Filter: Filter{Labels: []string{fmt.Sprintf("N%d", n)}}})
		if err != nil || len(hits) != 1 || hits[0].ID != id || hits[0].Score < 0.99 {
			t.Fatalf("clip %s by vector and label: %v, %v", id, hits, err)
		}
		if checked++; checked == 25 {
			break
		}
	}
	if st := s.Stats(); st.Problems > 0 {
		t.Fatalf("a kill was taken for damage: %v", st.Damage)
	}
}
