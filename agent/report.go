package agent

import (
	"time"
)

// ImportReport is the outcome of an import; its JSON is what "gemba import --json" prints.
type ImportReport struct {
	Files            int       `json:"files"`   // video files that were found
	Skipped          int       `json:"skipped"` // of them known already
	Clips            int       `json:"clips"`   // clips added to the index
	SecondsOfFootage float64   `json:"seconds_of_footage"`
	WallSeconds      float64   `json:"wall_seconds"`
	Failed           []Failure `json:"failed"`
	// Damaged are files that were taken in as far as they can be read.
	Damaged []Failure `json:"damaged,omitempty"`
	// Taken says, of the first of the files taken in, when they begin and how that is known.
	Taken []Taken `json:"taken,omitempty"`
}

// Failure is a file or folder that could not be read, and why, in words for an operator.
type Failure struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// Taken is a file that was taken in.
type Taken struct {
	Path     string    `json:"path"`
	Start    time.Time `json:"start"`
	TimeFrom string    `json:"time_from"` // request, container, name or file-time
	Clips    int       `json:"clips"`
	Seconds  float64   `json:"seconds"`
}

const (
	maxTaken    = 1000  // files listed in Taken
	maxFailures = 10000 // files listed in Failed and in Damaged
)

func (r *ImportReport) add(j *job) {
	r.Clips += j.clips
	switch j.outcome {
	case skipped:
		r.Skipped++
		return
	case failed:
		r.fail(j.path, j.err)
	case taken:
		if len(r.Taken) < maxTaken {
			r.Taken = append(r.Taken, Taken{j.path, j.entry.Start, j.entry.Origin, j.clips, j.media.Seconds()})
		}
		if j.damage != "" && len(r.Damaged) < maxFailures {
			r.Damaged = append(r.Damaged, Failure{j.path, j.damage})
		}
	case abandoned:
	}
	r.SecondsOfFootage += j.media.Seconds()
}

func (r *ImportReport) fail(path string, err error) {
	if len(r.Failed) < maxFailures {
		r.Failed = append(r.Failed, Failure{path, explainFile(path, err)})
	}
}
