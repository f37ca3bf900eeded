package searchmodel

import (
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/index/query"
)

// Bundled is the name of the pack that is shipped beside the programs.
const Bundled = "bundled"

// PackDir finds the folder of a pack: the shipped one, or the folder named.
func PackDir(pack string) (string, error) {
	if pack == Bundled {
		return encode.BundledPack()
	}
	return pack, nil
}

// PackName is what answers call a pack: its name and version.
func PackName(p *encode.Pack) string {
	m := p.Manifest()
	return m.Name + " " + m.Version
}

// Calibration takes what the query engine needs out of a pack.
func Calibration(p *encode.Pack) query.Calibration {
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
		BetaWorn:      float32(m.Negation.BetaWorn),
		Confident:     m.Calibration["confident"],
		Possible:      m.Calibration["possible"],
	}
}
