package encode

import "context"

// Views is how many pictures the vision model sees of a frame.
func (e *Encoder) Views() int { return e.pack.pre.Views() }

// RunBlank runs the bare vision model on n blank pictures, in its usual batches.
func (e *Encoder) RunBlank(ctx context.Context, n int) error {
	pixels := make([]float32, e.batch*e.pack.pre.Len())
	for ; n > 0; n -= e.batch {
		now := min(n, e.batch)
		if _, err := e.runVision(ctx, pixels[:now*e.pack.pre.Len()], now); err != nil {
			return err
		}
	}
	return nil
}
