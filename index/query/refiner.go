package query

import (
	"context"
	"time"

	"github.com/gembahq/gemba/index"
)

// RefineQuery is the question as a Refiner sees it.
type RefineQuery struct {
	Text      string // the positive part, as encoded
	Embedding Embedding
	Alpha     float32   // weight of the hub term in the first stage
	Until     time.Time // when to stop; zero: no limit
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
	Score float32
	// Support tells per word of the question how much of it the clip shows, 0 to
	// 1; nil if not known.
	Support []float32
	// Cells tells per row of the clip's tokens how much the words that were found
	// looked at it; nil if not known.
	Cells []float32
}

// Refiner re-scores the best clips of the first stage. Refine goes through the
// candidates in their order and returns one Refined for each, or for the first of
// them if time ran out; the score of a pair must not depend on the other
// candidates. An error, or more answers than candidates, leaves the first stage's
// order in force. It must be safe for concurrent use.
type Refiner interface {
	Refine(ctx context.Context, q RefineQuery, candidates []Candidate) ([]Refined, error)
}
