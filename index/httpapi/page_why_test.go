package httpapi

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/gembahq/gemba/index/query"
)

// stubRefiner finds the first content word of a question in the upper left of frame
// 3, and no other.
type stubRefiner struct{}

func (stubRefiner) Refine(_ context.Context, q query.RefineQuery, candidates []query.Candidate) ([]query.Refined, error) {
	out := make([]query.Refined, len(candidates))
	words := strings.Fields(q.Text)
	for i, c := range candidates {
		cells, support := make([]float32, 4*4), make([]float32, len(words))
		cells[3*4], cells[0] = 0.9, 0.1
		for k, w := range words {
			if w == "worker" {
				support[k] = 0.6
			}
		}
		out[i] = query.Refined{Score: c.FirstStage, Support: support, Cells: cells}
	}
	return out, nil
}

func refining(t *testing.T) func(*world) {
	return func(w *world) {
		engine, err := query.New(w.store, stubModel{}, query.Options{
			Calibration: query.Calibration{Dims: len(vocabulary), Confident: 10, Possible: 4},
			Refiner:     stubRefiner{}, SupportThreshold: 0.3,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.deps.Engine, w.deps.Explainer = engine, engine
	}
}

func TestPageWhy(t *testing.T) {
	p := newTab(t, browser(t), refining(t))
	p.open("/")
	p.ask("a worker with a helmet")
	p.run(chromedp.Click("#results .card"))
	p.until(`!document.getElementById("player-why").hidden`)
	p.run(chromedp.Click("#player-why"))
	p.until(`document.getElementById("heat").complete && document.getElementById("heat").naturalWidth > 0 && document.getElementById("still").naturalWidth > 0`)
	p.picture("why")
	if got := eval[string](p, `[...document.querySelectorAll("#player-words .seen")].map(w => w.textContent) + " | " + [...document.querySelectorAll("#player-words .unseen")].map(w => w.textContent)`); got != "worker | helmet" {
		t.Errorf("words found | not found: %q", got)
	}
	if got := eval[string](p, `new URL(document.getElementById("still").src).pathname`); !strings.HasSuffix(got, "/frames/3") {
		t.Errorf("the frame shown is %q, want frame 3", got)
	}
	if !eval[bool](p, `(() => { const a = document.getElementById("still").getBoundingClientRect(), b = document.getElementById("heat").getBoundingClientRect(); return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height })()`) {
		t.Error("the heat does not lie over the frame")
	}
	p.run(chromedp.Click("#player-why"))
	p.until(`document.getElementById("heat").hidden && document.getElementById("player-words").hidden && !document.getElementById("video").hidden`)
}
