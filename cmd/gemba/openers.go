package main

import (
	"context"
	"log/slog"

	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
)

// openers is the real local: it opens packs, folders and cameras.
type openers struct{ logger *slog.Logger }

func (o openers) PackDir(pack string) (string, error) {
	return searchmodel.PackDir(pack)
}

func (o openers) OpenModel(_ context.Context, pack string) (model, error) {
	m, err := o.open(pack)
	if err != nil {
		return nil, err // not m: a nil *packModel would be a model that is not nil
	}
	return m, nil
}

func (o openers) open(pack string) (*packModel, error) {
	dir, err := o.PackDir(pack)
	if err != nil {
		return nil, err
	}
	return openModel(dir, o.logger)
}

func (o openers) OpenFolder(ctx context.Context, dataDir, pack string, write bool) (folder, error) {
	dir, err := o.PackDir(pack)
	if err != nil {
		return nil, err
	}
	f, err := newFolder(ctx, dataDir, dir, write, o.logger)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (o openers) OpenStore(ctx context.Context, dataDir string, write bool) (*index.Store, error) {
	return openStore(ctx, index.Options{Dir: dataDir, Logger: o.logger}, write)
}

func (o openers) CheckModel(ctx context.Context, pack string) (string, error) {
	m, err := o.open(pack)
	if err != nil {
		return "", err
	}
	defer m.Close()
	return m.selfTest(ctx)
}

func (o openers) Probe(ctx context.Context, url string) (decode.Info, decode.KeyframeInfo, error) {
	return decode.Probe(ctx, url)
}
