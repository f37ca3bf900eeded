package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index"
)

// ErrNoRoom means that something was not kept because the disk is full.
var ErrNoRoom = errors.New("there is no room on the disk; it was not kept")

// Feedback keeps what people say of answers, durably before it returns. Errors
// wrap ErrNoRoom where that is the reason.
type Feedback interface {
	Add(ctx context.Context, g ClipGrade) error
}

// ClipGrade is what a person said of a clip as an answer to a question.
type ClipGrade struct {
	Query string
	Clip  index.ID
	Grade int // 0, nothing of what was asked, to 3, exactly that
	Time  time.Time
}

// maxFeedbackQuery bounds a question, in bytes, as for searches.
const maxFeedbackQuery = 4096

type feedbackBody struct {
	Query  string `json:"query" doc:"The question as it was asked" example:"a worker with a yellow helmet"`
	ClipID string `json:"clip_id" doc:"Id of the clip: 16 hexadecimal digits" example:"0000000100000007"`
	Grade  int    `json:"grade" minimum:"0" maximum:"3" doc:"0: nothing of what was asked, 1: a little, 2: mostly, 3: exactly that"`
}

func (s *service) feedbackRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "feedback", Method: http.MethodPost, Path: base + "/feedback", Tags: []string{"search"},
		Summary:       "Say how well a clip answers a question",
		Description:   "The box learns from it to order answers. The latest grade of a clip for a question counts. Only for callers on the machine itself.",
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: maxJSONBody, BodyReadTimeout: 10 * time.Second,
		Middlewares: huma.Middlewares{s.localOnly(api)},
		Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusUnprocessableEntity, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusInsufficientStorage},
	}, func(ctx context.Context, in *struct{ Body feedbackBody }) (*struct{}, error) {
		if problem := s.addFeedback(ctx, in.Body); problem != nil {
			return nil, s.completed(ctx, problem)
		}
		return nil, nil
	})
}

func (s *service) addFeedback(ctx context.Context, b feedbackBody) *Problem {
	switch {
	case strings.TrimSpace(b.Query) == "":
		return fieldProblem("query", "is empty: say what was asked")
	case len(b.Query) > maxFeedbackQuery || !utf8.ValidString(b.Query):
		return fieldProblem("query", "must be text of at most 4096 bytes")
	}
	id, err := index.ParseID(b.ClipID)
	if err != nil {
		return fieldProblem("clip_id", "is not a clip id (16 hexadecimal digits)")
	}
	if _, err := s.deps.Store.Clip(ctx, id); err != nil {
		return s.clipProblem(ctx, err)
	}
	err = s.deps.Feedback.Add(ctx, ClipGrade{b.Query, id, b.Grade, time.Now().UTC()})
	switch {
	case errors.Is(err, ErrNoRoom):
		return newProblem(http.StatusInsufficientStorage, "%s", ErrNoRoom.Error())
	case err != nil:
		return s.internal(ctx, "keeping the grade", err)
	}
	return nil
}
