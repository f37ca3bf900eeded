package main

import (
	"context"
	"path/filepath"

	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index/query"
)

// openPack opens the configured pack.
func openPack(c *config.Config) (*encode.Pack, error) {
	dir := c.Model.Pack
	if dir == "bundled" {
		var err error
		if dir, err = encode.BundledPack(); err != nil {
			return nil, err
		}
	}
	return encode.OpenPack(dir)
}

// calibration takes the weights of the first stage out of a pack.
func calibration(p *encode.Pack) query.Calibration {
	m := p.Manifest()
	rows, dims, background := p.Background()
	hub := make([]float32, rows)
	for i := range hub {
		hub[i] = p.HubTerm(background[i*dims : (i+1)*dims])
	}
	return query.Calibration{
		Dims:          m.Dims,
		Background:    background,
		BackgroundHub: hub,
		Alpha:         float32(m.Hub.AlphaSentence),
		AlphaWord:     float32(m.Hub.AlphaWord),
		Beta:          float32(m.Negation.Beta),
		Confident:     m.Calibration["confident"],
		Possible:      m.Calibration["possible"],
	}
}

// words lets the query engine ask the model for texts.
type words struct{ encoder *encode.Encoder }

func (w words) EncodeText(ctx context.Context, text string) (query.Embedding, error) {
	e, err := w.encoder.EncodeText(ctx, text)
	if err != nil {
		return query.Embedding{}, err
	}
	return query.Embedding{Vector: e.Vector, Words: e.Words, Unknown: e.Unknown, Truncated: e.Truncated, Tokens: e.Tokens}, nil
}

// enginesDir keeps what an execution provider builds for this machine: it is cache.
func enginesDir(dataDir string) string { return filepath.Join(dataDir, "cache", "engines") }
