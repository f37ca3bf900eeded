package cycle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"time"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/agent/tune/heads"
	"github.com/gembahq/gemba/index/vfs"
)

// Cycle is what a run needs.
type Cycle struct {
	Grades  func() []tune.Grade
	Source  tune.Source
	Heads   *heads.Store
	Dir     string // for the checkpoint; made if it is not there, its parent must be
	FS      vfs.FS // nil: the machine's
	Options tune.Options
	Logger  *slog.Logger // nil: none
}

// Report says what a run came to.
type Report struct {
	Started  time.Time    `json:"started"`
	Seconds  float64      `json:"seconds"`
	Counts   tune.Counts  `json:"counts"`
	Verdict  tune.Verdict `json:"verdict"`
	Epochs   int          `json:"epochs"`
	Losses   []float64    `json:"losses"`
	Choosing []float64    `json:"ndcg_choosing"` // at the start, then by epoch; -1: no questions for it
	Resumed  bool         `json:"resumed"`
	Head     int          `json:"head"` // number of the promoted head, 0: none
}

// Run trains once. The head that answers does so until the moment a better one
// is promoted. It returns an error that wraps tune.ErrTooFewGrades where there
// is nothing to learn from yet.
func (c *Cycle) Run(ctx context.Context) (*Report, error) {
	began := time.Now()
	fsys, logger := c.FS, c.Logger
	if fsys == nil {
		fsys = vfs.OS{}
	}
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	if err := vfs.MkdirAllSync(fsys, path.Dir(c.Dir), c.Dir); err != nil {
		return nil, fmt.Errorf("make the folder for tuning: %w", err)
	}
	data, err := tune.Collect(ctx, c.Grades(), c.Source)
	if err != nil {
		return nil, fmt.Errorf("collect grades: %w", err)
	}
	o := c.Options
	o.FS, o.Checkpoint, o.Logger = fsys, path.Join(c.Dir, "checkpoint"), logger
	o.Start, _, _ = c.Heads.Current()
	result, err := tune.Run(ctx, data, o)
	if err != nil {
		return nil, err
	}
	r := &Report{
		Started: began.UTC(), Counts: result.Counts, Verdict: result.Verdict, Epochs: result.Epochs,
		Losses: result.Losses, Choosing: result.Choosing, Resumed: result.Resumed,
	}
	r.Seconds = time.Since(began).Seconds()
	if result.Verdict.Promote {
		about := head.About{Trained: began.UTC(), Pairs: result.Counts.Grades, Questions: result.Counts.Questions, Note: result.Verdict.Reason}
		if r.Head, err = c.Heads.Add(result.Head, about, r); err == nil {
			err = c.Heads.Promote(r.Head)
		}
		if err != nil {
			return nil, err // the checkpoint stays: the next run ends at once with the same head
		}
	}
	if err := fsys.Remove(o.Checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
		logger.Warn("the checkpoint of a finished training could not be removed", "file", o.Checkpoint, "error", err)
	}
	logger.Info("tuned on feedback", "promoted", result.Verdict.Promote, "reason", result.Verdict.Reason, "grades", r.Counts.Grades,
		"questions", r.Counts.Questions, "contradictions", r.Counts.Contradictions, "seconds", r.Seconds)
	return r, nil
}
