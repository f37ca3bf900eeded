package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index"
)

type stubFeedback struct {
	got []ClipGrade
	err error
}

func (f *stubFeedback) Add(_ context.Context, g ClipGrade) error {
	if f.err != nil {
		return f.err
	}
	f.got = append(f.got, g)
	return nil
}

func TestFeedback(t *testing.T) {
	feedback := &stubFeedback{}
	w := newWorld(t, func(w *world) { w.deps.Feedback = feedback })
	id := w.store.clips[0].ID
	body := fmt.Sprintf(`{"query": "a white car", "clip_id": %q, "grade": 2}`, id)
	before := time.Now()
	if a := w.post(t, "/api/v1/feedback", body); a.status != 204 || len(a.body) != 0 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if g := feedback.got[0]; g.Query != "a white car" || g.Clip != id || g.Grade != 2 || g.Time.Before(before) {
		t.Errorf("kept %+v", g)
	}

	for name, tt := range map[string]struct{ body, field string }{
		"no question":        {fmt.Sprintf(`{"query": " ", "clip_id": %q, "grade": 2}`, id), "query"},
		"long question":      {fmt.Sprintf(`{"query": %q, "clip_id": %q, "grade": 2}`, strings.Repeat("a", 5000), id), "query"},
		"no clip id":         {`{"query": "a", "clip_id": "seven", "grade": 2}`, "clip_id"},
		"grade above 3":      {fmt.Sprintf(`{"query": "a", "clip_id": %q, "grade": 4}`, id), "grade"},
		"grade below 0":      {fmt.Sprintf(`{"query": "a", "clip_id": %q, "grade": -1}`, id), "grade"},
		"grade not a number": {fmt.Sprintf(`{"query": "a", "clip_id": %q, "grade": "good"}`, id), "grade"},
		"grade absent":       {fmt.Sprintf(`{"query": "a", "clip_id": %q}`, id), "grade"},
	} {
		t.Run(name, func(t *testing.T) {
			if p := wantProblem(t, w.post(t, "/api/v1/feedback", tt.body), 422, ""); !strings.Contains(p.Detail, tt.field) {
				t.Errorf("%q does not name %s", p.Detail, tt.field)
			}
		})
	}
	missing := fmt.Sprintf(`{"query": "a", "clip_id": %q, "grade": 0}`, index.ID(99))
	wantProblem(t, w.post(t, "/api/v1/feedback", missing), 404, "")
	if len(feedback.got) != 1 {
		t.Errorf("kept %+v", feedback.got[1:])
	}

	feedback.err = fmt.Errorf("append: %w", ErrNoRoom)
	wantProblem(t, w.post(t, "/api/v1/feedback", body), 507, "")
	feedback.err = errors.New("it burns")
	wantProblem(t, w.post(t, "/api/v1/feedback", body), 500, "")

	remote := httptest.NewRequest("POST", "/api/v1/feedback", strings.NewReader(body))
	remote.Host, remote.RemoteAddr = "localhost", "192.0.2.7:999"
	remote.Header.Set("Content-Type", "application/json")
	if rec := serve(w.server.Config.Handler, remote); rec.Code != 403 {
		t.Errorf("a grade from another machine gives %d", rec.Code)
	}
	without := newWorld(t, nil)
	wantProblem(t, without.post(t, "/api/v1/feedback", body), 404, "")
}
