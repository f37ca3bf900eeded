package agent

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/agent/decode"
)

const (
	// rescanEvery is how often a folder is looked through.
	rescanEvery = 30 * time.Second
	// steadyAge is the age from which a file counts as finished at first sight;
	// a younger one must look the same in two scans.
	steadyAge = 2 * time.Minute
	// measureAtOnce is how many files are opened after a scan to learn their length.
	measureAtOnce = 100
)

// Cameras takes in the footage of the configured cameras, for as long as it
// runs. Every camera is scanned by a goroutine of its own, so that a network
// share that hangs holds up no other; one dispatcher hands their files to the
// pipeline, in turn, newest first.
//
//	watch(gate)  ─┐
//	watch(nvr3)  ─┼─> dispatch ──> pipeline
//	watch(yard)  ─┘
type Cameras struct {
	im   *Importer
	wake chan struct{} // something is pending, or the cameras changed

	mu       sync.Mutex
	watches  []*watch
	stops    map[*watch]context.CancelFunc
	scanning sync.WaitGroup
	ctx      context.Context // of Run; nil before
}

// NewCameras returns a Cameras without any camera: Set names them.
func NewCameras(im *Importer) *Cameras {
	return &Cameras{im: im, wake: make(chan struct{}, 1), stops: map[*watch]context.CancelFunc{}}
}

// Set replaces the cameras. One that did not change goes on undisturbed; of one
// that is gone the file in the pipeline is finished and no other is begun.
func (c *Cameras) Set(cameras []Camera) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var next []*watch
	for _, cam := range cameras {
		i := slices.IndexFunc(c.watches, func(w *watch) bool { return w.Camera.same(cam) })
		if i >= 0 {
			next = append(next, c.watches[i])
			continue
		}
		next = append(next, newWatch(cam))
	}
	for _, w := range c.watches {
		if !slices.Contains(next, w) {
			w.mu.Lock()
			w.removed = true
			w.mu.Unlock()
			if stop := c.stops[w]; stop != nil {
				stop()
				delete(c.stops, w)
			}
		}
	}
	c.watches = next
	c.startScans()
}

// startScans starts the scanners that do not run yet, if Run does. c.mu is held.
func (c *Cameras) startScans() {
	if c.ctx == nil || c.ctx.Err() != nil {
		return
	}
	for _, w := range c.watches {
		if _, running := c.stops[w]; running || w.Source.Kind == camera.RTSP {
			continue
		}
		ctx, stop := context.WithCancel(c.ctx)
		c.stops[w] = stop
		c.scanning.Go(func() { c.watch(ctx, w) })
	}
}

// Run takes footage in until ctx is done, and returns when everything that was
// cut is indexed. Its error is the store's.
func (c *Cameras) Run(ctx context.Context) error {
	scans, stop := context.WithCancel(ctx)
	defer stop()
	c.mu.Lock()
	c.ctx = scans
	c.startScans()
	c.mu.Unlock()

	jobs := make(chan *job)
	var dispatcher sync.WaitGroup
	dispatcher.Go(func() {
		defer close(jobs)
		c.dispatch(scans, jobs)
	})
	err := c.im.run(ctx, jobs)
	stop()
	dispatcher.Wait()
	// A scanner may hang in a file system that does not answer; nothing depends on it any more.
	done := make(chan struct{})
	go func() { c.scanning.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	return err
}

// watch scans one camera until ctx is done.
func (c *Cameras) watch(ctx context.Context, w *watch) {
	tick := time.NewTicker(rescanEvery)
	defer tick.Stop()
	for {
		if err := w.scan(ctx, c.im.Ledger, c.im.now(), steadyAge); err != nil {
			return
		}
		c.nudge()
		c.measure(ctx, w)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// measure opens pending files to learn how much footage they hold.
func (c *Cameras) measure(ctx context.Context, w *watch) {
	for _, path := range w.unmeasured(measureAtOnce) {
		if ctx.Err() != nil {
			return
		}
		r, err := c.im.Open(ctx, path, decode.Options{Mode: w.Mode, MaxFPS: c.im.MaxFPS})
		if err != nil {
			w.measured(path, 0) // the import will say what is wrong with it
			continue
		}
		w.measured(path, r.Info().Duration)
		r.Close()
	}
}

func (c *Cameras) nudge() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// dispatch hands jobs to the pipeline, one camera after another.
func (c *Cameras) dispatch(ctx context.Context, jobs chan<- *job) {
	turn := 0
	for ctx.Err() == nil {
		w, j := c.next(&turn)
		if j == nil {
			select {
			case <-c.wake:
			case <-ctx.Done():
				return
			}
			continue
		}
		j.finished = func(j *job) {
			w.finished(j, c.im.now())
			switch j.outcome {
			case failed:
				c.im.Logger.Warn("a file could not be taken in", "camera", j.camera, "path", j.path, "reason", explainFile(j.path, j.err))
			case taken:
				c.im.Logger.Info("a file is indexed", "camera", j.camera, "path", j.path, "start", j.entry.Start, "time_from", j.entry.Origin, "clips", j.clips, "damage", j.damage)
			case skipped, abandoned:
			}
		}
		select {
		case jobs <- j:
		case <-ctx.Done():
			w.giveBack(j)
			return
		}
	}
}

// next returns the next file of the camera whose turn it is.
func (c *Cameras) next(turn *int) (*watch, *job) {
	c.mu.Lock()
	watches := slices.Clone(c.watches)
	c.mu.Unlock()
	for range watches {
		*turn = (*turn + 1) % len(watches)
		if j := watches[*turn].take(); j != nil {
			return watches[*turn], j
		}
	}
	return nil, nil
}

// Status says how every camera is doing, in the order of the configuration.
func (c *Cameras) Status() []CameraStatus {
	full := c.im.WaitingForSpace()
	c.mu.Lock()
	watches := slices.Clone(c.watches)
	c.mu.Unlock()
	out := make([]CameraStatus, len(watches))
	for i, w := range watches {
		out[i] = w.status(full)
	}
	return out
}
