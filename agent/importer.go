package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime"
	"sync"
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/agent/clip"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// Appender takes clips into the index; *index.Store is one.
type Appender interface {
	// Append makes clips searchable. On a full disk it fails with an error that
	// wraps index.ErrDiskFull and may be called again.
	Append(ctx context.Context, clips []index.Clip) ([]index.ID, error)
	// Sync makes everything appended durable.
	Sync(ctx context.Context) error
	// SourceOffsets lists the clips of one footage file by their media time.
	SourceOffsets(ctx context.Context, camera, key string) (map[time.Duration]index.ID, error)
}

// ClipEncoder understands clips; *encode.Encoder is one. It may be called by
// several imports at once.
type ClipEncoder interface {
	EncodeClips(ctx context.Context, clips [][]*frame.Frame) ([]encode.ClipEmbedding, error)
}

// FrameReader gives the frames of one source; *decode.Reader is one.
type FrameReader interface {
	Info() decode.Info
	Next(ctx context.Context) (*frame.Frame, error)
	Stats() decode.Stats
	Close() error
}

// Deps are what an Importer works with. Store, Encoder and Ledger are needed;
// the others have defaults.
type Deps struct {
	Store   Appender
	Encoder ClipEncoder
	Ledger  *ledger.Ledger
	// PackHash is written into every clip: which model understood it.
	PackHash [32]byte

	// Open opens a footage file. Default: decode.Open.
	Open func(ctx context.Context, path string, o decode.Options) (FrameReader, error)
	// Workers is how many files are decoded at once. Default: a quarter of the
	// processors, at least 1; decoding itself and the model use the others.
	Workers int
	// Batch is the most clips given to the encoder at once. Default 4: 32
	// frames, some 14 MB of pixels, keep a processor's kernels filled.
	Batch int
	// MaxFPS is how many frames a second are looked at. Default 10: the motion
	// gate looks 5 times a second.
	MaxFPS float64
	// WaitForSpace makes a run wait while the disk is full instead of failing.
	WaitForSpace bool

	Logger  *slog.Logger
	Metrics *Metrics

	now   func() time.Time
	after func(time.Duration) <-chan time.Time
}

// Importer takes footage files in. It may run several imports at once.
type Importer struct {
	Deps
	pool *frame.Pool

	mu      sync.Mutex
	claims  map[claimID]chan struct{}
	waiting int // runs that wait for disk space
	clips   int // cut and not yet indexed
	moved   time.Time
}

type claimID struct{ camera, key string }

// NewImporter returns an Importer. It fails if a needed part is missing.
func NewImporter(d Deps) (*Importer, error) {
	if d.Store == nil || d.Encoder == nil || d.Ledger == nil {
		return nil, errors.New("an importer needs a store, an encoder and a ledger")
	}
	if d.Open == nil {
		d.Open = func(ctx context.Context, path string, o decode.Options) (FrameReader, error) {
			return decode.Open(ctx, path, o)
		}
	}
	if d.Workers <= 0 {
		d.Workers = max(1, runtime.GOMAXPROCS(0)/4)
	}
	if d.Batch <= 0 {
		d.Batch = 4
	}
	if d.MaxFPS <= 0 {
		d.MaxFPS = 10
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.after == nil {
		d.after = time.After
	}
	return &Importer{Deps: d, pool: frame.NewPool(), claims: map[claimID]chan struct{}{}}, nil
}

// WaitingForSpace tells whether imports stand still because the disk is full.
func (im *Importer) WaitingForSpace() bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.waiting > 0
}

// Stalled tells whether there are clips in the pipeline none of which has moved
// on for that long, though there is room on the disk.
func (im *Importer) Stalled(limit time.Duration) bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	return im.clips > 0 && im.waiting == 0 && im.now().Sub(im.moved) > limit
}

// progressed notes that clips came into the pipeline (positive), left it
// (negative) or moved on in it (0).
func (im *Importer) progressed(clips int) {
	im.mu.Lock()
	im.clips += clips
	im.moved = im.now()
	im.mu.Unlock()
	im.Metrics.moved(clips)
}

// ImportRequest says what to import.
type ImportRequest struct {
	Paths  []string // files and folders
	Camera string   // id of the camera the footage is of
	// Start is the moment of the first frame, for a single file. Zero: by TimeFrom.
	Start time.Time
	// TimeFrom is a rule of camera.ParseTimeRule; "" is auto.
	TimeFrom string
	// Location is the zone of times in file names. Default: the machine's.
	Location *time.Location
	Mode     decode.Mode
}

var cameraID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// Import takes in every footage file at and below the paths. It skips files
// whose content the camera already has, goes on with one that was left half
// taken in, and goes on past files that cannot be read, which the report names.
// progress, if not nil, is called from one goroutine at a time, at most ten
// times a second and at the end.
//
// The error is about the import as a whole: a request that cannot be (wraps
// ErrBadRequest), a cancelled ctx (what was cut is still indexed), or a store
// that takes no more (index.ErrDiskFull, unless WaitForSpace). The report holds
// what was done until then.
func (im *Importer) Import(ctx context.Context, req ImportRequest, progress func(Progress)) (ImportReport, error) {
	began := im.now()
	report := ImportReport{Failed: []Failure{}}
	rule, err := req.check()
	if err != nil {
		return report, err
	}
	files, err := walkVideos(ctx, req.Paths, report.fail)
	if err != nil {
		return report, err
	}
	report.Files = len(files)
	if !req.Start.IsZero() && len(files) > 1 {
		return report, fmt.Errorf("%w: one start time cannot hold for %d files: import them one by one, or leave it out", ErrBadRequest, len(files))
	}
	track := newTracker(files, began, im.now, progress)

	jobs := make(chan *job)
	producing, stop := context.WithCancel(ctx)
	var producer sync.WaitGroup
	producer.Go(func() {
		defer close(jobs)
		for _, f := range files {
			j := &job{
				found: f, camera: req.Camera, start: req.Start, rule: rule, zone: req.Location, mode: req.Mode,
				progress: track.moved,
				finished: func(j *job) { track.finished(j, &report) },
			}
			select {
			case jobs <- j:
			case <-producing.Done():
				return
			}
		}
	})
	err = im.run(ctx, jobs)
	stop()
	producer.Wait()
	report.WallSeconds = im.now().Sub(began).Seconds()
	track.end()
	if err == nil {
		err = ctx.Err()
	}
	return report, err
}

func (req *ImportRequest) check() (camera.TimeRule, error) {
	if !cameraID.MatchString(req.Camera) {
		return camera.TimeRule{}, fmt.Errorf("%w: %q is no camera id: use small letters, digits, _ and -, at most 64", ErrBadRequest, req.Camera)
	}
	if len(req.Paths) == 0 {
		return camera.TimeRule{}, fmt.Errorf("%w: no file or folder is named", ErrBadRequest)
	}
	rule, err := camera.ParseTimeRule(req.TimeFrom)
	if err != nil {
		return rule, fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	if req.Location == nil {
		req.Location = time.Local
	}
	return rule, nil
}

func (im *Importer) cutter() (*clip.Cutter, error) { return clip.NewCutter(clip.Options{}) }

func modeName(m decode.Mode) string {
	if m == decode.KeyFrames {
		return "keyframes"
	}
	return "full"
}

func modeOf(name string) decode.Mode {
	if name == "keyframes" {
		return decode.KeyFrames
	}
	return decode.Full
}
