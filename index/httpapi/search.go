package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index/query"
)

// searchBody is the JSON body of POST /search.
type searchBody struct {
	Query    string   `json:"query,omitempty" doc:"What to look for, in words. Quoted words must be in labels, names or notes; \"without a helmet\" counts against a clip. At most 4096 bytes" example:"a worker with a yellow helmet"`
	LikeClip string   `json:"like_clip,omitempty" doc:"Id of a clip to find others like it, instead of query"`
	Cameras  []string `json:"cameras,omitempty" doc:"Only these cameras"`
	From     string   `json:"from,omitempty" doc:"Only clips that end after this time (RFC 3339)" example:"2026-03-01T08:00:00Z"`
	To       string   `json:"to,omitempty" doc:"Only clips that start before this time (RFC 3339)" example:"2026-03-01T18:00:00Z"`
	Labels   []string `json:"labels,omitempty" doc:"Only clips that have all of these labels"`
	Text     string   `json:"text,omitempty" doc:"Words or a \"phrase\" in labels, camera names, file names or notes"`
	Limit    int      `json:"limit,omitempty" minimum:"1" maximum:"500" default:"20" doc:"Results a page"`
	Cursor   string   `json:"cursor,omitempty" doc:"next_cursor of the page before"`
	Refine   *bool    `json:"refine,omitempty" default:"true" doc:"Refine the order of the best results, where the pack can"`
	Explain  bool     `json:"explain,omitempty" doc:"Add explanations, where the pack can"`
}

// searchQuery are the parameters of GET /search.
type searchQuery struct {
	Q        string   `query:"q" doc:"What to look for, in words. At most 4096 bytes" example:"plastic bottles"`
	LikeClip string   `query:"like_clip" doc:"Id of a clip to find others like it, instead of q"`
	Camera   []string `query:"camera,explode" doc:"Only this camera; may be repeated"`
	From     string   `query:"from" doc:"Only clips that end after this time (RFC 3339)"`
	To       string   `query:"to" doc:"Only clips that start before this time (RFC 3339)"`
	Labels   []string `query:"labels,explode" doc:"Only clips that have this label; may be repeated"`
	Text     string   `query:"text" doc:"Words or a \"phrase\" in labels, camera names, file names or notes"`
	Limit    int      `query:"limit" minimum:"1" maximum:"500" default:"20" doc:"Results a page"`
	Cursor   string   `query:"cursor" doc:"next_cursor of the page before"`
	Refine   bool     `query:"refine" default:"true" doc:"Refine the order of the best results, where the pack can"`
	Explain  bool     `query:"explain" doc:"Add explanations, where the pack can"`
}

func (q *searchQuery) body() searchBody {
	return searchBody{
		Query: q.Q, LikeClip: q.LikeClip, Cameras: q.Camera, From: q.From, To: q.To, Labels: q.Labels, Text: q.Text,
		Limit: q.Limit, Cursor: q.Cursor, Refine: &q.Refine, Explain: q.Explain,
	}
}

// request parses what the framework takes as plain text.
func (b *searchBody) request() (query.Request, error) {
	r := query.Request{
		Query: b.Query, LikeClip: b.LikeClip, Cameras: b.Cameras, Labels: b.Labels, Text: b.Text,
		Limit: b.Limit, Cursor: b.Cursor, Refine: b.Refine == nil || *b.Refine, Explain: b.Explain,
	}
	var err error
	if r.From, err = parseTime("from", b.From); err != nil {
		return r, err
	}
	r.To, err = parseTime("to", b.To)
	return r, err
}

func parseTime(field, text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &query.InvalidError{Field: field, Reason: "is not a time like 2026-03-01T08:00:00Z (in a URL a plus sign is written %2B)"}
	}
	return t.UTC(), nil
}

type searchOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         *query.Response
}

func (s *service) searchRoutes(api huma.API) {
	errorsOf := []int{http.StatusGone, http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable}
	post := huma.Operation{
		OperationID: "search", Method: http.MethodPost, Path: base + "/search", Tags: []string{"search"},
		Summary:      "Find moments by describing them",
		Description:  "With no_match true nothing fits with confidence; the best guesses are in items all the same.",
		MaxBodyBytes: maxJSONBody, BodyReadTimeout: 10 * time.Second,
		Errors: append([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType}, errorsOf...),
	}
	huma.Register(api, post, func(ctx context.Context, in *struct{ Body searchBody }) (*searchOutput, error) {
		return s.answer(ctx, &in.Body)
	})
	get := huma.Operation{
		OperationID: "search-by-url", Method: http.MethodGet, Path: base + "/search", Tags: []string{"search"},
		Summary: "Find moments by describing them, for bookmarks and curl", Errors: errorsOf,
		// A misspelt filter that is passed over would answer for every camera.
		RejectUnknownQueryParameters: true,
	}
	huma.Register(api, get, func(ctx context.Context, in *searchQuery) (*searchOutput, error) {
		body := in.body()
		return s.answer(ctx, &body)
	})
	if s.deps.Pictures {
		s.describePictures(api)
	}
}

func (s *service) answer(ctx context.Context, body *searchBody) (*searchOutput, error) {
	request, err := body.request()
	if err != nil {
		return nil, s.completed(ctx, s.searchProblem(ctx, err))
	}
	response, problem := s.ask(ctx, request)
	if problem != nil {
		return nil, s.completed(ctx, problem)
	}
	return &searchOutput{CacheControl: "private, no-store", Body: response}, nil
}

// ask runs one search within the limits.
func (s *service) ask(ctx context.Context, request query.Request) (*query.Response, *Problem) {
	leave := s.search.enter(ctx)
	if leave == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "too many searches at once").later(time.Second)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, s.limits.SearchTime)
	defer cancel()
	response, err := s.deps.Engine.Search(ctx, request)
	if err != nil {
		return nil, s.searchProblem(ctx, err)
	}
	s.metrics.observeSearch(response)
	return response, nil
}

// completed adds what the framework does not know when a handler fails.
func (s *service) completed(ctx context.Context, p *Problem) *Problem {
	p.complete(ctx, requestPath(ctx))
	return p
}
