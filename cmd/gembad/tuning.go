package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/gembahq/gemba/agent/tune"
	"github.com/gembahq/gemba/agent/tune/cycle"
	"github.com/gembahq/gemba/agent/tune/heads"
	"github.com/gembahq/gemba/agent/tune/rerank"
	"github.com/gembahq/gemba/cmd/internal/searchmodel"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/index/vfs"
)

const (
	// tuneEvery is how often is looked whether there is enough new feedback.
	tuneEvery = time.Hour
	// tuneAfter is how many new grades are worth training anew.
	tuneAfter = 50
	// What a training may take.
	tuneTime   = 30 * time.Minute
	tuneMemory = 200 << 20
)

// tuning trains a head whenever enough feedback has come in.
type tuning struct {
	cycle  *cycle.Cycle
	file   string // what the last training was about
	fsys   vfs.FS
	logger *slog.Logger
	every  time.Duration
}

// tuned is the file of the last training.
type tuned struct {
	Grades int           `json:"grades"` // that there were
	Report *cycle.Report `json:"report"`
}

// run looks for new feedback until ctx is done. A training that is going on then
// stops at its checkpoint and goes on after the next start.
func (t *tuning) run(ctx context.Context) error {
	tick := time.NewTicker(t.every)
	defer tick.Stop()
	for {
		t.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look trains if there is enough new feedback. What goes wrong is logged: search
// does not depend on it.
func (t *tuning) look(ctx context.Context) {
	n := len(t.cycle.Grades())
	if n < t.last()+tuneAfter {
		return
	}
	report, err := t.cycle.Run(ctx)
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, tune.ErrTooFewGrades):
		t.logger.Debug("not tuned", "reason", err)
	case err != nil:
		t.logger.Warn("tuning on feedback failed, the order of answers stays as it is", "error", err)
		return
	}
	data, err := json.MarshalIndent(tuned{n, report}, "", "  ")
	if err == nil {
		err = vfs.WriteFileAtomic(t.fsys, t.file, append(data, '\n'))
	}
	if err != nil {
		t.logger.Warn("what was learned from cannot be noted: it is learned from again", "file", t.file, "error", err)
	}
}

// last is how many grades there were at the last training; 0 if that is not known.
func (t *tuning) last() int {
	var last tuned
	data, err := vfs.ReadFile(t.fsys, t.file, 16<<20)
	if err == nil {
		err = json.Unmarshal(data, &last)
	}
	if err != nil || last.Grades < 0 {
		return 0
	}
	return last.Grades
}

// openTuning joins feedback, training and the heads with the pack's refinement,
// which may be nil.
func (d *daemon) openTuning(dataDir string) error {
	hash := d.pack.Hash()
	store, err := heads.Open(heads.Options{Dir: filepath.Join(dataDir, "heads"), Pack: hex.EncodeToString(hash[:]), Logger: d.logger})
	if err != nil {
		return err
	}
	calibration := searchmodel.Calibration(d.pack)
	source := &tuningSource{text: d.encoder, clips: d.store, alpha: calibration.Alpha, alphaWord: calibration.AlphaWord, packHash: hash}
	if source.idf, err = wordWeights(d.pack); err != nil {
		return err
	}
	if d.refiner != nil {
		source.pack = searchmodel.Refiner{Model: d.refiner}
	}
	dir := filepath.Join(dataDir, "tune")
	d.tuning = &tuning{
		cycle: &cycle.Cycle{
			Grades: d.feedback.Grades, Source: source, Heads: store, Dir: dir, Logger: d.logger,
			Options: tune.Options{Time: tuneTime, Memory: tuneMemory},
		},
		file: filepath.Join(dir, "last.json"), fsys: vfs.OS{}, logger: d.logger, every: tuneEvery,
	}
	d.reranker = &rerank.Refiner{Pack: source.pack, Heads: store, Questions: source, Logger: d.logger}
	return nil
}

// useHead lets the tuned head order answers, on top of the pack's refinement. For
// a pack that has none and a box that has no head there is nothing to ask.
func (d *daemon) useHead(o *query.Options) {
	if d.refiner != nil || d.reranker.Heads.Scorer() != nil {
		o.Refiner = d.reranker
	}
}
