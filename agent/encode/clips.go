package encode

import (
	"context"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sync/errgroup"

	"github.com/gembahq/gemba/agent/frame"
)

// ClipEmbedding is what the index keeps of a clip.
type ClipEmbedding struct {
	// Vector [dims] is the mean over the pack's views of the unit view vectors;
	// a view vector is the unit mean of its frames' unit embeddings. Its length
	// is at most 1 and less where the views disagree: search by dot product,
	// don't renormalise.
	Vector []float32
	// Plain [dims] is the unit vector of the first view alone; nil if the pack
	// has one view.
	Plain []float32
	// Hub is the pack's hub term of Vector.
	Hub float32
	// Tokens are the first view's visual tokens, frame after frame, TokenRows
	// rows of TokenDims values: value = TokenScale * Tokens[i]. No rows if the
	// pack has no tokens.
	TokenRows, TokenDims int
	TokenScale           float32
	Tokens               []int8
}

// EncodeClips encodes clips, each given by its frames in order. Pictures of all
// clips share the model's batches, so several clips in one call are faster than
// one at a time. Frames are only read, and not kept.
//
// It returns one embedding for each clip, or an error: ErrInput (with the clip
// and frame) for a clip without frames or a frame that isn't a picture, ctx's
// error, ErrClosed, or what the runtime says.
func (e *Encoder) EncodeClips(ctx context.Context, clips [][]*frame.Frame) ([]ClipEmbedding, error) {
	out, err := e.encodeClips(ctx, clips)
	if err != nil {
		return nil, fmt.Errorf("encode clips: %w", err)
	}
	return out, nil
}

func (e *Encoder) encodeClips(ctx context.Context, clips [][]*frame.Frame) ([]ClipEmbedding, error) {
	views := e.pack.pre.Views()
	var jobs []picture
	sums := make([]*clipSum, len(clips))
	for c, frames := range clips {
		if len(frames) == 0 {
			return nil, fmt.Errorf("%w: clip %d has no frames", ErrInput, c)
		}
		for i, f := range frames {
			if !f.Valid() {
				return nil, fmt.Errorf("%w: frame %d of clip %d is no RGB picture of its size", ErrInput, i, c)
			}
			for v := range views {
				jobs = append(jobs, picture{clip: c, view: v, frame: f})
			}
		}
		sums[c] = newClipSum(e.pack, views, len(frames))
	}
	buffer := e.buffers.Get().(*[]float32)
	defer e.buffers.Put(buffer)
	size := e.pack.pre.Len()
	for len(jobs) > 0 {
		now := jobs[:min(len(jobs), e.batch)]
		jobs = jobs[len(now):]
		pixels := (*buffer)[:len(now)*size]
		if err := e.fill(ctx, pixels, now); err != nil {
			return nil, err
		}
		out, err := e.runVision(ctx, pixels, len(now))
		if err != nil {
			return nil, err
		}
		dims := e.pack.manifest.Dims
		for i, j := range now {
			if err := sums[j.clip].add(j.view, out[0].data[i*dims:(i+1)*dims]); err != nil {
				return nil, err
			}
			if len(out) > 1 && j.view == 0 {
				n := len(out[1].data) / len(now)
				sums[j.clip].tokens = append(sums[j.clip].tokens, out[1].data[i*n:(i+1)*n]...)
			} else if s := e.pack.sketch; s != nil && j.view == 0 {
				sums[j.clip].tokens = s.Apply(sums[j.clip].tokens, out[0].data[i*dims:(i+1)*dims])
			}
		}
	}
	result := make([]ClipEmbedding, len(clips))
	for c, s := range sums {
		result[c] = s.embedding(e.pack)
	}
	return result, nil
}

// picture is one view of one frame.
type picture struct {
	clip, view int
	frame      *frame.Frame
}

// fill preprocesses pictures side by side into pixels.
func (e *Encoder) fill(ctx context.Context, pixels []float32, pictures []picture) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	size := e.pack.pre.Len()
	var g errgroup.Group
	workers := min(e.threads, len(pictures))
	for w := range workers {
		g.Go(func() error {
			for i := w; i < len(pictures); i += workers {
				p := pictures[i]
				if err := e.pack.pre.Tensor(pixels[i*size:(i+1)*size], p.view, p.frame.Pix, p.frame.Width, p.frame.Height); err != nil {
					return fmt.Errorf("%w: clip %d: %w", ErrInput, p.clip, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// runVision runs n pictures and checks that the outputs have the manifest's
// shapes.
func (e *Encoder) runVision(ctx context.Context, pixels []float32, n int) ([]output, error) {
	m := e.pack.manifest
	in, err := ort.NewTensor(ort.NewShape(int64(n), 3, int64(m.Image.Height), int64(m.Image.Width)), pixels)
	if err != nil {
		return nil, err
	}
	defer in.Destroy()
	out, err := e.vision.run(ctx, in)
	if err != nil {
		return nil, err
	}
	if !out[0].has(int64(n), int64(m.Dims)) {
		return nil, fmt.Errorf("output %s is %v for %d pictures, expected [%d %d]", m.Image.Outputs.Embedding, out[0].shape, n, n, m.Dims)
	}
	if m.Image.Outputs.Normalize {
		normalize(out[0].data, m.Dims)
	}
	if t := m.Tokens; len(out) > 1 && !out[1].has(int64(n), int64(t.Rows()), int64(t.Dims)) {
		return nil, fmt.Errorf("output %s is %v for %d pictures, expected [%d %d %d]", m.Image.Outputs.Tokens, out[1].shape, n, n, t.Rows(), t.Dims)
	}
	return out, nil
}
