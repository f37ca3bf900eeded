package httpapi

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/index/query"
)

func TestSearch(t *testing.T) {
	w := newWorld(t, nil)
	byURL := w.get(t, "/api/v1/search?q=a+worker+with+a+helmet")
	byBody := w.post(t, "/api/v1/search", `{"query": "a worker with a helmet"}`)
	if byURL.status != 200 || byBody.status != 200 {
		t.Fatalf("status %d and %d: %s", byURL.status, byBody.status, byBody.body)
	}
	one, two := decode[query.Response](t, byURL), decode[query.Response](t, byBody)
	if !reflect.DeepEqual(one.Items, two.Items) {
		t.Errorf("GET and POST differ:\n%+v\n%+v", one.Items, two.Items)
	}
	best := one.Items[0]
	if best.Camera != "yard" || best.Confidence != query.Confident || !best.Start.Equal(noon.Add(2*time.Hour)) {
		t.Errorf("best answer %+v", best)
	}
	if got := byURL.header.Get("Cache-Control"); !strings.HasPrefix(got, "private") {
		t.Errorf("cache control %q", got)
	}
	for _, path := range []string{best.ThumbnailURL, best.VideoURL, best.MatchedFrame.URL} {
		if a := w.get(t, path); a.status != 200 {
			t.Errorf("%s gives %d", path, a.status)
		}
	}
	// What is empty is an empty list, never null.
	raw := decode[map[string]any](t, w.get(t, "/api/v1/search?q=car&camera=gate"))
	item := raw["items"].([]any)[0].(map[string]any)
	if _, ok := item["labels"].([]any); !ok {
		t.Errorf("labels are %v", item["labels"])
	}
	if support, ok := item["words"].([]any)[0].(map[string]any)["support"]; !ok || support != nil {
		t.Errorf("support without a refiner is %v", support)
	}
	if item["refined"] != false || item["score"] != item["first_stage_score"] {
		t.Errorf("not refined, but %v", item)
	}
	for _, name := range []string{"items", "no_match", "next_cursor", "coverage", "timing", "model"} {
		if _, ok := raw[name]; !ok {
			t.Errorf("the answer has no %s", name)
		}
	}
}

func TestSearchFilters(t *testing.T) {
	w := newWorld(t, nil)
	tests := []struct {
		query string
		want  []string
	}{
		{"q=people&camera=hall&camera=shop", []string{"shop", "hall", "hall"}},
		{"q=worker&camera=yard&from=2026-03-02T00:00:00Z", []string{"yard"}},
		{"q=worker&camera=yard&to=2026-03-02T00:00:00%2B09:00", []string{"yard"}},
		{"q=car&text=delivery", []string{"gate"}},
		{"q=car+%22delivery%22", []string{"gate"}},
		{"q=car&camera=gate&limit=1", []string{"gate"}},
		{"labels=none", []string{}},
		{"q=car&from=&to=&cursor=&camera=gate", []string{"gate", "gate"}},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			a := w.get(t, "/api/v1/search?"+tt.query)
			if a.status != 200 {
				t.Fatalf("status %d: %s", a.status, a.body)
			}
			cameras := []string{}
			for _, item := range decode[query.Response](t, a).Items {
				cameras = append(cameras, item.Camera)
			}
			if !reflect.DeepEqual(cameras, tt.want) {
				t.Errorf("cameras %v, want %v", cameras, tt.want)
			}
		})
	}
}

