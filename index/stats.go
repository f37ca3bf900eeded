package index

import (
	"slices"
	"strings"
	"time"

	"github.com/gembahq/gemba/index/scan"
)

// CameraStats are the figures of one camera.
type CameraStats struct {
	Camera      string
	Clips       int
	First, Last time.Time // first start, last end
	// Synced is the latest end of a clip that is durable: digests report up to
	// here and no further.
	Synced time.Time
}

// Stats are the figures of a store.
type Stats struct {
	Clips      int // that can be found
	Excluded   int // of those, made by another pack
	Deleted    int // deleted or lost, still in a log
	Lost       int // whose record is damaged
	Partitions int
	Segments   int
	Days       int
	Cameras    []CameraStats // sorted
	SyncedUpTo time.Time     // the latest of the cameras' Synced

	LogBytes     int64 // logs
	DerivedBytes int64 // columns and seals
	TextBytes    int64
	ThumbBytes   int64

	// Problems is how often damage was found since the store was opened, and
	// Damage the first of it. Anything here is for an operator to see.
	Problems int
	Damage   []Problem
	// TextFailures counts group commits whose words could not be indexed.
	TextFailures int64
}

// Stats measures the store. It asks the file system for sizes: not for every
// request.
func (s *Store) Stats() Stats {
	var st Stats
	cams := map[string]*CameraStats{}
	synced := map[string]int64{}
	days := map[int32]bool{}
	for _, p := range s.all() {
		st.Partitions++
		days[p.day] = true
		for _, g := range p.segments() {
			st.Segments++
			v := g.View()
			n, from, to := clipsIn(v)
			st.Clips += n
			if !s.current(v.Header(), s.o.Dims) {
				st.Excluded += n
			}
			st.Deleted += v.Deleted()
			st.Lost += v.Lost()
			log, derived := g.Bytes()
			st.LogBytes += log
			st.DerivedBytes += derived
			if v.Rows() == 0 {
				continue
			}
			c := cams[p.camera]
			if c == nil {
				c = &CameraStats{Camera: p.camera, First: time.Unix(0, from).UTC(), Last: time.Unix(0, to).UTC()}
				cams[p.camera], synced[p.camera] = c, scan.Always
			}
			c.Clips += n
			if t := time.Unix(0, from).UTC(); t.Before(c.First) {
				c.First = t
			}
			if t := time.Unix(0, to).UTC(); t.After(c.Last) {
				c.Last = t
			}
			synced[p.camera] = max(synced[p.camera], syncedUpTo(v))
		}
		if n, err := s.fs.Size(p.thumbs.name); err == nil {
			st.ThumbBytes += n
		}
	}
	st.Days = len(days)
	for camera, c := range cams {
		if up := synced[camera]; up > scan.Always {
			c.Synced = time.Unix(0, up).UTC()
			if c.Synced.After(st.SyncedUpTo) {
				st.SyncedUpTo = c.Synced
			}
		}
		st.Cameras = append(st.Cameras, *c)
	}
	slices.SortFunc(st.Cameras, func(a, b CameraStats) int { return strings.Compare(a.Camera, b.Camera) })
	st.TextBytes = s.text.Bytes()
	st.Damage, st.Problems = s.problems.get()
	st.TextFailures = s.words.failures.Load()
	return st
}

// Clips is the number of clips that can be found, without asking the disk.
func (s *Store) Clips() int {
	n := 0
	for _, p := range s.all() {
		for _, g := range p.segments() {
			n += g.View().Live()
		}
	}
	return n
}
