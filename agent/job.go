package agent

import (
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// outcome is what became of a file.
type outcome int

const (
	abandoned outcome = iota // the run ended first; the file is taken up again
	taken
	skipped
	failed
)

func (o outcome) String() string {
	return [...]string{"abandoned", "taken", "skipped", "failed"}[o]
}

// job is one footage file on its way through the pipeline. Each field belongs
// to one stage at a time: what is handed on by a channel is not touched behind.
type job struct {
	found
	camera string
	start  time.Time // given; zero: by rule
	rule   camera.TimeRule
	zone   *time.Location
	mode   decode.Mode

	// progress is told, by the append stage, how far into the media the file is
	// indexed, and its length where known.
	progress func(j *job, at, length time.Duration, clips int)
	// finished is told the outcome, once, by whichever stage ends the job.
	finished func(j *job)

	// Set by the decode stage.
	entry  ledger.Entry
	have   map[time.Duration]index.ID // clips that are indexed already
	length time.Duration              // as the container says; 0 if unknown
	before time.Duration              // how far clips reach that were indexed already
	damage string
	ended  error // why decoding stopped before the end
	claim  func()

	// Set by the encode and append stages.
	clips   int // added to the index
	media   time.Duration
	err     error
	outcome outcome
}

func (j *job) finish(m *Metrics, o outcome, err error) {
	j.outcome, j.err = o, err
	if j.claim != nil {
		j.claim()
		j.claim = nil
	}
	m.finished(j)
	if j.finished != nil {
		j.finished(j)
	}
}
