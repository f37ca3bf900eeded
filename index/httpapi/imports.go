package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gembahq/gemba/index/query"
)

// maxImportPaths bounds the list of one import; a folder counts as one.
const maxImportPaths = 10_000

var cameraID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

type importBody struct {
	Paths  []string `json:"paths" doc:"Absolute paths of files and folders on the machine of the service" example:"[\"/srv/footage/gate\"]"`
	Camera string   `json:"camera" doc:"Id that the clips get: lower case letters, digits, - and _, at most 64" example:"gate"`
	Start  string   `json:"start,omitempty" doc:"When the footage begins (RFC 3339); without it the files tell" example:"2026-03-01T08:00:00Z"`
}

func (b *importBody) request() (ImportRequest, error) {
	r := ImportRequest{Paths: b.Paths, Camera: b.Camera}
	switch {
	case len(b.Paths) == 0:
		return r, &query.InvalidError{Field: "paths", Reason: "is empty: name at least one file or folder"}
	case len(b.Paths) > maxImportPaths:
		return r, &query.InvalidError{Field: "paths", Reason: fmt.Sprintf("has %d entries; at most %d are taken, but a folder counts as one", len(b.Paths), maxImportPaths)}
	case !cameraID.MatchString(b.Camera):
		return r, &query.InvalidError{Field: "camera", Reason: "must be 1 to 64 lower case letters, digits, - and _, and begin with a letter or digit"}
	}
	for _, path := range b.Paths {
		if !filepath.IsAbs(path) || strings.ContainsRune(path, 0) {
			return r, &query.InvalidError{Field: "paths", Reason: fmt.Sprintf("%q is not an absolute path", clip(path))}
		}
	}
	var err error
	r.Start, err = parseTime("start", b.Start)
	return r, err
}

type importOutput struct {
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Job string `json:"job" doc:"Id of the job; see /jobs/{id}"`
	}
}

type jobPath struct {
	ID string `path:"id" maxLength:"128" doc:"Id of a job"`
}

type jobOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         JobState
}

func (s *service) importRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "import", Method: http.MethodPost, Path: base + "/imports", Tags: []string{"imports"},
		Summary:       "Take footage files in",
		Description:   "Runs in the background; files that are in already are skipped. Only for callers on the machine itself.",
		DefaultStatus: http.StatusAccepted, MaxBodyBytes: maxJSONBody, BodyReadTimeout: 10 * time.Second,
		Middlewares: huma.Middlewares{s.localOnly(api)},
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable},
	}, s.startImport)
	huma.Register(api, huma.Operation{
		OperationID: "job", Method: http.MethodGet, Path: base + "/jobs/{id}", Tags: []string{"imports"},
		Summary: "How a job is getting on", Errors: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *jobPath) (*jobOutput, error) {
		return s.job(ctx, in.ID)
	})
	huma.Register(api, huma.Operation{
		OperationID: "cancel-job", Method: http.MethodDelete, Path: base + "/jobs/{id}", Tags: []string{"imports"},
		Summary: "Stop a job; what it took in stays", Middlewares: huma.Middlewares{s.localOnly(api)},
		DefaultStatus: http.StatusAccepted, Errors: []int{http.StatusForbidden, http.StatusNotFound},
	}, func(ctx context.Context, in *jobPath) (*jobOutput, error) {
		if _, known := s.deps.Importer.Job(in.ID); !known {
			return s.job(ctx, in.ID)
		}
		s.deps.Importer.Cancel(in.ID)
		return s.job(ctx, in.ID)
	})
}

// localOnly keeps writes to the machine itself until there are accounts.
func (s *service) localOnly(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if r, _ := humago.Unwrap(ctx); !isLocal(r) {
			_ = huma.WriteErr(api, ctx, http.StatusForbidden, "this is only done for callers on the machine itself")
			return
		}
		next(ctx)
	}
}

func (s *service) startImport(ctx context.Context, in *struct{ Body importBody }) (*importOutput, error) {
	request, err := in.Body.request()
	if err == nil {
		var job string
		// The job outlives the request that started it.
		if job, err = s.deps.Importer.Start(context.WithoutCancel(ctx), request); err == nil {
			out := &importOutput{Location: base + "/jobs/" + job, CacheControl: "private, no-store"}
			out.Body.Job = job
			return out, nil
		}
	}
	var bad *query.InvalidError
	switch {
	case errors.As(err, &bad):
		return nil, s.completed(ctx, fieldProblem(bad.Field, bad.Reason))
	case errors.Is(err, ErrBusy):
		return nil, s.completed(ctx, newProblem(http.StatusServiceUnavailable, "%s; wait for one to end", ErrBusy.Error()).later(10*time.Second))
	default:
		return nil, s.completed(ctx, s.internal(ctx, "starting the import", err))
	}
}

func (s *service) job(ctx context.Context, id string) (*jobOutput, error) {
	state, known := s.deps.Importer.Job(id)
	if !known {
		return nil, s.completed(ctx, newProblem(http.StatusNotFound, "there is no such job; jobs are forgotten when the service restarts"))
	}
	state.ID = id
	return &jobOutput{CacheControl: "private, no-store", Body: state}, nil
}
