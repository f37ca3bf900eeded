package index

import (
	"log/slog"
	"path/filepath"
	"time"

	"github.com/gembahq/gemba/index/vfs"
)

// Options of a store. Only Dir must be given.
type Options struct {
	// Dir is the data folder; it is made if missing.
	Dir string
	// FS is where Dir lies; nil: the machine's file system. On another one the
	// text index is kept in memory and made again at each open.
	FS vfs.FS
	// PackHash is the model pack searches and new clips belong to. Zero: a
	// search covers every segment of the query's width.
	PackHash [32]byte
	// Dims is the width of that pack's vectors; 0: not checked on Append.
	Dims int
	// SyncEvery is the longest time, and SyncBytes the most log bytes, that a
	// power cut can take. 0: 5 s and 256 KiB.
	SyncEvery time.Duration
	SyncBytes int
	// CameraName gives a camera's display name, which is indexed as text when a
	// clip is added; nil: none. It is called from any goroutine.
	CameraName func(id string) string
	// Workers is the number of goroutines of one search; 0: as many as the
	// machine has processors.
	Workers int
	// Logger gets what an operator should know; nil: nothing is logged.
	Logger *slog.Logger
	// Now is the clock; nil: time.Now.
	Now func() time.Time

	text textIndex // tests put their own here
}

const (
	defaultSyncEvery = 5 * time.Second
	defaultSyncBytes = 256 << 10

	openFiles = 256 // kept open for reading
)

func (o *Options) defaults() {
	o.Dir = filepath.ToSlash(filepath.Clean(o.Dir))
	if o.FS == nil {
		o.FS = vfs.OS{}
	}
	if o.SyncEvery <= 0 {
		o.SyncEvery = defaultSyncEvery
	}
	if o.SyncBytes <= 0 {
		o.SyncBytes = defaultSyncBytes
	}
	if o.CameraName == nil {
		o.CameraName = func(string) string { return "" }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}
