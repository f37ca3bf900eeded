package agent

import (
	"sync"
	"time"
)

// Progress is how far an import is.
type Progress struct {
	File             string // the file last worked on
	FilesDone, Files int
	// Media is footage indexed so far, MediaTotal an estimate of all there is
	// to index, from the sizes of the files; 0 while nothing is known.
	Media, MediaTotal time.Duration
	Clips             int
	// Fraction of the work that is done, 0 to 1, by the bytes of the files.
	Fraction float64
	// ETA is the time that is left, estimated; 0 while nothing is known.
	ETA time.Duration
}

// reportEvery is the shortest time between two calls of a progress function.
const reportEvery = 100 * time.Millisecond

// tracker turns what the pipeline reports of single files into Progress.
type tracker struct {
	now    func() time.Time
	report func(Progress)

	mu        sync.Mutex
	p         Progress
	began     time.Time
	reported  time.Time
	total     int64 // bytes of all files
	doneBytes int64 // bytes of files that have ended
	skipBytes int64 // of them those that cost no work
	worked    int64 // bytes of files that gave footage
	media     time.Duration
	current   map[*job]mark
}

// mark is how far a file that is being worked on is.
type mark struct {
	media time.Duration
	bytes int64
	clips int
}

func newTracker(files []found, began time.Time, now func() time.Time, report func(Progress)) *tracker {
	t := &tracker{now: now, report: report, began: began, current: map[*job]mark{}}
	t.p.Files = len(files)
	for _, f := range files {
		t.total += f.size
	}
	return t
}

// moved is told that a file is indexed up to a media time.
func (t *tracker) moved(j *job, at, length time.Duration, clips int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := mark{media: at, clips: clips}
	if length > 0 {
		m.bytes = int64(float64(j.size) * min(1, at.Seconds()/length.Seconds()))
	}
	t.current[j] = m
	t.p.File = j.path
	t.tell(false)
}

// finished is told that a file has ended.
func (t *tracker) finished(j *job, into *ImportReport) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.current, j)
	into.add(j)
	t.doneBytes += j.size
	if j.outcome == skipped {
		t.skipBytes += j.size
	} else {
		t.worked += j.size
		t.media += j.media
	}
	t.p.FilesDone++
	t.p.File = j.path
	t.p.Clips = into.Clips
	t.tell(false)
}

func (t *tracker) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tell(true)
}

func (t *tracker) tell(last bool) {
	now := t.now()
	if t.report == nil || !last && now.Sub(t.reported) < reportEvery {
		return
	}
	t.reported = now
	p := t.p
	bytes, worked := t.doneBytes, t.worked
	p.Media = t.media
	for _, m := range t.current {
		bytes += m.bytes
		worked += m.bytes
		p.Media += m.media
		p.Clips += m.clips
	}
	left := max(t.total-bytes, 0)
	switch {
	case t.total > 0:
		p.Fraction = float64(bytes) / float64(t.total)
	case p.Files == p.FilesDone:
		p.Fraction = 1
	}
	p.Fraction = min(p.Fraction, 1)
	if worked > 0 {
		p.MediaTotal = p.Media + time.Duration(float64(p.Media)*float64(left)/float64(worked))
		p.ETA = time.Duration(float64(now.Sub(t.began)) * float64(left) / float64(worked))
	}
	t.report(p)
}
