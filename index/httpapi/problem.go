package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index/query"
)

const problemType = "application/problem+json"

// Problem is the body of every error (RFC 9457).
type Problem struct {
	Type              string       `json:"type" example:"about:blank" doc:"Kind of problem; about:blank means what the status means"`
	Title             string       `json:"title" doc:"What the status means"`
	Status            int          `json:"status" doc:"HTTP status"`
	Detail            string       `json:"detail" doc:"What happened and what to do"`
	Instance          string       `json:"instance,omitempty" doc:"Path of the request"`
	Errors            []FieldError `json:"errors,omitempty" doc:"Which fields are wrong and why"`
	RequestID         string       `json:"request_id,omitempty" doc:"Names the request in the log"`
	RetryAfterSeconds float64      `json:"retry_after_seconds,omitempty" doc:"When to try again"`

	headers http.Header
}

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field" doc:"Name of the field or parameter"`
	Message string `json:"message"`
}

func (p *Problem) Error() string           { return p.Detail }
func (p *Problem) GetStatus() int          { return p.Status }
func (p *Problem) GetHeaders() http.Header { return p.headers }

// ContentType is asked by the framework for the type of an error body.
func (p *Problem) ContentType(string) string { return problemType }

func newProblem(status int, detail string, args ...any) *Problem {
	if len(args) > 0 {
		detail = fmt.Sprintf(detail, args...)
	}
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// later adds when it is worth trying again.
func (p *Problem) later(wait time.Duration) *Problem {
	seconds := math.Max(1, math.Ceil(wait.Seconds()))
	p.RetryAfterSeconds = seconds
	p.headers = http.Header{"Retry-After": {strconv.Itoa(int(seconds))}}
	return p
}

func fieldProblem(field, reason string) *Problem {
	p := newProblem(http.StatusUnprocessableEntity, "%s", field+": "+reason)
	p.Errors = []FieldError{{Field: field, Message: reason}}
	return p
}

// write sends the problem on a route that the framework does not serve.
func (p *Problem) write(w http.ResponseWriter, r *http.Request) {
	p.complete(r.Context(), r.URL.Path)
	for name, values := range p.headers {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(p) // the client is gone: nobody to tell
	}
}

func (p *Problem) complete(ctx context.Context, path string) {
	p.Instance = clip(path)
	p.RequestID = requestID(ctx)
}

// errInvalidUTF8 is how the JSON reader reports bytes that are no text.
type errInvalidUTF8 struct{ field string }

func (e errInvalidUTF8) Error() string { return "is not valid UTF-8 [" + e.field + "]" }

// installProblems makes the framework speak of errors as this package does. Its
// hooks are global, so this is done once for the process.
var installProblems = sync.OnceFunc(func() {
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError {
		return frameworkProblem(status, msg, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		p := frameworkProblem(status, msg, errs...)
		if ctx != nil {
			u := ctx.URL()
			p.complete(ctx.Context(), u.Path)
		}
		return p
	}
})

// frameworkProblem words the framework's findings about a request.
func frameworkProblem(status int, msg string, errs ...error) *Problem {
	p := newProblem(status, "%s", msg)
	for _, err := range errs {
		var detailer huma.ErrorDetailer
		if err == nil || !errors.As(err, &detailer) {
			continue
		}
		detail := detailer.ErrorDetail()
		field := detail.Location
		for _, prefix := range []string{"body.", "query.", "path.", "header.", "form."} {
			field = strings.TrimPrefix(field, prefix)
		}
		message := detail.Message
		// The value is left out: it can be a megabyte, or somebody's secret.
		if name, found := strings.CutPrefix(message, "is not valid UTF-8 ["); found {
			p.Status, field, message = http.StatusUnprocessableEntity, strings.TrimSuffix(name, "]"), "is not valid UTF-8"
		}
		p.Errors = append(p.Errors, FieldError{Field: clip(field), Message: clip(message)})
	}
	switch {
	case p.Status == http.StatusRequestEntityTooLarge:
		p.Detail = fmt.Sprintf("the request body is larger than %d bytes", maxJSONBody)
	case p.Status == http.StatusUnsupportedMediaType:
		p.Detail, p.Errors = "send the request as application/json", nil
	case p.Status == http.StatusBadRequest && len(p.Errors) > 0 && p.Errors[0].Field == "body":
		p.Detail = "the request body is not valid JSON: " + p.Errors[0].Message
	case len(p.Errors) > 0:
		p.Detail = p.Errors[0].Field + ": " + p.Errors[0].Message
	}
	p.Title = http.StatusText(p.Status)
	return p
}

// clip bounds text that came from a client.
func clip(text string) string {
	const most = 300
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// searchProblem gives an error of the query engine its status.
func (s *service) searchProblem(ctx context.Context, err error) *Problem {
	var bad *query.InvalidError
	switch {
	case errors.As(err, &bad):
		return fieldProblem(bad.Field, bad.Reason)
	case errors.Is(err, query.ErrCursorExpired):
		p := newProblem(http.StatusGone, "%s", query.ErrCursorExpired.Error())
		p.Errors = []FieldError{{Field: "cursor", Message: "has expired"}}
		return p
	case errors.Is(err, query.ErrNoTextModel):
		return newProblem(http.StatusServiceUnavailable, "%s", query.ErrNoTextModel.Error()).later(30 * time.Second)
	case errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "the search took too long; narrow it down by camera or time").later(time.Second)
	case errors.Is(err, context.Canceled):
		return newProblem(statusClientGone, "the client went away")
	default:
		return s.internal(ctx, "search", err)
	}
}

// statusClientGone is logged for clients that did not wait; none reads it.
const statusClientGone = 499

// internal logs a failure and tells the client no more than where to look.
func (s *service) internal(ctx context.Context, what string, err error) *Problem {
	s.logger.Error(what+" failed", "request_id", requestID(ctx), "error", err)
	return newProblem(http.StatusInternalServerError, "%s failed; the log of the service says why under request %s", what, requestID(ctx))
}
