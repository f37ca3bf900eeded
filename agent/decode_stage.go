package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gembahq/gemba/agent/camera"
	"github.com/gembahq/gemba/agent/clip"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// readAhead is how many frames are decoded while the ones before are compared and cut.
const readAhead = 4

// decode is a worker of the first stage: it takes files one after another and
// cuts them into clips.
//
//	jobs ──> known? ──> open ──> start time ──> frames ──> cut ──> not indexed yet? ──> p.cut
func (p *pipeline) decode(jobs <-chan *job) {
	for p.source.Err() == nil {
		select {
		case j, ok := <-jobs:
			if !ok {
				return
			}
			if done, o, err := p.take(j); done {
				j.finish(p.im.Metrics, o, err)
			}
		case <-p.source.Done():
			return
		}
	}
}

// take works on one file. It returns true with an outcome where the job ends
// here, and false where its end was sent on behind its clips.
func (p *pipeline) take(j *job) (bool, outcome, error) {
	reader, done, o, err := p.prepare(j)
	if done {
		return true, o, err
	}
	defer reader.Close()
	err = p.cutClips(j, reader)
	s := reader.Stats()
	p.im.Metrics.wentWrong("decode", s.DecodeErrors)
	p.im.Metrics.wentWrong("timestamp", s.TimestampRepairs)
	if err != nil {
		j.ended = err
	} else {
		j.damage = damageOf(s)
	}
	p.cut <- item{job: j, end: true}
	return false, abandoned, nil
}

// prepare finds out whether the file is known, opens it and settles when it begins.
func (p *pipeline) prepare(j *job) (r FrameReader, done bool, o outcome, err error) {
	im := p.im
	if e, ok := im.Ledger.Unchanged(j.camera, j.path, j.size, j.modified); ok && e.State == ledger.Done {
		return nil, true, skipped, nil
	}
	stop := func(err error) (FrameReader, bool, outcome, error) {
		if p.source.Err() != nil {
			return nil, true, abandoned, p.stopped()
		}
		return nil, true, failed, err
	}
	// The size and time are those of the content that is read now: the file may
	// have changed since it was listed.
	info, err := os.Stat(j.path)
	if err != nil {
		return stop(err)
	}
	key, size, err := ledger.Fingerprint(p.source, j.path)
	if err != nil {
		return stop(err)
	}
	j.size, j.modified = size, info.ModTime()
	// Two runs must not take the same content in at once.
	if j.claim, err = im.claim(p.source, claimID{j.camera, key}); err != nil {
		return stop(err)
	}
	e, known := im.Ledger.Lookup(j.camera, key)
	if known && e.State == ledger.Done {
		// The same content in another place: a renamed file, or a copy.
		e.Path, e.Size, e.Modified = j.path, size, j.modified
		if err := im.Ledger.Put(e); err != nil {
			im.Metrics.wentWrong("ledger", 1)
			im.Logger.Warn("a renamed file was recognised, yet its new name could not be noted", "path", j.path, "error", err)
		}
		return nil, true, skipped, nil
	}
	mode := j.mode
	if known {
		mode = modeOf(e.Mode)
	}
	r, err = im.Open(p.source, j.path, decode.Options{Mode: mode, MaxFPS: im.MaxFPS, Pool: im.pool, ReadAhead: readAhead})
	if err != nil {
		return stop(err)
	}
	media := r.Info()
	j.length = media.Duration
	if !known {
		start, origin, err := j.begin(media, im.now())
		if err != nil {
			r.Close()
			return stop(err)
		}
		e = ledger.Entry{Camera: j.camera, Key: key, Start: start, Origin: string(origin), Mode: modeName(mode), State: ledger.Started}
	}
	e.Path, e.Size, e.Modified = j.path, size, j.modified
	if err := p.retry(func() error { return im.Ledger.Put(e) }); err != nil {
		r.Close()
		im.Metrics.wentWrong("ledger", 1)
		if isDiskFull(err) {
			p.fail(err)
		}
		return stop(err)
	}
	j.entry = e
	if j.have, err = im.Store.SourceOffsets(p.source, j.camera, key); err != nil {
		r.Close()
		return stop(fmt.Errorf("look up the clips that are indexed: %w", err))
	}
	im.Logger.Debug("taking in", "camera", j.camera, "path", j.path, "start", e.Start, "time_from", e.Origin, "indexed_clips", len(j.have))
	return r, false, taken, nil
}

