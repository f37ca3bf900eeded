package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/index/query/japanese"
)

// sourcesFolder is where a data folder keeps the ledger of footage files.
const sourcesFolder = "sources"

// openFolder is one data folder opened by this process.
type openFolder struct {
	model    *packModel
	store    *index.Store
	engine   *query.Engine
	ledger   *ledger.Ledger  // nil if opened for reading
	importer *agent.Importer // nil if opened for reading
}

// newFolder joins index, model and importer over dir. What was opened so far is
// closed again if a later part fails.
func newFolder(ctx context.Context, dir, packDir string, write bool, logger *slog.Logger) (_ *openFolder, err error) {
	f := &openFolder{}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if f.model, err = openModel(packDir, logger); err != nil {
		return nil, err
	}
	pack := f.model.Pack()
	o := index.Options{Dir: dir, PackHash: pack.Hash(), Dims: pack.Manifest().Dims, Logger: logger}
	if f.store, err = openStore(ctx, o, write); err != nil {
		return nil, err
	}
	options := query.Options{
		Calibration: f.model.Calibration(),
		Translator:  japanese.NewLazy(logger),
		Model:       func() query.Model { return query.Model{Pack: f.model.name(), Provider: f.model.Provider()} },
		Logger:      logger,
	}
	searchmodel.UseRefiner(&options, f.model.refiner)
	if f.engine, err = query.New(f.store, f.model, options); err != nil {
		return nil, fmt.Errorf("use the pack: %w", err)
	}
	if !write {
		return f, nil
	}
	if f.ledger, err = ledger.Open(filepath.Join(dir, sourcesFolder)); err != nil {
		return nil, err
	}
	f.importer, err = agent.NewImporter(agent.Deps{Store: f.store, Encoder: f.model.Encoder, Ledger: f.ledger, PackHash: pack.Hash(), Logger: logger})
	return f, err
}

// openStore opens an index and says what to do where that fails.
func openStore(ctx context.Context, o index.Options, write bool) (*index.Store, error) {
	open := index.OpenReadOnly
	if write {
		open = index.Open
		if err := os.MkdirAll(o.Dir, 0o750); err != nil {
			return nil, fmt.Errorf("make the data folder: %w", err)
		}
	}
	s, err := open(ctx, o)
	switch {
	case errors.Is(err, index.ErrLocked):
		return nil, err // it names the process and what to do
	case errors.Is(err, index.ErrNoIndex):
		return nil, fmt.Errorf("%w: %s; take footage in first (gemba import), or name another folder with --data-dir", index.ErrNoIndex, o.Dir)
	case err != nil:
		return nil, fmt.Errorf("open the data folder %s: %w", o.Dir, err)
	}
	return s, nil
}

// Search implements folder.
func (f *openFolder) Search(ctx context.Context, r query.Request) (*query.Response, error) {
	return f.engine.Search(ctx, r)
}

// Footage implements folder.
func (f *openFolder) Footage(ctx context.Context, clipID string) string {
	id, err := index.ParseID(clipID)
	if err != nil {
		return ""
	}
	c, err := f.store.Clip(ctx, id)
	if err != nil || c.Source.Path == "" {
		return ""
	}
	return fmt.Sprintf("%s at %s", c.Source.Path, c.Source.Offset.Round(100*time.Millisecond))
}

// Import implements folder.
func (f *openFolder) Import(ctx context.Context, r agent.ImportRequest, progress func(agent.Progress)) (agent.ImportReport, error) {
	if f.importer == nil {
		return agent.ImportReport{}, index.ErrReadOnly
	}
	return f.importer.Import(ctx, r, progress)
}

// Close makes everything durable and gives the folder back.
func (f *openFolder) Close() error {
	var errs []error
	if f.store != nil {
		errs = append(errs, f.store.Close())
	}
	if f.ledger != nil {
		errs = append(errs, f.ledger.Close())
	}
	if f.model != nil {
		errs = append(errs, f.model.Close())
	}
	return errors.Join(errs...)
}
