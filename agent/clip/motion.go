package clip

import "time"

const (
	// lookEvery is the shortest time between two pictures that are compared
	// for motion. At 25 frames a second a walking person moves too little from
	// one frame to the next to be told from noise.
	lookEvery = 200 * time.Millisecond

	// cellNoise is the grey difference that a cell may have without anything
	// having moved: compression artefacts and flicker.
	cellNoise = 12
	// noiseFactor times the median difference of all cells is noise too: what
	// the whole picture does at once (a noisy sensor at night) is not motion
	// of something in it.
	noiseFactor = 4
	// wholePicture is the mean difference from which the picture as a whole
	// moves: a turning camera, lights going on.
	wholePicture = 8

	// sceneCut is the mean difference between neighbouring frames that makes
	// the later one a new scene, if it is also sceneCutFactor times what has
	// been usual lately.
	sceneCut       = 30
	sceneCutFactor = 3
)

// look compares two pictures: diff is their mean difference (0 to 255), share
// the part of the cells (0 to 1) that changed beyond noise.
func look(a, b *lowRes) (diff, share float64) {
	var hist [256]uint16
	var sum uint32
	for i := range a {
		d := int32(a[i]) - int32(b[i])
		m := d >> 31
		d = (d ^ m) - m
		sum += uint32(d)
		hist[uint8(d)]++
	}
	median, seen := 0, 0
	for seen += int(hist[0]); 2*seen < cells; seen += int(hist[median]) {
		median++
	}
	changed := 0
	for d := max(cellNoise, noiseFactor*median) + 1; d < len(hist); d++ {
		changed += int(hist[d])
	}
	return float64(sum) / cells, float64(changed) / cells
}

// motion watches the low-resolution pictures of one source.
type motion struct {
	threshold float64

	prev     lowRes // of the frame before
	last     lowRes // of the last look
	lastAt   time.Duration
	usual    float64 // running mean of the difference between neighbouring frames
	havePrev bool
}

// seen is what motion found out about one frame.
type seen struct {
	cut     bool    // first frame of a new scene
	looked  bool    // the frame was compared for motion: what follows is set
	diff    float64 // mean difference from the look before, 0 to 255
	moving  bool    // something moved since the look before
	drifted bool    // the picture is no longer that of the window's start
}

// next takes the following frame's picture. ref is the picture at the start of
// the current window: what changes too slowly for two looks to tell shows
// against it as drift.
func (m *motion) next(at time.Duration, pic, ref *lowRes) seen {
	if !m.havePrev {
		m.havePrev = true
		m.prev, m.last, m.lastAt = *pic, *pic, at
		return seen{}
	}
	var s seen
	d := meanDiff(pic, &m.prev)
	s.cut = d >= sceneCut && d >= sceneCutFactor*m.usual
	m.usual += (d - m.usual) / 8
	m.prev = *pic

	if at-m.lastAt >= lookEvery || s.cut {
		var share float64
		s.looked = true
		s.diff, share = look(pic, &m.last)
		s.moving = s.diff >= wholePicture || share >= m.threshold
		if !s.moving {
			_, share = look(pic, ref)
			s.drifted = share >= m.threshold
		}
		m.last, m.lastAt = *pic, at
	}
	return s
}

// restart forgets the pictures: the next frame has nothing to be compared with.
func (m *motion) restart() {
	m.havePrev = false
	m.usual = 0
}