// begin finds the moment of the first frame.
func (j *job) begin(media decode.Info, now time.Time) (time.Time, camera.Origin, error) {
	if !j.start.IsZero() {
		return j.start.UTC(), camera.FromRequest, nil
	}
	return j.rule.Start(camera.Facts{Path: j.path, Created: media.CreationTime, Modified: j.modified, Duration: media.Duration}, j.zone, now)
}

// cutClips decodes to the end of the file and sends on the clips that the
// index has not. An error means that the end was not reached.
func (p *pipeline) cutClips(j *job, r FrameReader) error {
	cutter, err := p.im.cutter()
	if err != nil {
		return err
	}
	defer cutter.Close()
	began := time.Now()
	for {
		f, err := r.Next(p.source)
		if errors.Is(err, io.EOF) {
			clips := cutter.FlushAt(r.Info().Duration)
			p.im.Metrics.worked("decode", began)
			p.send(j, clips)
			return nil
		}
		if p.source.Err() != nil {
			// Where the windows would have ended without the stop is not
			// known: what is still open is cut by the next run.
			f.Release()
			return p.stopped()
		}
		if err != nil {
			return fmt.Errorf("read the footage: %w", err)
		}
		clips := cutter.Push(f)
		f.Release()
		if len(clips) > 0 {
			p.im.Metrics.worked("decode", began)
			p.send(j, clips)
			began = time.Now()
		}
	}
}

func (p *pipeline) send(j *job, clips []clip.Clip) {
	for _, c := range clips {
		if _, ok := j.have[c.Start]; ok {
			j.before = max(j.before, c.End)
			c.Release()
			continue
		}
		p.im.progressed(1)
		p.cut <- item{job: j, clip: c}
	}
}

// claim keeps other runs from the same content until the returned function is called.
func (im *Importer) claim(ctx context.Context, id claimID) (func(), error) {
	for {
		im.mu.Lock()
		other, taken := im.claims[id]
		if !taken {
			mine := make(chan struct{})
			im.claims[id] = mine
			im.mu.Unlock()
			return func() {
				im.mu.Lock()
				delete(im.claims, id)
				im.mu.Unlock()
				close(mine)
			}, nil
		}
		im.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// damageOf says what was wrong with a file that was read to its end.
func damageOf(s decode.Stats) string {
	switch {
	case s.Truncated:
		return "the file breaks off before its end"
	case s.DecodeErrors > 0 && s.LastError != "":
		return fmt.Sprintf("%d damaged places were left out, the last: %s", s.DecodeErrors, s.LastError)
	case s.DecodeErrors > 0:
		return fmt.Sprintf("%d damaged places were left out", s.DecodeErrors)
	}
	return ""
}

// clipOf builds what the index stores of an encoded clip.
func (im *Importer) clipOf(it item) index.Clip {
	c, j, e := it.clip, it.job, it.embedding
	offsets := make([]time.Duration, len(c.Frames))
	for i, f := range c.Frames {
		offsets[i] = f.Offset - c.Start
	}
	return index.Clip{
		Camera:       j.camera,
		Start:        j.entry.Start.Add(c.Start),
		Duration:     c.End - c.Start,
		Still:        c.Still,
		Motion:       c.Motion,
		Vector:       e.Vector,
		Plain:        e.Plain,
		Hub:          e.Hub,
		Tokens:       index.Tokens{Rows: e.TokenRows, Dims: e.TokenDims, Scale: e.TokenScale, Data: e.Tokens},
		FrameOffsets: offsets,
		Best:         c.Best,
		Source:       index.Source{Key: j.entry.Key, Path: j.path, Offset: c.Start},
		PackHash:     im.PackHash,
		Thumbnail:    c.Thumbnail,
	}
}