func TestSearchBadInput(t *testing.T) {
	w := newWorld(t, nil)
	long := strings.Repeat("car ", 25_000)
	tests := []struct {
		name   string
		get    string // query string
		post   string // body
		status int
		field  string
	}{
		{"empty", "q=", `{"query": ""}`, 422, "query"},
		{"nothing", "", `{}`, 422, "query"},
		{"only spaces", "q=+++", `{"query": "  "}`, 422, "query"},
		{"100 kB", "q=" + url.QueryEscape(long), `{"query": "` + long + `"}`, 422, "query"},
		{"invalid UTF-8", "q=car%ff", "{\"query\": \"car \xff\"}", 422, "query"},
		{"unknown camera", "q=car&camera=roof", `{"query": "car", "cameras": ["roof"]}`, 422, "cameras"},
		{"from after to", "q=car&from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z", `{"query": "car", "from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}`, 422, "from"},
		{"no time", "q=car&from=yesterday", `{"query": "car", "from": "yesterday"}`, 422, "from"},
		{"no end time", "q=car&to=1", `{"query": "car", "to": "2026-13-01T00:00:00Z"}`, 422, "to"},
		{"limit 0", "q=car&limit=0", `{"query": "car", "limit": 0}`, 422, "limit"},
		{"limit -1", "q=car&limit=-1", `{"query": "car", "limit": -1}`, 422, "limit"},
		{"limit 501", "q=car&limit=501", `{"query": "car", "limit": 501}`, 422, "limit"},
		{"limit 10^9", "q=car&limit=1000000000", `{"query": "car", "limit": 1000000000}`, 422, "limit"},
		{"limit 10^30", "q=car&limit=1000000000000000000000000000000", `{"query": "car", "limit": 1e30}`, 422, "limit"},
		{"limit of words", "q=car&limit=many", `{"query": "car", "limit": "many"}`, 422, "limit"},
		{"limit of a half", "q=car&limit=1.5", `{"query": "car", "limit": 1.5}`, 422, "limit"},
		{"refine", "q=car&refine=perhaps", `{"query": "car", "refine": "perhaps"}`, 422, "refine"},
		{"cursor", "q=car&cursor=xyz", `{"query": "car", "cursor": "xyz"}`, 422, "cursor"},
		{"foreign cursor", "q=car&cursor=AAAAAAAAAAAAAAAAAAAAAA", `{"query": "car", "cursor": "AAAAAAAAAAAAAAAAAAAAAA"}`, 410, "cursor"},
		{"clip id", "like_clip=1", `{"like_clip": "1"}`, 422, "like_clip"},
		{"missing clip", "like_clip=ffffffffffffffff", `{"like_clip": "ffffffffffffffff"}`, 422, "like_clip"},
		{"wrong type", "", `{"query": 5}`, 422, "query"},
		{"wrong list", "", `{"query": "car", "cameras": "gate"}`, 422, "cameras"},
		{"misspelt name", "", `{"query": "car", "camera": "gate"}`, 422, "camera"},
		{"misspelt parameter", "q=car&cameras=gate", "", 422, "cameras"},
		{"a list", "", `[1]`, 422, "body"},
		{"half JSON", "", `{"query": "car"`, 400, "body"},
		{"no JSON", "", `car`, 400, "body"},
		{"deep JSON", "", strings.Repeat("[", 100_000), 400, "body"},
	}
	for _, tt := range tests {
		if tt.get != "" {
			t.Run("GET "+tt.name, func(t *testing.T) {
				wantProblem(t, w.get(t, "/api/v1/search?"+tt.get), tt.status, tt.field)
			})
		}
		if tt.post != "" {
			t.Run("POST "+tt.name, func(t *testing.T) {
				wantProblem(t, w.post(t, "/api/v1/search", tt.post), tt.status, tt.field)
			})
		}
	}
	if p := wantProblem(t, w.get(t, "/api/v1/search?q=car&camera=roof"), 422, "cameras"); !strings.Contains(p.Detail, "gate") {
		t.Errorf("%q does not say which cameras exist", p.Detail)
	}
}

func TestSearchBestEffort(t *testing.T) {
	w := newWorld(t, nil)
	for _, q := range []string{"the of and", "白い車が走り去る", "👷", "?!", strings.Repeat("x", query.MaxQueryBytes)} {
		a := w.get(t, "/api/v1/search?q="+url.QueryEscape(q))
		if a.status != 200 {
			t.Errorf("%.20q gives %d: %s", q, a.status, a.body)
			continue
		}
		if r := decode[query.Response](t, a); !r.NoMatch || len(r.Items) == 0 {
			t.Errorf("%.20q: no_match %v with %d guesses", q, r.NoMatch, len(r.Items))
		}
	}
}

func TestSearchBodyLimits(t *testing.T) {
	w := newWorld(t, nil)
	wantProblem(t, w.post(t, "/api/v1/search", `{"query": "`+strings.Repeat("a", maxJSONBody)+`"}`), 413, "")
	r := w.request(t, http.MethodPost, "/api/v1/search", `query=car`)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wantProblem(t, w.do(t, r), 415, "")
	wantProblem(t, w.post(t, "/api/v1/search", ""), 400, "")
}

