package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/gembahq/gemba/index/vfs"
)

var errPower = errors.New("power is gone")

// run is one scripted life of a store and what its caller was told.
type run struct {
	m    *vfs.Mem
	text *fakeText
	old  *fakeText // the text index as it was some time before: it may lag

	given   []ID        // every id that Append returned
	durable map[ID]bool // of these, whose Sync returned
	deleted map[ID]bool // of these, whose Delete returned
	maybe   map[ID]bool // Delete or DropBefore was called and did not return
}

// live plays the script until an error, which only the crash can cause.
func (r *run) live() (err error) {
	r.durable, r.deleted, r.maybe = map[ID]bool{}, map[ID]bool{}, map[ID]bool{}
	ctx := context.Background()
	var pending []ID
	var s *Store
	defer func() {
		if s != nil {
			s.Close() // a crashed store must at least let go
		}
	}()
	open := func() {
		if err == nil {
			s, err = Open(ctx, memOptions(r.m, r.text))
		}
	}
	add := func(camera string, day, from, n int) {
		if err != nil {
			return
		}
		var clips []Clip
		for i := range n {
			c := testClip(camera, from+i)
			c.Start = c.Start.AddDate(0, 0, day)
			clips = append(clips, c)
		}
		var ids []ID
		ids, err = s.Append(ctx, clips)
		for _, id := range ids {
			if id != 0 {
				r.given, pending = append(r.given, id), append(pending, id)
			}
		}
	}
	promised := func() {
		for _, id := range pending {
			r.durable[id] = true
		}
		pending = nil
	}
	sync := func() {
		if err == nil {
			if err = s.Sync(ctx); err == nil {
				promised()
			}
		}
	}
	remove := func(ids ...ID) {
		if err != nil {
			return
		}
		for _, id := range ids {
			r.maybe[id] = true
		}
		if err = s.Delete(ctx, ids); err == nil {
			promised()
			for _, id := range ids {
				r.deleted[id] = true
			}
		}
	}
	reopen := func() {
		if err == nil {
			if err = s.Close(); err == nil {
				promised()
			}
			s = nil
			open()
		}
	}

	open()
	add("gate", 0, 0, 3)
	sync()
	add("gate", 0, 3, 2)
	add("yard", 0, 0, 2)
	add("gate", 1, 0, 2)
	sync()
	r.old = r.text.clone()
	add("gate", 0, 5, 250) // up to one row short of a block
	sync()
	add("gate", 0, 255, 3) // over its edge
	if err == nil {
		remove(r.given[1], r.given[4])
	}
	reopen()
	add("gate", 0, 258, 2)
	sync()
	add("gate", 0, 260, 1)
	if err == nil {
		for _, p := range s.all() { // a long day is sealed while it is written
			for _, g := range p.segments() {
				if err == nil {
					err = g.Seal(false)
				}
			}
		}
	}
	add("gate", 0, 261, 1)
	add("yard", 3, 0, 2)
	sync()
	if err == nil {
		before := testStart.AddDate(0, 0, 2)
		var gone []ID
		for _, id := range r.given {
			if p := s.parts[id.partition()]; p != nil && p.day <= dayOf(testStart.AddDate(0, 0, 1)) {
				gone = append(gone, id)
				r.maybe[id] = true
			}
		}
		if err = s.DropBefore(ctx, before); err == nil {
			for _, id := range gone {
				r.deleted[id] = true
			}
		}
	}
	add("yard", 3, 2, 2)
	add("gate", 0, 300, 2) // the dropped day comes back
	reopen()
	return err
}

