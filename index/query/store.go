package query

import (
	"context"

	"github.com/gembahq/gemba/index"
)

// Store is what a question needs of the index. *index.Store implements it.
type Store interface {
	// Search returns the best s.Limit clips that pass the filter, best first,
	// ties by ascending ID; without a vector the newest first.
	Search(ctx context.Context, s index.Search) ([]index.Hit, index.SearchStats, error)
	// Clip returns one clip, or an error wrapping index.ErrNotFound.
	Clip(ctx context.Context, id index.ID) (index.Clip, error)
	// Coverage says per camera what lies under the cameras and times of the
	// filter, whatever its labels and text; further how many of these clips can
	// be compared with questions and how many cannot.
	Coverage(ctx context.Context, f index.Filter) ([]index.CameraCoverage, int, int, error)
}