func TestSearchPages(t *testing.T) {
	w := newWorld(t, nil)
	seen := map[string]bool{}
	next, pages := "", 0
	for {
		a := w.get(t, "/api/v1/search?q=people&limit=3&cursor="+next)
		if a.status != 200 {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		r := decode[query.Response](t, a)
		for _, item := range r.Items {
			if seen[item.ClipID] {
				t.Errorf("clip %s is on two pages", item.ClipID)
			}
			seen[item.ClipID] = true
		}
		pages++
		if next = r.NextCursor; next == "" {
			break
		}
	}
	if len(seen) != 8 || pages != 3 {
		t.Errorf("%d results on %d pages; want 8 (two neighbours are one event) on 3", len(seen), pages)
	}
	first := decode[query.Response](t, w.get(t, "/api/v1/search?q=people&limit=3"))
	wantProblem(t, w.get(t, "/api/v1/search?q=car&cursor="+first.NextCursor), 422, "cursor")
}

func TestSearchByPicture(t *testing.T) {
	send := func(w *world, fields map[string]string, picture string) answer {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		for name, value := range fields {
			_ = form.WriteField(name, value)
		}
		if picture != "" {
			part, _ := form.CreateFormFile("image", "p.jpg")
			fmt.Fprint(part, picture)
		}
		form.Close()
		r := w.request(t, http.MethodPost, "/api/v1/search", b.String())
		r.Header.Set("Content-Type", form.FormDataContentType())
		return w.do(t, r)
	}
	w := newWorld(t, nil)
	a := send(w, map[string]string{"limit": "1"}, "jpeg")
	if a.status != 200 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	if r := decode[query.Response](t, a); len(r.Items) != 1 || r.Items[0].Camera != "line" {
		t.Errorf("found %+v", r.Items)
	}
	wantProblem(t, send(w, nil, ""), 422, "image")
	wantProblem(t, send(w, nil, "no picture"), 422, "image")
	wantProblem(t, send(w, map[string]string{"limit": "0"}, "jpeg"), 422, "limit")
	wantProblem(t, send(w, map[string]string{"from": "x"}, "jpeg"), 422, "from")
	wantProblem(t, send(w, map[string]string{"q": "car"}, "jpeg"), 422, "query")
	wantProblem(t, send(w, nil, strings.Repeat("j", maxPictureBody)), 413, "")
	r := w.request(t, http.MethodPost, "/api/v1/search", "not a form")
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	wantProblem(t, w.do(t, r), 400, "")

	without := newWorld(t, func(w *world) { w.deps.Pictures = false })
	wantProblem(t, send(without, nil, "jpeg"), 415, "")
}

func TestSearchFailures(t *testing.T) {
	w := newWorld(t, func(w *world) { w.deps.Limits.SearchTime = time.Millisecond })
	p := wantProblem(t, w.get(t, "/api/v1/search?q=broken"), 500, "")
	if strings.Contains(p.Detail, "damaged") {
		t.Errorf("%q tells the client what only the log should say", p.Detail)
	}
	if log := w.log.String(); !strings.Contains(log, "model file is damaged") || !strings.Contains(log, p.RequestID) {
		t.Errorf("the log does not say what failed for %s:\n%s", p.RequestID, log)
	}
	a := w.get(t, "/api/v1/search?q=slow")
	if p := wantProblem(t, a, 503, ""); p.RetryAfterSeconds < 1 || a.header.Get("Retry-After") == "" {
		t.Errorf("no time to retry after: %+v", p)
	}
	wantProblem(t, w.get(t, "/api/v1/search?q=panic"), 500, "")
	if log := w.log.String(); !strings.Contains(log, "model went mad") || !strings.Contains(log, "search.go") {
		t.Error("the log has no stack of the panic")
	}
	if strings.Contains(w.log.String(), "q=") {
		t.Error("the log has questions in it")
	}
	if a := w.get(t, "/api/v1/search?q=car"); a.status != 200 && a.status != 503 {
		t.Errorf("after a panic the service answers %d", a.status)
	}
}

func FuzzSearchURL(f *testing.F) {
	for _, seed := range []string{"q=car", "q=%ff", "limit=0&q=a", "from=x", "cursor=AAAA&q=no+%22", "camera=&camera=gate", "q=car&like_clip=", ";", "%zz", "refine=&explain=1&q=a"} {
		f.Add(seed)
	}
	w := newWorld(f, nil)
	handler := w.server.Config.Handler
	f.Fuzz(func(t *testing.T, raw string) {
		r := &http.Request{Method: http.MethodGet, Host: "localhost", URL: &url.URL{Path: "/api/v1/search", RawQuery: raw}, Header: http.Header{}, Body: http.NoBody, RemoteAddr: "@"}
		status := serve(handler, r).Code
		if status != 200 && status != 422 && status != 410 && status != 429 {
			t.Errorf("%q gives %d", raw, status)
		}
	})
}

func FuzzSearchBody(f *testing.F) {
	for _, seed := range []string{`{}`, `{"query":"car"}`, `{"query":"no \"x","limit":3}`, `[`, `null`, `{"query":null}`, "{\"query\":\"\xff\"}", `{"from":"2026-01-01T00:00:00Z","labels":["a"]}`} {
		f.Add([]byte(seed))
	}
	w := newWorld(f, nil)
	handler := w.server.Config.Handler
	f.Fuzz(func(t *testing.T, body []byte) {
		r := &http.Request{
			Method: http.MethodPost, Host: "localhost", URL: &url.URL{Path: "/api/v1/search"}, RemoteAddr: "@",
			Header: http.Header{"Content-Type": {"application/json"}}, Body: readCloser{bytes.NewReader(body)}, ContentLength: int64(len(body)),
		}
		switch status := serve(handler, r).Code; status {
		case 200, 400, 410, 413, 422, 429:
		default:
			t.Errorf("%q gives %d", body, status)
		}
	})
}
