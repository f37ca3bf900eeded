package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/png"
	"net/http"
	"testing"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// stubExplainer finds the question in the upper left of frame 1.
type stubExplainer struct{ err error }

func (s stubExplainer) Explain(_ context.Context, question string, id index.ID) (*query.Explanation, error) {
	switch {
	case s.err != nil:
		return nil, s.err
	case question == "":
		return nil, &query.InvalidError{Field: "query", Reason: "is empty"}
	case id > 0xffff_ffff_ffff:
		return nil, fmt.Errorf("read clip: %w", index.ErrNotFound)
	}
	support, yes := float32(0.5), true
	return &query.Explanation{
		Words: []query.WordSupport{{Text: question, Support: &support, Supported: &yes}}, Frame: 1,
		Heat: [][]float32{{0, 0, 0, 0}, {1, 0, 0, 0.5}}, Rows: 2, Columns: 2,
	}, nil
}

func explained(t *testing.T, err error) *world {
	return newWorld(t, func(w *world) { w.deps.Explainer = stubExplainer{err} })
}

func TestHeatmap(t *testing.T) {
	w := explained(t, nil)
	path := "/api/v1/clips/" + w.store.clips[0].ID.String() + "/heatmap"
	a := w.get(t, path+"?query=a+bottle")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "image/png" || a.header.Get("X-Heatmap-Frame") != "1" || a.header.Get("X-Heatmap-Cells") != "2x2" {
		t.Fatalf("answer %d %v", a.status, a.header)
	}
	img, err := png.Decode(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Size()
	alpha := func(x, y int) uint32 { _, _, _, a := img.At(x, y).RGBA(); return a }
	hot, cold, warm := alpha(0, 0), alpha(size.X-1, 0), alpha(size.X-1, size.Y-1)
	if !(hot > warm && warm > cold && cold == 0) {
		t.Errorf("opaque %d where it is hot, %d where warm, %d where cold", hot, warm, cold)
	}
	if middle := alpha(size.X/2, 0); !(middle > cold && middle < hot) {
		t.Errorf("opaque %d between hot and cold: the cells are not drawn smoothly", middle)
	}
	first := w.get(t, path+"?query=a+bottle&frame=0")
	if first.status != http.StatusOK || first.header.Get("X-Heatmap-Frame") != "0" || bytes.Equal(first.body, a.body) {
		t.Errorf("frame 0: %d %v", first.status, first.header)
	}
	wantProblem(t, w.get(t, path+"?query=a&frame=2"), http.StatusNotFound, "")
	wantProblem(t, w.get(t, path), http.StatusUnprocessableEntity, "query")
	wantProblem(t, w.get(t, "/api/v1/clips/nothing/heatmap?query=a"), http.StatusUnprocessableEntity, "id")
	wantProblem(t, w.get(t, "/api/v1/clips/ffffffff00000000/heatmap?query=a"), http.StatusNotFound, "")
}

func TestExplanation(t *testing.T) {
	w := explained(t, nil)
	id := w.store.clips[0].ID.String()
	x := decode[explanationInfo](t, w.get(t, "/api/v1/clips/"+id+"/explanation?query=a+bottle"))
	if x.MatchedFrame != 1 || x.Rows != 2 || len(x.Heat) != 2 || len(x.Words) != 1 || !*x.Words[0].Supported {
		t.Errorf("explanation %+v", x)
	}
	if x.HeatmapURL != "/api/v1/clips/"+id+"/heatmap?query=a+bottle&frame=1" || w.get(t, x.HeatmapURL).status != http.StatusOK {
		t.Errorf("heat map at %q", x.HeatmapURL)
	}
}

func TestExplanationNotPossible(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{query.ErrNoExplanation, http.StatusNotImplemented},
		{errors.New("model file is damaged"), http.StatusInternalServerError},
	} {
		w := explained(t, c.err)
		path := "/api/v1/clips/" + w.store.clips[0].ID.String()
		wantProblem(t, w.get(t, path+"/explanation?query=a"), c.want, "")
		wantProblem(t, w.get(t, path+"/heatmap?query=a"), c.want, "")
	}
	w := newWorld(t, nil)
	if a := w.get(t, "/api/v1/clips/"+w.store.clips[0].ID.String()+"/heatmap?query=a"); a.status != http.StatusNotFound {
		t.Errorf("without an explainer: %d", a.status)
	}
}
