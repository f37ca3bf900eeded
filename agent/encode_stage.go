package agent

import (
	"fmt"
	"time"

	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index"
)

// encode is the second stage: it gives the model as many clips at once as are
// there, of whichever files they are, and waits for no more.
func (p *pipeline) encode() {
	for first := range p.cut {
		batch, clips := []item{first}, 0
		if !first.end {
			clips = 1
		}
	more:
		for clips < p.im.Batch {
			select {
			case it, ok := <-p.cut:
				if !ok {
					break more
				}
				batch = append(batch, it)
				if !it.end {
					clips++
				}
			default:
				break more
			}
		}
		p.embed(batch)
		p.im.progressed(0)
		p.batch <- batch
	}
}

// embed fills in the embeddings of the clips of a batch. A clip that the model
// fails on fails its file and no other.
func (p *pipeline) embed(batch []item) {
	var clips []*item
	for i := range batch {
		if !batch[i].end {
			clips = append(clips, &batch[i])
		}
	}
	if len(clips) == 0 {
		return
	}
	began := time.Now()
	defer p.im.Metrics.worked("encode", began)
	if err := p.embedTogether(clips); err == nil {
		return
	}
	for _, it := range clips {
		if err := p.embedTogether([]*item{it}); err != nil {
			p.im.Metrics.wentWrong("encode", 1)
			if it.job.err == nil {
				it.job.err = fmt.Errorf("understand the clip at %s: %w", it.clip.Start, err)
			}
		}
	}
}

func (p *pipeline) embedTogether(clips []*item) error {
	frames := make([][]*frame.Frame, len(clips))
	for i, it := range clips {
		frames[i] = it.clip.Frames
	}
	if err := p.drain.Err(); err != nil {
		return err
	}
	embeddings, err := p.im.Encoder.EncodeClips(p.drain, frames)
	if err == nil && len(embeddings) != len(clips) {
		err = fmt.Errorf("the encoder gave %d embeddings for %d clips", len(embeddings), len(clips))
	}
	if err != nil {
		return err
	}
	for i, it := range clips {
		it.embedding = embeddings[i]
	}
	return nil
}

var (
	_ ClipEncoder = (*encode.Encoder)(nil)
	_ Appender    = (*index.Store)(nil)
)
