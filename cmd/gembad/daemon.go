package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/agent/record"
	"github.com/gembahq/gemba/agent/tune/feedback"
	"github.com/gembahq/gemba/agent/tune/rerank"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/httpapi"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/index/query/japanese"
	"github.com/gembahq/gemba/index/vfs"
	"github.com/gembahq/gemba/internal/version"
)

// daemon is everything that is open while gembad runs. close undoes open in reverse.
type daemon struct {
	started  time.Time
	config   atomic.Pointer[config.Config]
	level    *slog.LevelVar
	logger   *slog.Logger
	notify   notifier
	registry *prometheus.Registry

	pack     *encode.Pack
	encoder  *encode.Encoder
	refiner  *encode.Refiner // nil: the pack has none
	store    *index.Store
	ledger   *ledger.Ledger
	feedback *feedback.Store
	player   *record.Player
	tuning   *tuning
	reranker *rerank.Refiner

	importer *agent.Importer
	cameras  *agent.Cameras
	jobs     *agent.Jobs

	closers []func() error
}

// serve runs the daemon until ctx is done or a part of it fails.
func serve(ctx context.Context, c *config.Config, stdout, stderr io.Writer) (err error) {
	level := &slog.LevelVar{}
	level.Set(levelOf(c.Log.Level))
	d := &daemon{started: time.Now(), level: level, logger: newLogger(stderr, c.Log.Format, level)}
	d.notify = notifier{d.logger}
	d.config.Store(c)
	limitMemory(d.logger)
	for _, w := range c.Warnings {
		d.logger.Warn(w.Text, "file", w.File, "line", w.Line)
	}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.open(ctx, c); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop while still starting
		}
		return err
	}
	handler, err := d.handler(c)
	if err != nil {
		return err
	}
	tcp, sockets, err := listenAll(c.HTTP.Listen, c.DataDir, d.logger)
	if err != nil {
		return err
	}
	address := tcp.Addr().String()
	dog := &watchdog{
		notify: d.notify, logger: d.logger, every: watchdogInterval(), stalled: d.importer.Stalled,
		checks: []func(context.Context) error{
			livez("tcp", address),
			answers("the index", func() { d.store.Clips() }),
		},
	}
	actors := []actor{
		// What brings new work stops first …
		{"reload", (&reloader{c.File, d.apply, d.config.Load, d.notify, d.logger}).run},
		// … then what takes footage in, each when what it had cut is indexed: a
		// camera's run and the jobs drain here, while searches are still answered.
		{"cameras", d.cameras.Run},
		{"imports", func(ctx context.Context) error { <-ctx.Done(); d.jobs.Close(); return nil }},
		{"retention", (&retention{d.store, d.logger, d.config.Load, time.Now, retentionEvery}).run},
		{"tuning", d.tuning.run},
		{"status", d.report},
		// The watchdog asks the service, so it goes before it.
		{"watchdog", dog.run},
		// The service stops last: nothing may use the store after it.
		{"http", serveHTTP(tcp, handler, d.logger)},
	}
	for _, l := range sockets {
		actors = append(actors, actor{"socket " + l.Addr().String(), serveHTTP(l, handler, d.logger)})
	}
	d.cameras.Set(camerasOf(c))
	d.logger.Info("ready", "address", "http://"+address, "data_dir", c.DataDir, "cameras", len(c.Cameras), "start_seconds", time.Since(d.started).Seconds())
	d.notify.ready("answering on http://" + address)
	announce(stdout, address)
	return runGroup(ctx, d.logger, d.notify.stopping, actors...)
}

