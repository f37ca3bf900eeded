package tune

import (
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/gembahq/gemba/agent/tune/head"
	"github.com/gembahq/gemba/agent/tune/sealed"
	"github.com/gembahq/gemba/index/vfs"
)

const (
	checkpointKind    = "checkpoint"
	checkpointVersion = 1
	maxCheckpoint     = 2 << 30
)

// checkpointHeader ties a checkpoint to the data and options it belongs to.
type checkpointHeader struct {
	Config head.Config `json:"config"`
	Data   string      `json:"data"`
	Run    string      `json:"run"`
	Steps  int         `json:"adam_steps"`
	State  state       `json:"state"`
}

// identity of the run, by what changes its course.
func (t *trainer) identity() checkpointHeader {
	o := t.options
	var start uint64
	if o.Start != nil {
		start = hashValues(o.Start.Values)
	}
	return checkpointHeader{
		Config: o.Config, Data: fmt.Sprintf("%016x", t.data.fingerprint()),
		Run: fmt.Sprintf("%+v %d %d %d %v %v %v %v %d %016x", o.Loss, o.Epochs, o.BatchPairs, o.PairsAtOnce, o.Rate, o.RateScalars, o.Decay, o.Dropout, o.Seed, start),
	}
}

// save writes a checkpoint in place of the last one.
func (t *trainer) save() error {
	if t.options.Checkpoint == "" {
		return nil
	}
	h := t.identity()
	h.Steps, h.State = t.state.adam.steps, t.state
	data, err := sealed.Encode(checkpointKind, checkpointVersion, h, t.params.Values, t.state.adam.mean, t.state.adam.square, t.state.best)
	if err == nil {
		err = vfs.WriteFileAtomic(t.options.FS, t.options.Checkpoint, data)
	}
	if err != nil {
		return fmt.Errorf("write checkpoint %s: %w; the one before it is kept, training can go on from there once there is room", t.options.Checkpoint, err)
	}
	return nil
}

// resume goes on from the checkpoint, if there is one of this very run. One that
// is damaged or of another run is left alone until the next is written over it.
func (t *trainer) resume() (bool, error) {
	if t.options.Checkpoint == "" {
		return false, nil
	}
	data, err := vfs.ReadFile(t.options.FS, t.options.Checkpoint, maxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read checkpoint %s: %w", t.options.Checkpoint, err)
	}
	var h checkpointHeader
	_, arrays, err := sealed.Decode(data, checkpointKind, checkpointVersion, &h)
	want := t.identity()
	switch n := len(t.params.Values); {
	case err != nil:
		t.options.Logger.Warn("the checkpoint cannot be used, training starts over", "file", t.options.Checkpoint, "error", err)
		return false, nil
	case h.Config != want.Config || h.Data != want.Data || h.Run != want.Run:
		t.options.Logger.Info("the checkpoint is of other grades or options, training starts over", "file", t.options.Checkpoint)
		return false, nil
	case len(arrays) != 4 || len(arrays[0]) != n || len(arrays[1]) != n || len(arrays[2]) != n || len(arrays[3]) != n || !h.State.sound(t.options.Epochs):
		t.options.Logger.Warn("the checkpoint does not fit together, training starts over", "file", t.options.Checkpoint)
		return false, nil
	}
	t.state = h.State
	copy(t.params.Values, arrays[0])
	t.state.adam = adamW{arrays[1], arrays[2], h.Steps}
	t.state.best = arrays[3]
	return true, nil
}

// sound reports whether the counts agree with each other.
func (s *state) sound(epochs int) bool {
	return s.Epoch >= 0 && s.Epoch <= epochs && s.Batch >= 0 && s.Step >= 0 && len(s.Losses) == s.Epoch &&
		len(s.Choosing) == s.Epoch+1 && s.Best >= 0 && s.Best <= s.Epoch
}

// hashValues is FNV-1a over the bits.
func hashValues(values []float32) uint64 {
	h := uint64(14695981039346656037)
	for _, v := range values {
		h = (h ^ uint64(math.Float32bits(v))) * 1099511628211
	}
	return h
}
