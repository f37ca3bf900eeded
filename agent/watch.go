package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/ledger"
)

// Camera is a source that the daemon takes in by itself.
type Camera struct {
	ID, Name string
	Source   camera.Source
	TimeFrom camera.TimeRule
	Mode     decode.Mode
	Location *time.Location // zone of times in file names
}

// same tells whether two configurations of a camera mean the same.
func (c Camera) same(d Camera) bool {
	return c.ID == d.ID && c.Name == d.Name && c.Source == d.Source && c.TimeFrom.String() == d.TimeFrom.String() &&
		c.Mode == d.Mode && c.Location.String() == d.Location.String()
}

// The states of a camera.
const (
	CameraIdle        = "idle"        // everything it has is indexed
	CameraImporting   = "importing"   // footage is being taken in, or waits for its turn
	CameraWaiting     = "waiting"     // the disk is full
	CameraFailed      = "failed"      // the source cannot be read
	CameraUnsupported = "unsupported" // this version cannot take such a source in
)

// CameraStatus says how a camera is doing.
type CameraStatus struct {
	ID, Name string
	State    string
	Reason   string        // in words for an operator; empty where there is nothing to say
	Pending  time.Duration // footage that is not indexed yet, estimated
	Files    int           // files not taken in yet
}

// How failed files are tried again.
const (
	retryFirst = time.Minute
	retryLast  = time.Hour
)

// watch is the state of one camera. Its scanner fills it, the dispatcher takes
// jobs from it, and the pipeline reports back.
type watch struct {
	Camera

	mu       sync.Mutex
	scanned  bool
	scanErr  error
	pending  []found                  // steady files that the ledger does not know, the next one last
	unsteady int                      // files that still grow
	seen     map[string]found         // of the last scan: what was not steady yet
	failures map[string]failure       // by path
	lengths  map[string]time.Duration // of pending files, by path
	current  map[*job]time.Duration   // files in the pipeline, and how far they are
	removed  bool
}

type failure struct {
	found
	reason string
	pause  time.Duration
	next   time.Time
}

func newWatch(c Camera) *watch {
	return &watch{
		Camera: c, seen: map[string]found{}, failures: map[string]failure{},
		lengths: map[string]time.Duration{}, current: map[*job]time.Duration{},
	}
}

// scan lists the source and decides which of its files are to be taken in. now
// is this scan's time, steadyAfter the age from which a file counts as finished
// at first sight: older recordings must not wait for a second look.
func (w *watch) scan(ctx context.Context, l *ledger.Ledger, now time.Time, steadyAfter time.Duration) error {
	files, err := w.list(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.scanned, w.scanErr = true, err
	inPipeline := map[string]bool{}
	for j := range w.current {
		inPipeline[j.path] = true
	}
	seen := make(map[string]found)
	present := make(map[string]bool, len(files))
	w.pending, w.unsteady = w.pending[:0], 0
	for _, f := range files {
		present[f.path] = true
		if e, ok := l.Unchanged(w.ID, f.path, f.size, f.modified); ok && e.State == ledger.Done {
			delete(w.failures, f.path)
			continue
		}
		if inPipeline[f.path] {
			continue
		}
		last, met := w.seen[f.path]
		steady := w.Source.Kind == camera.File || now.Sub(f.modified) >= steadyAfter ||
			met && last.size == f.size && last.modified.Equal(f.modified)
		if !steady {
			seen[f.path] = f
			w.unsteady++
			continue
		}
		if bad, ok := w.failures[f.path]; ok {
			if bad.size == f.size && bad.modified.Equal(f.modified) && now.Before(bad.next) {
				continue
			}
		}
		w.pending = append(w.pending, f)
	}
	w.seen = seen
	for path := range w.failures {
		if !present[path] && err == nil {
			delete(w.failures, path)
		}
	}
	for path := range w.lengths {
		if !present[path] {
			delete(w.lengths, path)
		}
	}
	// What happened last is asked for first.
	slices.SortFunc(w.pending, func(a, b found) int { return a.modified.Compare(b.modified) })
	return nil
}

// list returns the files of the source. For a folder that can be read in part,
// it returns that part and the first error.
func (w *watch) list(ctx context.Context) ([]found, error) {
	if w.Source.Kind == camera.File {
		info, err := os.Stat(w.Source.Path)
		if err != nil {
			return nil, err
		}
		return []found{{w.Source.Path, info.Size(), info.ModTime()}}, nil
	}
	var first error
	info, err := os.Stat(w.Source.Path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", w.Source.Path)
	}
	if err != nil {
		return nil, err
	}
	files, err := walkVideos(ctx, []string{w.Source.Path}, func(path string, err error) {
		if first == nil {
			first = fmt.Errorf("%s: %s", path, explainFile(path, err))
		}
	})
	if err != nil {
		return nil, err
	}
	return files, first
}

// take hands out the next file as a job, or nil.
func (w *watch) take() *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.removed || len(w.pending) == 0 {
		return nil
	}
	f := w.pending[len(w.pending)-1]
	w.pending = w.pending[:len(w.pending)-1]
	j := &job{found: f, camera: w.ID, rule: w.TimeFrom, zone: w.Location, mode: w.Mode, progress: w.moved}
	w.current[j] = 0
	return j
}