// open builds everything, in the order of dependence. The store comes first:
// it holds the lock of the data folder.
func (d *daemon) open(ctx context.Context, c *config.Config) error {
	var err error
	if d.pack, err = openPack(c); err != nil {
		return err
	}
	if err := os.MkdirAll(c.DataDir, 0o750); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	d.store, err = index.Open(ctx, index.Options{
		Dir: c.DataDir, PackHash: d.pack.Hash(), Dims: d.pack.Manifest().Dims, CameraName: d.cameraName, Logger: d.logger,
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, d.store.Close)
	d.encoder, err = encode.New(d.pack, encode.Options{
		Library: c.Model.ONNXRuntime, Provider: c.Model.Provider, Threads: runtime.GOMAXPROCS(0),
		Logger: d.logger, CacheDir: enginesDir(c.DataDir),
	})
	if err != nil {
		return err
	}
	d.closers = append(d.closers, d.encoder.Close)
	if d.refiner, err = encode.NewRefiner(d.encoder, runtime.GOMAXPROCS(0)); err != nil {
		return err
	}
	if d.refiner != nil {
		d.closers = append(d.closers, d.refiner.Close)
	}
	if d.ledger, err = ledger.Open(filepath.Join(c.DataDir, "sources")); err != nil {
		return err
	}
	d.closers = append(d.closers, d.ledger.Close)
	if s := d.ledger.Stats(); s.Damaged > 0 {
		d.logger.Warn("damaged records of the footage ledger were left out: their files are looked at again", "records", s.Damaged)
	}
	if d.feedback, err = feedback.Open(vfs.OS{}, filepath.Join(c.DataDir, "feedback")); err != nil {
		return err
	}
	d.closers = append(d.closers, d.feedback.Close)
	if n := d.feedback.Damaged(); n > 0 {
		d.logger.Warn("damaged grades were left out of the feedback", "grades", n)
	}
	if err := d.openTuning(c.DataDir); err != nil {
		return err
	}
	if d.player, err = record.NewPlayer(record.Options{Dir: filepath.Join(c.DataDir, "cache", "video"), Ledger: d.ledger}); err != nil {
		return err
	}
	d.registry = d.newRegistry()
	d.importer, err = agent.NewImporter(agent.Deps{
		Store: d.store, Encoder: d.encoder, Ledger: d.ledger, PackHash: d.pack.Hash(), WaitForSpace: true,
		Logger: d.logger, Metrics: agent.NewMetrics(d.registry),
	})
	if err != nil {
		return err
	}
	d.cameras = agent.NewCameras(d.importer)
	d.jobs = agent.NewJobs(d.importer)
	d.registry.MustRegister(newGauges(d))
	return nil
}

// close closes what open opened, the last first.
func (d *daemon) close() error {
	var err error
	for i := len(d.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, d.closers[i]())
	}
	if err != nil {
		return fmt.Errorf("close: %w", err)
	}
	return nil
}

// handler joins the parts of the service.
func (d *daemon) handler(c *config.Config) (http.Handler, error) {
	options := query.Options{
		Calibration: searchmodel.Calibration(d.pack),
		Translator:  japanese.NewLazy(d.logger),
		Image:       pictures{d.encoder},
		Cameras:     d.cameraIDs,
		Model:       d.model,
		Logger:      d.logger,
	}
	searchmodel.UseRefiner(&options, d.refiner)
	d.useHead(&options)
	engine, err := query.New(d.store, searchmodel.Words{Model: d.encoder}, options)
	if err != nil {
		return nil, err
	}
	return httpapi.New(httpapi.Deps{
		Engine: engine, Explainer: engine, Store: d.store, Footage: footage{d.player}, Importer: imports{d.jobs, &d.config},
		Cameras: cameraList{d.cameras.Status, d.store}, Feedback: grades{d.feedback}, Pictures: true,
		Ready: d.ready, IndexStats: d.indexStats, Model: d.model,
		Site:     httpapi.Site{Site: c.Site, Node: c.Node, Started: d.started},
		Version:  httpapi.Version{Version: version.Version, Commit: version.Commit, Go: runtime.Version()},
		Registry: d.registry, Logger: d.logger,
	})
}

// apply puts a configuration in force that was read again.
func (d *daemon) apply(c *config.Config) {
	d.config.Store(c)
	d.level.Set(levelOf(c.Log.Level))
	d.cameras.Set(camerasOf(c))
}

func (d *daemon) model() query.Model {
	return query.Model{Pack: searchmodel.PackName(d.pack), Provider: d.encoder.Provider()}
}

// cameraName is the name of a camera for people; the index finds clips by it.
func (d *daemon) cameraName(id string) string {
	for _, cam := range d.config.Load().Cameras {
		if cam.ID == id {
			return cam.Name
		}
	}
	return id
}

func (d *daemon) cameraIDs() []string {
	var out []string
	for _, cam := range d.config.Load().Cameras {
		out = append(out, cam.ID)
	}
	return out
}

func (d *daemon) newRegistry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// announce tells a person where to go.
func announce(stdout io.Writer, address string) {
	if !isTerminal(stdout) {
		return
	}
	fmt.Fprintf(stdout, "gemba answers on http://%s\n  try: curl 'http://%s/api/v1/search?q=a+worker+with+a+yellow+helmet'\n", address, address)
}
