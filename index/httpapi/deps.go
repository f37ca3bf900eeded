package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// Errors of Footage and Importer that have a status of their own.
var (
	// ErrFootageGone means that a clip is indexed but its footage is deleted,
	// moved or on a volume that is not there now.
	ErrFootageGone = errors.New("the footage of this clip is no longer there")
	// ErrNotPlayable means that the footage is of a kind no browser plays.
	ErrNotPlayable = errors.New("the footage of this clip has a codec that browsers do not play")
	// ErrBusy means that a job cannot be taken now, but later.
	ErrBusy = errors.New("too many jobs are running")
)

// Searcher answers searches; *query.Engine implements it.
type Searcher interface {
	Search(ctx context.Context, r query.Request) (*query.Response, error)
}

// ClipStore reads single clips; *index.Store implements it. Both methods return
// an error wrapping index.ErrNotFound where there is no such clip.
type ClipStore interface {
	Clip(ctx context.Context, id index.ID) (index.Clip, error)
	Thumbnail(ctx context.Context, id index.ID) ([]byte, error)
}

// Footage gives what was recorded. Errors wrap ErrFootageGone or ErrNotPlayable
// where one of them is the reason.
type Footage interface {
	// Video returns an MP4 file that a browser plays and how far into it the clip
	// begins. The file must stay until the caller has opened it.
	Video(ctx context.Context, c index.Clip) (path string, offset time.Duration, err error)
	// Frame returns frame n of the clip as a JPEG; n is an index into FrameOffsets.
	Frame(ctx context.Context, c index.Clip, n int) (jpeg []byte, err error)
}

// ImportRequest asks for footage files to be taken in.
type ImportRequest struct {
	Paths  []string  // absolute paths of files and folders on this machine
	Camera string    // id that the clips get
	Start  time.Time // when the footage begins; zero: found out from the files
}

// Importer runs imports in the background.
type Importer interface {
	// Start begins a job and returns its id at once. A *query.InvalidError
	// refuses the request; ErrBusy puts it off.
	Start(ctx context.Context, r ImportRequest) (job string, err error)
	// Job returns the state of a job, and false if the id is unknown.
	Job(id string) (JobState, bool)
	// Cancel stops a job; what it indexed stays.
	Cancel(id string)
}

// JobLister is an Importer that can also name its jobs; the status then has them.
type JobLister interface {
	Jobs() []JobState
}

// Job states.
const (
	JobRunning   = "running"
	JobDone      = "done"
	JobFailed    = "failed"
	JobCancelled = "cancelled"
)

// JobState is a job as clients see it.
type JobState struct {
	ID         string   `json:"id"`
	Camera     string   `json:"camera,omitempty" doc:"Camera that the footage is taken in for"`
	State      string   `json:"state" enum:"running,done,failed,cancelled"`
	Progress   float64  `json:"progress" minimum:"0" maximum:"1"`
	ETASeconds *float64 `json:"eta_seconds" doc:"Seconds left; null while that is not known"`
	File       string   `json:"file,omitempty" doc:"File being read"`
	Clips      int      `json:"clips" doc:"Clips indexed so far"`
	Error      string   `json:"error,omitempty" doc:"Why the job failed"`
	Result     any      `json:"result" doc:"What was taken in, once the job has ended; null before"`
}

// Cameras lists the configured cameras and those that have clips.
type Cameras interface {
	List(ctx context.Context) ([]CameraState, error)
}

// CameraState is a camera as clients see it.
type CameraState struct {
	ID             string     `json:"id"`
	Name           string     `json:"name"`
	State          string     `json:"state" doc:"What the camera does now, such as running, importing, idle, retrying, failed" example:"running"`
	Reason         string     `json:"reason" doc:"Why it is in that state, where that is not obvious"`
	Clips          int        `json:"clips"`
	LastFrame      *time.Time `json:"last_frame" doc:"Time of the last frame that was indexed; null if none"`
	GapSeconds     float64    `json:"gap_seconds" doc:"Time between the first and the last clip that no clip covers"`
	PendingSeconds float64    `json:"pending_seconds" doc:"Footage that is known but not indexed yet"`
}

// Part is one part of the service and whether it works.
type Part struct {
	Name   string `json:"name" example:"index"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail" example:"812 clips"`
}

// Readiness says whether searches are answered.
type Readiness struct {
	Ready bool   `json:"ready"`
	Parts []Part `json:"parts,omitempty"`
}

// IndexStats are the counts of the index.
type IndexStats struct {
	Clips      int              `json:"clips"`
	Partitions int              `json:"partitions"`
	Bytes      map[string]int64 `json:"bytes" doc:"Bytes on disk by kind"`
	SyncedTo   *time.Time       `json:"synced_to" doc:"Clips up to this time are safe against a power cut; null if unknown"`
}

// Site names the box.
type Site struct {
	Site    string
	Node    string
	Started time.Time // when the service began
}

// Version names the build.
type Version struct {
	Version string `json:"version" example:"0.1.0"`
	Commit  string `json:"commit"`
	Go      string `json:"go" example:"go1.26.8"`
}

// Deps are what New joins. Fields not marked required may be left out; their
// routes then do not exist or say less.
type Deps struct {
	Engine Searcher  // required
	Store  ClipStore // required
	// Explainer is nil where answers cannot be explained.
	Explainer Explainer
	Footage   Footage  // nil: thumbnails stand in for frames, there is no video
	Importer  Importer // nil: no imports
	Cameras   Cameras  // nil: an empty list
	Feedback  Feedback // nil: no feedback

	Ready      func(ctx context.Context) Readiness // nil: always ready
	IndexStats func() IndexStats
	Model      func() query.Model
	Site       Site
	Version    Version

	Registry *prometheus.Registry // nil: a new one
	Logger   *slog.Logger

	// Hosts are further names under which the service may be called, beside
	// loopback names and the address that a request came in on.
	Hosts []string
	// Pictures says that the engine can search by picture.
	Pictures bool
	Limits   Limits
}