// giveBack undoes take for a job that the pipeline did not get.
func (w *watch) giveBack(j *job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.current, j)
	w.pending = append(w.pending, j.found)
}

func (w *watch) moved(j *job, at, length time.Duration, _ int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.current[j] = at
	if length > 0 {
		w.lengths[j.path] = length
	}
}

// finished takes in what became of a file.
func (w *watch) finished(j *job, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.current, j)
	switch j.outcome {
	case taken, skipped:
		delete(w.failures, j.path)
		delete(w.lengths, j.path)
	case failed:
		last := w.failures[j.path]
		f := failure{found: j.found, reason: explainFile(j.path, j.err), pause: retryFirst}
		if last.size == f.size && last.modified.Equal(f.modified) {
			f.pause = min(2*last.pause, retryLast)
		}
		f.next = now.Add(f.pause)
		w.failures[j.path] = f
	case abandoned: // the next run takes it up
	}
}

// unmeasured returns some pending files whose length is not known yet.
func (w *watch) unmeasured(atMost int) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for i := len(w.pending) - 1; i >= 0 && len(out) < atMost; i-- {
		if _, ok := w.lengths[w.pending[i].path]; !ok {
			out = append(out, w.pending[i].path)
		}
	}
	return out
}

func (w *watch) measured(path string, length time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lengths[path] = length
}

// status says how the camera is doing.
func (w *watch) status(diskFull bool) CameraStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := CameraStatus{ID: w.ID, Name: w.Name, State: CameraIdle, Files: len(w.pending) + len(w.current)}
	if w.Source.Kind == camera.RTSP {
		s.State = CameraUnsupported
		s.Reason = "live streams are not taken in by this version: have a recorder write files and use a folder source"
		return s
	}
	s.Pending = w.pendingTime()
	switch {
	case w.scanErr != nil && s.Files == 0:
		s.State, s.Reason = CameraFailed, fmt.Sprintf("%s: %s", w.Source.Path, explainFile(w.Source.Path, w.scanErr))
	case s.Files > 0 && diskFull:
		s.State, s.Reason = CameraWaiting, "the disk is full: waiting for room"
	case s.Files > 0:
		s.State = CameraImporting
		s.Reason = fmt.Sprintf("%d of its files are not indexed yet", s.Files)
		if s.Files == 1 {
			s.Reason = "one of its files is not indexed yet"
		}
	case !w.scanned:
		s.State, s.Reason = CameraImporting, "the source is being looked through"
	case len(w.failures) > 0:
		path, reason := w.lastFailure()
		s.Reason = fmt.Sprintf("%s: %s", filepath.Base(path), reason)
		if n := len(w.failures); n > 1 {
			s.Reason = fmt.Sprintf("%d files could not be read, the last: %s", n, s.Reason)
		}
		if w.Source.Kind == camera.File {
			s.State = CameraFailed
		}
	case w.unsteady > 0:
		s.Reason = fmt.Sprintf("%d files are still being written", w.unsteady)
	}
	return s
}

func (w *watch) lastFailure() (path, reason string) {
	var latest time.Time
	for p, f := range w.failures {
		if at := f.next.Add(-f.pause); path == "" || at.After(latest) || at.Equal(latest) && p < path {
			path, reason, latest = p, f.reason, at
		}
	}
	return path, reason
}

// pendingTime estimates the footage not indexed yet: lengths where they are
// known, and for the others the bytes at the rate of those.
func (w *watch) pendingTime() time.Duration {
	var sum, knownTime time.Duration
	var knownBytes, unknownBytes int64
	count := func(f found, done time.Duration) {
		if length, ok := w.lengths[f.path]; ok && length > 0 {
			sum += max(length-done, 0)
			knownTime += length
			knownBytes += f.size
		} else {
			unknownBytes += f.size
		}
	}
	for _, f := range w.pending {
		count(f, 0)
	}
	for j, done := range w.current {
		count(j.found, done)
	}
	if unknownBytes > 0 && knownBytes > 0 {
		sum += time.Duration(float64(knownTime) * float64(unknownBytes) / float64(knownBytes))
	}
	return sum
}
