package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// packModel is a loaded pack.
type packModel struct {
	*encode.Encoder
	refiner     *encode.Refiner // nil: the pack has none
	calibration query.Calibration
}

// openModel loads the pack in dir. Text and pictures run one after the other
// here, so the model gets all cores.
func openModel(dir string, logger *slog.Logger) (*packModel, error) {
	pack, err := encode.OpenPack(dir)
	if err != nil {
		return nil, err
	}
	encoder, err := encode.New(pack, encode.Options{Logger: logger})
	if err != nil {
		return nil, err
	}
	refiner, err := encode.NewRefiner(encoder, 0)
	if err != nil {
		return nil, errors.Join(err, encoder.Close())
	}
	return &packModel{Encoder: encoder, refiner: refiner, calibration: searchmodel.Calibration(pack)}, nil
}

// EncodeText implements query.TextEncoder.
func (m *packModel) EncodeText(ctx context.Context, text string) (query.Embedding, error) {
	return searchmodel.Words{Model: m.Encoder}.EncodeText(ctx, text)
}

// EncodePhotos encodes each photo as a clip of one frame.
func (m *packModel) EncodePhotos(ctx context.Context, photos []*frame.Frame) ([]encodedPhoto, error) {
	clips := make([][]*frame.Frame, len(photos))
	for i, p := range photos {
		clips[i] = []*frame.Frame{p}
	}
	return m.EncodeFrames(ctx, clips)
}

// EncodeFrames implements model.
func (m *packModel) EncodeFrames(ctx context.Context, clips [][]*frame.Frame) ([]encodedPhoto, error) {
	embeddings, err := m.EncodeClips(ctx, clips)
	if err != nil {
		return nil, err
	}
	out := make([]encodedPhoto, len(embeddings))
	for i, e := range embeddings {
		out[i] = encodedPhoto{
			Vector: e.Vector, Plain: e.Plain, Hub: e.Hub,
			Tokens: index.Tokens{Rows: e.TokenRows, Dims: e.TokenDims, Scale: e.TokenScale, Data: e.Tokens},
		}
	}
	return out, nil
}

// Calibration implements model.
func (m *packModel) Calibration() query.Calibration { return m.calibration }

// Refiner implements model.
func (m *packModel) Refiner() query.Refiner {
	if m.refiner == nil {
		return nil
	}
	return searchmodel.Refiner{Model: m.refiner}
}

// Close frees the models.
func (m *packModel) Close() error {
	if m.refiner == nil {
		return m.Encoder.Close()
	}
	return errors.Join(m.refiner.Close(), m.Encoder.Close())
}

// name says which pack this is.
func (m *packModel) name() string { return searchmodel.PackName(m.Pack()) }

// selfTest has the model encode a sentence and a picture.
func (m *packModel) selfTest(ctx context.Context) (string, error) {
	if _, err := m.EncodeText(ctx, "a person at a table"); err != nil {
		return "", fmt.Errorf("encode a sentence: %w", err)
	}
	grey := &frame.Frame{Width: 64, Height: 48, Pix: make([]byte, 64*48*3)}
	for i := range grey.Pix {
		grey.Pix[i] = byte(i / 36)
	}
	if _, err := m.EncodePhotos(ctx, []*frame.Frame{grey}); err != nil {
		return "", fmt.Errorf("encode a picture: %w", err)
	}
	return fmt.Sprintf("%s on %s", m.name(), m.Provider()), nil
}
