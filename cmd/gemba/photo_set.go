package main

import (
	"context"
	"fmt"

	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index"
)

// photoBatch is how many photos are encoded at once; a photo with five views
// is five rows of the model's input.
const photoBatch = 16

// photoSet holds the embeddings of photos, in the order of their names.
type photoSet struct {
	names   []string
	vectors [][]float32
	plain   [][]float32 // nil each if the pack has one view
	hubs    []float32
	tokens  []index.Tokens
}

// encodePhotos reads and encodes the named photos. Reading and decoding runs
// beside the model.
func (a *app) encodePhotos(ctx context.Context, m model, from string, names []string) (*photoSet, error) {
	set := &photoSet{
		names: names, vectors: make([][]float32, len(names)), plain: make([][]float32, len(names)),
		hubs: make([]float32, len(names)), tokens: make([]index.Tokens, len(names)),
	}
	row := make(map[string]int, len(names))
	for i, n := range names {
		row[n] = i
	}
	bar := a.startProgress("photos")
	defer bar.end()

	type read struct {
		row   int
		frame *frame.Frame
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	photos := make(chan read, photoBatch)
	failed := make(chan error, 1)
	go func() {
		defer close(photos)
		failed <- eachPhoto(ctx, from, names, func(name string, f *frame.Frame) error {
			select {
			case photos <- read{row[name], f}:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}()

	var rows []int
	var frames []*frame.Frame
	done := 0
	flush := func() error {
		if len(frames) == 0 {
			return nil
		}
		encoded, err := m.EncodePhotos(ctx, frames)
		if err != nil {
			return fmt.Errorf("encode photos: %w", err)
		}
		if len(encoded) != len(frames) {
			return fmt.Errorf("encode photos: the model gave %d embeddings for %d photos", len(encoded), len(frames))
		}
		for i, e := range encoded {
			if dims := m.Calibration().Dims; len(e.Vector) != dims {
				return fmt.Errorf("encode photos: the model gave %d numbers, the pack says %d", len(e.Vector), dims)
			}
			set.vectors[rows[i]], set.hubs[rows[i]] = e.Vector, e.Hub
			set.plain[rows[i]], set.tokens[rows[i]] = e.Plain, e.Tokens
		}
		done += len(frames)
		rows, frames = rows[:0], frames[:0]
		bar.set(int64(done), int64(len(names)), fmt.Sprintf("%d of %d", done, len(names)), 0)
		return nil
	}
	for p := range photos {
		rows, frames = append(rows, p.row), append(frames, p.frame)
		if len(frames) == photoBatch {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if err := <-failed; err != nil {
		return nil, err
	}
	return set, flush()
}
