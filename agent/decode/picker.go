package decode

import "time"

// picker decides which decoded frames are due.
type picker struct {
	fps       float64
	offsets   offsets
	slot      int64
	have      bool
	dropped   int64
	delivered int64
}

// take returns the offset of a frame and whether it is to be delivered.
func (p *picker) take(stamp int64) (time.Duration, bool) {
	at, ok := p.offsets.next(stamp)
	if !ok || p.fps <= 0 {
		return at, ok
	}
	// One frame for each slot of 1/fps; a millisecond of grace, because stamps
	// are rounded to ticks.
	slot := int64((at + time.Millisecond).Seconds() * p.fps)
	if p.have && slot <= p.slot {
		p.dropped++
		return 0, false
	}
	p.have, p.slot = true, slot
	return at, true
}
