package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// The states of a Job.
const (
	JobRunning   = "running"
	JobDone      = "done"
	JobFailed    = "failed"
	JobCancelled = "cancelled"
)

const (
	maxWaitingJobs = 64
	keptJobs       = 200 // ended jobs that can still be asked for
)

// JobState is an import as it can be asked for.
type JobState struct {
	ID       string
	Camera   string
	State    string
	Progress float64       // 0 to 1
	ETA      time.Duration // 0: not known
	File     string        // being read
	Clips    int           // indexed so far
	Message  string        // what it waits for or why it failed; may be empty
	Result   *ImportReport // set when it has ended
}

// Jobs runs imports in the background, one after another, so that two large
// ones do not halve each other's speed; the cameras' imports run beside them.
type Jobs struct {
	im     *Importer
	logger *slog.Logger
	ctx    context.Context
	stop   context.CancelFunc
	all    sync.WaitGroup

	mu      sync.Mutex
	jobs    map[string]*runningJob
	last    chan struct{} // closed when every job started so far has ended
	order   []string      // of their start
	waiting int
	closed  bool
}

type runningJob struct {
	cancel context.CancelFunc
	state  JobState
}

// NewJobs returns a job list for the importer. Close ends it.
func NewJobs(im *Importer) *Jobs {
	ctx, stop := context.WithCancel(context.Background())
	j := &Jobs{im: im, logger: im.Logger, ctx: ctx, stop: stop, jobs: map[string]*runningJob{}, last: make(chan struct{})}
	close(j.last)
	return j
}

// Start begins an import and returns its id. A request that cannot be is
// refused at once, with an error that wraps ErrBadRequest.
func (j *Jobs) Start(req ImportRequest) (string, error) {
	if _, err := req.check(); err != nil {
		return "", err
	}
	id := newJobID()
	ctx, cancel := context.WithCancel(j.ctx)
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		cancel()
		return "", errStopped
	}
	if j.waiting >= maxWaitingJobs {
		cancel()
		return "", ErrTooManyJobs
	}
	j.waiting++
	job := &runningJob{cancel: cancel, state: JobState{ID: id, Camera: req.Camera, State: JobRunning, Message: "waiting for the imports before it"}}
	j.jobs[id] = job
	j.order = append(j.order, id)
	before, done := j.last, make(chan struct{})
	j.last = done
	j.all.Go(func() {
		defer close(done)
		j.run(ctx, before, id, job, req)
		<-before // one that is cancelled while it waits lets nobody pass
	})
	return id, nil
}

func (j *Jobs) run(ctx context.Context, before <-chan struct{}, id string, job *runningJob, req ImportRequest) {
	defer job.cancel()
	report, err := ImportReport{Failed: []Failure{}}, error(nil)
	select {
	case <-before:
		report, err = j.im.Import(ctx, req, func(p Progress) { j.progress(job, p) })
	case <-ctx.Done():
		err = ctx.Err()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting--
	s := &job.state
	s.ETA, s.File, s.Message, s.Clips, s.Result = 0, "", "", report.Clips, &report
	switch {
	case errors.Is(err, context.Canceled):
		s.State = JobCancelled
	case err != nil:
		s.State, s.Message = JobFailed, explain(err)
		j.logger.Error("import failed", "job", id, "camera", req.Camera, "error", err)
	default:
		s.State, s.Progress = JobDone, 1
		j.logger.Info("import done", "job", id, "camera", req.Camera, "files", report.Files, "skipped", report.Skipped, "clips", report.Clips, "failed", len(report.Failed))
	}
	j.prune()
}

// prune forgets the oldest of the ended jobs beyond those that are kept.
func (j *Jobs) prune() {
	excess := len(j.order) - j.waiting - keptJobs
	j.order = slices.DeleteFunc(j.order, func(id string) bool {
		if excess <= 0 || j.jobs[id].state.State == JobRunning {
			return false
		}
		excess--
		delete(j.jobs, id)
		return true
	})
}

// List returns the jobs that run, wait or ended lately, in the order of their start.
func (j *Jobs) List() []JobState {
	j.mu.Lock()
	ids := slices.Clone(j.order)
	j.mu.Unlock()
	out := make([]JobState, 0, len(ids))
	for _, id := range ids {
		if s, ok := j.Get(id); ok {
			out = append(out, s)
		}
	}
	return out
}

func (j *Jobs) progress(job *runningJob, p Progress) {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := &job.state
	s.Progress, s.ETA, s.File, s.Clips, s.Message = p.Fraction, p.ETA, p.File, p.Clips, ""
}

// Get returns the state of a job, and false for one that never was or ended long ago.
func (j *Jobs) Get(id string) (JobState, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job, ok := j.jobs[id]
	if !ok {
		return JobState{}, false
	}
	s := job.state
	if s.State == JobRunning && j.im.WaitingForSpace() {
		s.Message = "the disk is full: waiting for room"
	}
	return s, true
}

// Cancel ends a job; what it has cut is still indexed. It returns false for a job that is not there.
func (j *Jobs) Cancel(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	job, ok := j.jobs[id]
	if ok {
		job.cancel()
	}
	return ok
}

// Close cancels all jobs and waits until they have drained.
func (j *Jobs) Close() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.stop()
	j.all.Wait()
}

func newJobID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