// check opens what a crash left and compares it with what was promised.
func (r *run) check(m *vfs.Mem, ft *fakeText) error {
	s, err := Open(context.Background(), memOptions(m, ft))
	if err != nil {
		return fmt.Errorf("does not open: %w", err)
	}
	defer s.Close()
	ctx := context.Background()
	hits, _, err := s.Search(ctx, Search{Limit: 1 << 20})
	if err != nil {
		return err
	}
	found := map[ID]bool{}
	what := map[string]bool{}
	for _, h := range hits {
		key := h.Camera + h.Start.Format(time.RFC3339Nano)
		if what[key] || found[h.ID] {
			return fmt.Errorf("clip %s is there twice", h.ID)
		}
		what[key], found[h.ID] = true, true
	}
	for id := range r.durable {
		if !found[id] && !r.maybe[id] {
			return fmt.Errorf("clip %s was promised and is gone", id)
		}
	}
	for id := range r.deleted {
		if found[id] {
			return fmt.Errorf("clip %s was deleted and is back", id)
		}
	}
	for i, h := range hits {
		if i > 3 && i%61 != 0 && i < len(hits)-4 {
			continue
		}
		c, err := s.Clip(ctx, h.ID)
		if err != nil {
			return fmt.Errorf("clip %s: %w", h.ID, err)
		}
		if want := fmt.Sprintf("note of %d", int(c.Source.Offset/(4*time.Second))); c.Note != want {
			return fmt.Errorf("clip %s says %q, not %q", h.ID, c.Note, want)
		}
		if b, err := s.Thumbnail(ctx, h.ID); err == nil {
			if want := fmt.Sprintf("jpeg of %s %d", c.Camera, int(c.Source.Offset/(4*time.Second))); string(b) != want {
				return fmt.Errorf("thumbnail of %s is %q, not %q", h.ID, b, want)
			}
		} else if !errors.Is(err, ErrNotFound) {
			return err
		}
		byLabel, _, err := s.Search(ctx, Search{Filter: Filter{Labels: c.Labels, Cameras: []string{c.Camera}}})
		if err != nil || !slices.ContainsFunc(byLabel, func(x Hit) bool { return x.ID == h.ID }) {
			return fmt.Errorf("clip %s is not found by its label (%v)", h.ID, err)
		}
	}
	// Words must not know more than the log.
	for _, p := range s.all() {
		if err := s.matchedDay(ctx, p.day); err != nil {
			return err
		}
		have, err := s.text.IDs(dayName(p.day))
		if err != nil {
			return err
		}
		byWords, _, err := s.Search(ctx, Search{Filter: Filter{Text: "note"}, Limit: 1 << 20})
		if err != nil || len(byWords) != len(hits) {
			return fmt.Errorf("%d clips by words, %d without (%v)", len(byWords), len(hits), err)
		}
		if b := have[p.num]; b != nil && !b.IsEmpty() && b.Maximum() >= p.committed {
			return fmt.Errorf("words hold ordinal %d of a log of %d", b.Maximum(), p.committed)
		}
	}
	// Ids are never given twice, and the store goes on working.
	ids, err := s.Append(ctx, []Clip{testClip("gate", 1000), testClip("fresh", 1001)})
	if err != nil {
		return fmt.Errorf("append afterwards: %w", err)
	}
	for _, id := range ids {
		if slices.Contains(r.given, id) {
			return fmt.Errorf("id %s was given twice", id)
		}
	}
	if err := s.Sync(ctx); err != nil {
		return fmt.Errorf("sync afterwards: %w", err)
	}
	if st := s.Stats(); st.Problems > 0 {
		return fmt.Errorf("a power cut was taken for damage: %v", st.Damage)
	}
	return nil
}

// The power goes before every single operation of the script, with nothing,
// with everything and with random parts of what was not synced surviving.
func TestPowerCutAtEveryOperation(t *testing.T) {
	total := 0
	count := &run{m: vfs.NewMem(), text: newFakeText()}
	count.m.SetHook(func(vfs.Op, string) error { total++; return nil })
	if err := count.live(); err != nil {
		t.Fatalf("script without a crash: %v", err)
	}
	if total < 150 {
		t.Fatalf("only %d operations: the hook does not see them", total)
	}
	step := 1
	if testing.Short() {
		step = 7
	}
	for cut := 0; cut <= total; cut += step {
		r := &run{m: vfs.NewMem(), text: newFakeText()}
		n := 0
		r.m.SetHook(func(vfs.Op, string) error {
			if n++; n > cut {
				return errPower
			}
			return nil
		})
		if err := r.live(); err != nil && !errors.Is(err, errPower) {
			t.Fatalf("cut at %d of %d: the store said %v", cut, total, err)
		}
		lag := r.old
		if lag == nil {
			lag = newFakeText()
		}
		for name, left := range map[string]*vfs.Mem{
			"only what was synced": r.m.Crash(nil),
			"all, as after kill":   r.m.Clone(),
			"a random part":        r.m.Crash(rand.New(rand.NewPCG(uint64(cut), 1))),
			"another random part":  r.m.Crash(rand.New(rand.NewPCG(uint64(cut), 2))),
		} {
			for words, ft := range map[string]*fakeText{"words up to date": r.text, "words behind": lag} {
				if words == "words behind" && name != "a random part" {
					continue
				}
				if err := r.check(left, ft.clone()); err != nil {
					t.Fatalf("cut at %d of %d, surviving %s, %s: %v", cut, total, name, words, err)
				}
			}
		}
	}
	t.Logf("%d operations, each cut", total)
}
