package main

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/gembahq/gemba/agent"
)

// progress is a bar on stderr. Without a terminal, or with --quiet, it is nil
// and every method does nothing.
type progress struct {
	bars *mpb.Progress
	bar  *mpb.Bar

	mu   sync.Mutex
	note string
	eta  time.Duration
}

// startProgress draws a bar with a name in front of it.
func (a *app) startProgress(name string) *progress {
	if !a.terminal || a.flags.quiet {
		return nil
	}
	p := &progress{bars: mpb.New(mpb.WithOutput(a.stderr), mpb.WithWidth(32), mpb.WithAutoRefresh())}
	p.bar = p.bars.New(1, mpb.BarStyle(),
		mpb.PrependDecorators(decor.Name(name, decor.WC{C: decor.DextraSpace})),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string { return p.tail() })),
	)
	return p
}

func (p *progress) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := ""
	if p.note != "" {
		text = "  " + p.note
	}
	if p.eta > 0 {
		text += "  " + p.eta.Round(time.Second).String() + " left"
	}
	return text
}

// set moves the bar to done of total and shows a note behind it. An eta of 0
// is not known.
func (p *progress) set(done, total int64, note string, eta time.Duration) {
	if p == nil {
		return
	}
	p.mu.Lock()
	p.note, p.eta = printable(note), eta
	p.mu.Unlock()
	// The bar completes by end, not by numbers: a total may still grow.
	p.bar.SetTotal(max(total, 1)+1, false)
	p.bar.SetCurrent(min(done, max(total, 1)))
}

// importing shows how far an import is.
func (p *progress) importing(at agent.Progress) {
	note := fmt.Sprintf("%d of %d files, %d clips  %s", at.FilesDone, at.Files, at.Clips, filepath.Base(at.File))
	p.set(int64(at.Fraction*1000), 1000, note, at.ETA)
}

// end takes the bar off the screen.
func (p *progress) end() {
	if p == nil {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
