package query

import (
	"cmp"
	"slices"
	"time"

	"github.com/gembahq/gemba/index"
)

// event is one or more neighbouring clips of a camera, shown as its best clip.
type event struct {
	best       index.Hit
	start, end time.Time
	clips      int
	refined    bool
	score      float32  // what the order follows
	found      *finding // in the best clip, if refined
}

// ranked is one hit with what the refiner added.
type ranked struct {
	hit     index.Hit
	score   float32
	refined bool
	found   *finding // nil: not refined
}

// merger joins neighbours into events.
type merger struct {
	gap      time.Duration // largest hole between clips of one event; negative: nothing is merged
	stillGap time.Duration // the same between two clips of a still scene, which are taken rarely
	span     time.Duration // longest event
	drop     float32       // how far below the best clip a neighbour may score
}

// merge turns hits, best first, into events, best first. Beginning with the best
// clip, each takes in its free neighbours to both sides as long as the hole is
// small, the event not too long and the neighbour not clearly worse: a weak clip
// beside a good one is a result of its own, further down.
func (m merger) merge(hits []ranked) []event {
	if m.gap < 0 {
		events := make([]event, len(hits))
		for i, h := range hits {
			events[i] = newEvent(h)
		}
		return events
	}
	order := make([]int, len(hits)) // by camera and time
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := hits[a].hit, hits[b].hit
		return cmp.Or(cmp.Compare(x.Camera, y.Camera), x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	position := make([]int, len(hits))
	for at, i := range order {
		position[i] = at
	}
	taken := make([]bool, len(hits))
	var events []event
	for i := range hits {
		if taken[i] {
			continue
		}
		taken[i] = true
		ev := newEvent(hits[i])
		left, right := hits[i].hit, hits[i].hit
		for at := position[i] + 1; at < len(order); at++ {
			next := order[at]
			if taken[next] || !m.joins(&ev, right, hits[next].hit, hits[next].hit) {
				break
			}
			taken[next] = true
			right = hits[next].hit
			ev.add(right)
		}
		for at := position[i] - 1; at >= 0; at-- {
			next := order[at]
			if taken[next] || !m.joins(&ev, hits[next].hit, left, hits[next].hit) {
				break
			}
			taken[next] = true
			left = hits[next].hit
			ev.add(left)
		}
		events = append(events, ev)
	}
	return events
}

// joins reports whether candidate, which is earlier or later, belongs to ev.
func (m merger) joins(ev *event, earlier, later, candidate index.Hit) bool {
	if earlier.Camera != later.Camera || ev.best.Score-candidate.Score > m.drop {
		return false
	}
	gap := m.gap
	if earlier.Still && later.Still {
		gap = max(gap, m.stillGap)
	}
	if later.Start.Sub(earlier.Start.Add(earlier.Duration)) > gap {
		return false
	}
	start, end := ev.start, ev.end
	if candidate.Start.Before(start) {
		start = candidate.Start
	}
	if stop := candidate.Start.Add(candidate.Duration); stop.After(end) {
		end = stop
	}
	return end.Sub(start) <= m.span
}

func newEvent(h ranked) event {
	return event{best: h.hit, start: h.hit.Start, end: h.hit.Start.Add(h.hit.Duration), clips: 1, refined: h.refined, score: h.score, found: h.found}
}

func (ev *event) add(hit index.Hit) {
	ev.clips++
	if hit.Start.Before(ev.start) {
		ev.start = hit.Start
	}
	if end := hit.Start.Add(hit.Duration); end.After(ev.end) {
		ev.end = end
	}
}
