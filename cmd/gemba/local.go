package main

import (
	"context"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// bundledPack is the value of --pack that means the pack shipped beside the
// program.
const bundledPack = searchmodel.Bundled

// local is what gemba does itself, without a daemon: on a data folder, a pack
// or a camera.
type local interface {
	// OpenModel loads a pack.
	OpenModel(ctx context.Context, pack string) (model, error)
	// OpenFolder opens the index in dataDir with the model of the pack; only
	// with write can it import.
	OpenFolder(ctx context.Context, dataDir, pack string, write bool) (folder, error)
	// OpenStore opens the index in dataDir alone; without write it only reads.
	OpenStore(ctx context.Context, dataDir string, write bool) (*index.Store, error)

	// PackDir finds the folder of a pack.
	PackDir(pack string) (string, error)
	// CheckModel loads a pack, has it encode a sentence and a picture, and says
	// what answered.
	CheckModel(ctx context.Context, pack string) (string, error)

	// Probe describes a stream or file.
	Probe(ctx context.Context, url string) (decode.Info, decode.KeyframeInfo, error)
}

// model encodes photos and words. It must be closed.
type model interface {
	query.TextEncoder
	// EncodePhotos encodes each photo as a clip of one frame.
	EncodePhotos(ctx context.Context, photos []*frame.Frame) ([]encodedPhoto, error)
	// EncodeFrames encodes clips, each given as its frames.
	EncodeFrames(ctx context.Context, clips [][]*frame.Frame) ([]encodedPhoto, error)
	// Calibration holds the pack's weights of the first stage.
	Calibration() query.Calibration
	// Refiner re-orders the best; nil if the pack has none.
	Refiner() query.Refiner
	Close() error
}

// encodedPhoto is a photo in the shared space.
type encodedPhoto struct {
	Vector []float32
	Plain  []float32 // nil if the pack has one view
	Hub    float32
	Tokens index.Tokens
}

// folder is one data folder that is open in this process. It must be closed.
type folder interface {
	Search(ctx context.Context, r query.Request) (*query.Response, error)
	// Footage says where a clip can be watched: path and position.
	Footage(ctx context.Context, clipID string) string
	Import(ctx context.Context, r agent.ImportRequest, progress func(agent.Progress)) (agent.ImportReport, error)
	Close() error
}
