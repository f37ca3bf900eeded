package agent

import (
	"errors"
	"fmt"
	"time"

	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// append is the last stage: it puts encoded clips into the index, and when a
// file has ended makes them durable before the ledger says so.
func (p *pipeline) append() {
	for batch := range p.batch {
		var run []item
		for _, it := range batch {
			switch {
			case it.end:
				p.store(run)
				run = run[:0]
				p.end(it.job)
			case it.embedding.Vector == nil: // the model failed on it
				p.drop(it)
			default:
				run = append(run, it)
			}
		}
		p.store(run)
	}
}

// store appends clips. After an error that does not pass it takes the clips
// off the pipeline without storing them: nobody was told that they were in.
func (p *pipeline) store(run []item) {
	if len(run) == 0 {
		return
	}
	if p.broken != nil {
		for _, it := range run {
			p.drop(it)
		}
		return
	}
	began := time.Now()
	clips := make([]index.Clip, len(run))
	for i, it := range run {
		clips[i] = p.im.clipOf(it)
	}
	// What a failed attempt had stored must not be stored again by the next.
	left := clips
	err := p.retry(func() error {
		if len(left) == 0 {
			return nil
		}
		_, err := p.im.Store.Append(p.drain, left)
		if err != nil && isDiskFull(err) {
			if rest, lookErr := p.missing(left); lookErr == nil {
				left = rest
			}
		}
		return err
	})
	if err != nil {
		p.im.Metrics.wentWrong("append", 1)
		p.broken = fmt.Errorf("store clips: %w", err)
		p.fail(p.broken)
		for _, it := range run {
			p.drop(it)
		}
		return
	}
	p.im.Metrics.worked("append", began)
	p.im.Metrics.appended(len(run))
	for i, it := range run {
		it.job.clips++
		it.job.media = max(it.job.media, it.clip.End)
		last := i+1 == len(run) || run[i+1].job != it.job
		if last && it.job.progress != nil {
			it.job.progress(it.job, it.job.media, it.job.length, it.job.clips)
		}
		p.drop(it)
	}
}

// missing returns the clips that the index has not.
func (p *pipeline) missing(clips []index.Clip) ([]index.Clip, error) {
	type file struct{ camera, key string }
	have := map[file]map[time.Duration]index.ID{}
	var out []index.Clip
	for _, c := range clips {
		f := file{c.Camera, c.Source.Key}
		if _, ok := have[f]; !ok {
			offsets, err := p.im.Store.SourceOffsets(p.drain, f.camera, f.key)
			if err != nil {
				return nil, err
			}
			have[f] = offsets
		}
		if _, ok := have[f][c.Source.Offset]; !ok {
			out = append(out, c)
		}
	}
	return out, nil
}

func (p *pipeline) drop(it item) {
	it.clip.Release()
	p.im.progressed(-1)
}

// end settles what became of a file when all of its clips came through.
func (p *pipeline) end(j *job) {
	j.media = max(j.media, j.before)
	err := j.ended
	if err == nil {
		err = j.err
	}
	if p.broken != nil {
		err = p.broken
	}
	switch {
	case p.broken != nil || j.ended != nil && p.source.Err() != nil:
		// So that a stop loses nothing that was cut.
		if p.broken == nil {
			err = errors.Join(err, p.im.Store.Sync(p.drain))
		}
		j.finish(p.im.Metrics, abandoned, err)
		return
	case err == nil && j.clips+len(j.have) == 0:
		err = errors.New("not one picture could be decoded")
		if j.damage != "" {
			err = fmt.Errorf("not one picture could be decoded: %s", j.damage)
		}
	}
	if err != nil {
		j.finish(p.im.Metrics, failed, err)
		return
	}
	if err := p.retry(func() error { return p.im.Store.Sync(p.drain) }); err != nil {
		p.im.Metrics.wentWrong("append", 1)
		j.finish(p.im.Metrics, failed, fmt.Errorf("make its clips durable: %w", err))
		return
	}
	// A write that failed between two appends takes clips with it (index.ErrSyncLost):
	// only what the index has now counts.
	stored, err := p.im.Store.SourceOffsets(p.drain, j.camera, j.entry.Key)
	if err == nil && len(stored) < j.clips+len(j.have) {
		err = fmt.Errorf("%d of its %d clips were lost by a failed write: they are indexed by the next import", j.clips+len(j.have)-len(stored), j.clips+len(j.have))
	}
	if err != nil {
		p.im.Metrics.wentWrong("append", 1)
		j.finish(p.im.Metrics, failed, err)
		return
	}
	j.entry.State, j.entry.Clips = ledger.Done, j.clips+len(j.have)
	j.entry.Seconds, j.entry.Damage = j.media.Seconds(), j.damage
	if err := p.retry(func() error { return p.im.Ledger.Put(j.entry) }); err != nil {
		p.im.Metrics.wentWrong("ledger", 1)
		j.finish(p.im.Metrics, failed, err)
		return
	}
	j.finish(p.im.Metrics, taken, nil)
}

// retry repeats an attempt while the disk is full, for as long as the run goes
// on, if imports are to wait for space; else it tries once.
func (p *pipeline) retry(attempt func() error) error {
	err := attempt()
	if err == nil || !p.im.WaitForSpace || !isDiskFull(err) {
		return err
	}
	p.im.waitForSpace(1)
	defer p.im.waitForSpace(-1)
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		select {
		case <-p.im.after(pause):
		case <-p.source.Done():
			return err
		}
		if err = attempt(); err == nil || !isDiskFull(err) {
			return err
		}
	}
}

func (im *Importer) waitForSpace(delta int) {
	im.mu.Lock()
	was := im.waiting > 0
	im.waiting += delta
	is := im.waiting > 0
	im.mu.Unlock()
	im.Metrics.waiting(is)
	switch {
	case is && !was:
		im.Logger.Error("the disk is full: imports wait until there is room; what is indexed stays and is searchable")
	case was && !is:
		im.Logger.Info("there is room on the disk again: imports go on")
	}
}
