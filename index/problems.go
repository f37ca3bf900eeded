package index

import (
	"log/slog"
	"sync"
)

// problems collects the damage found while a store is open. The first ones are
// kept and logged; a storm is counted.
type problems struct {
	log *slog.Logger

	mu    sync.Mutex
	list  []Problem
	count int
	lost  int
}

const keepProblems = 100

func (p *problems) add(x Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	p.lost += x.Lost
	if len(p.list) == keepProblems {
		return
	}
	p.list = append(p.list, x)
	p.log.Warn("index: damage found", "file", x.Path, "offset", x.Offset, "reason", x.Reason, "lost_clips", x.Lost, "repaired", x.Repaired)
}

func (p *problems) get() (list []Problem, count int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Problem(nil), p.list...), p.count
}
