package query

import (
	"context"

	"github.com/gembahq/gemba/index"
)

// RefineQuery is the question as a Refiner sees it.
type RefineQuery struct {
	Text      string // the positive part, as encoded
	Embedding Embedding
	Alpha     float32 // weight of the hub term in the first stage
}

// Candidate is one clip of the first stage's top list.
type Candidate struct {
	ID            index.ID
	FirstStage    float32 // score of the first stage, negation and hub term included
	Hub           float32
	Vector, Plain []float32
	Tokens        index.Tokens
}

// Refined is the refiner's judgement of one candidate.
type Refined struct {
	Score   float32
	Support []float32 // per word of the question, 0 to 1; nil if not known
}

// Refiner re-scores the best clips of the first stage. Refine returns exactly one
// Refined per candidate, in the same order; the score of a pair must not depend
// on the other candidates. An error or a wrong count leaves the first stage's
// order in force. It must be safe for concurrent use.
type Refiner interface {
	Refine(ctx context.Context, q RefineQuery, candidates []Candidate) ([]Refined, error)
}
