package main

import (
	"path/filepath"

	"github.com/gembahq/gemba/agent/config"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
)

// openPack opens the configured pack.
func openPack(c *config.Config) (*encode.Pack, error) {
	dir, err := searchmodel.PackDir(c.Model.Pack)
	if err != nil {
		return nil, err
	}
	return encode.OpenPack(dir)
}

// enginesDir keeps what an execution provider builds for this machine: it is cache.
func enginesDir(dataDir string) string { return filepath.Join(dataDir, "cache", "engines") }
