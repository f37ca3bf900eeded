package query

import (
	"container/list"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/gembahq/gemba/index"
)

// snapshot is the ordered result of one search, kept so that its pages do not
// shift while new clips come in. It grows when a later page needs more.
type snapshot struct {
	id          snapshotID
	fingerprint string
	plan        *plan
	coverage    Coverage

	mu        sync.Mutex // guards what follows
	events    []event
	last      index.Hit // the worst hit taken so far; what ranks before it is done with
	depth     int       // hits asked of the store so far
	exhausted bool      // the store has no more, or the depth limit is reached

	refinedClips int
}

// refined is how many clips the refiner scored.
func (snap *snapshot) refined() int {
	snap.mu.Lock()
	defer snap.mu.Unlock()
	return snap.refinedClips
}

type snapshotID [12]byte

func newSnapshotID() snapshotID {
	var id snapshotID
	rand.Read(id[:]) // never fails: crypto/rand aborts the program instead
	return id
}

// cursor names a snapshot and where in it a page begins.
type cursor struct {
	id     snapshotID
	offset uint32
}

// String encodes the cursor; callers must not read anything into it.
func (c cursor) String() string {
	var raw [16]byte
	copy(raw[:12], c.id[:])
	binary.BigEndian.PutUint32(raw[12:], c.offset)
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

func parseCursor(text string) (cursor, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != 16 {
		return cursor{}, invalid("cursor", "is not a cursor that this service gave out")
	}
	c := cursor{offset: binary.BigEndian.Uint32(raw[12:])}
	copy(c.id[:], raw)
	if c.String() != text { // the decoder skips line breaks
		return cursor{}, invalid("cursor", "is not a cursor that this service gave out")
	}
	return c, nil
}

// snapshots keeps the most recently used results within a bound of memory and age.
type snapshots struct {
	mu     sync.Mutex
	byID   map[snapshotID]*list.Element
	recent *list.List // of *kept, most recently used first
	cost   int        // events held by all

	maxCost  int
	maxCount int
	maxAge   time.Duration
	now      func() time.Time
}

type kept struct {
	snapshot *snapshot
	used     time.Time
	cost     int
}

func newSnapshots(maxCount, maxCost int, maxAge time.Duration, now func() time.Time) *snapshots {
	return &snapshots{byID: map[snapshotID]*list.Element{}, recent: list.New(), maxCount: maxCount, maxCost: maxCost, maxAge: maxAge, now: now}
}

// put keeps s, or renews what is known of it; cost is the number of events it
// holds. Older snapshots give way.
func (s *snapshots) put(snap *snapshot, cost int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if element, ok := s.byID[snap.id]; ok {
		s.drop(element)
	}
	s.byID[snap.id] = s.recent.PushFront(&kept{snapshot: snap, used: s.now(), cost: cost})
	s.cost += cost
	for s.recent.Len() > 1 && (s.recent.Len() > s.maxCount || s.cost > s.maxCost) {
		s.drop(s.recent.Back())
	}
	for back := s.recent.Back(); back != nil && s.expired(back); back = s.recent.Back() {
		s.drop(back)
	}
}

// get returns the snapshot, or nil if it is not kept any more.
func (s *snapshots) get(id snapshotID) *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.byID[id]
	if !ok {
		return nil
	}
	if s.expired(element) {
		s.drop(element)
		return nil
	}
	s.recent.MoveToFront(element)
	k := element.Value.(*kept)
	k.used = s.now()
	return k.snapshot
}

func (s *snapshots) expired(element *list.Element) bool {
	return s.now().Sub(element.Value.(*kept).used) > s.maxAge
}

func (s *snapshots) drop(element *list.Element) {
	k := s.recent.Remove(element).(*kept)
	delete(s.byID, k.snapshot.id)
	s.cost -= k.cost
}
