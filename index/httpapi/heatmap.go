package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
)

// Explainer says why a clip answers a question; *query.Engine implements it.
// Beside the errors of a search it returns query.ErrNoExplanation, and errors
// that wrap index.ErrNotFound.
type Explainer interface {
	Explain(ctx context.Context, question string, id index.ID) (*query.Explanation, error)
}

// explanationInfo is an explanation as clients see it.
type explanationInfo struct {
	ClipID       string              `json:"clip_id"`
	Words        []query.WordSupport `json:"words" nullable:"false" doc:"Words of the question as the model read them, and whether the clip shows them"`
	MatchedFrame int                 `json:"matched_frame" doc:"Number of the frame that shows most of what was asked"`
	Rows         int                 `json:"rows" doc:"Rows of cells that a frame is divided into"`
	Columns      int                 `json:"columns"`
	Heat         [][]float32         `json:"heat" nullable:"false" doc:"For each frame its cells row by row: how much each has to do with the question, 0 to 1"`
	HeatmapURL   string              `json:"heatmap_url" doc:"The heat over the matched frame as a picture"`
}

type explanationInput struct {
	ID    string `path:"id" doc:"Id of a clip: 16 hexadecimal digits"`
	Query string `query:"query" required:"true" doc:"The question, in words" example:"a worker with a yellow helmet"`
}

type explanationOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         *explanationInfo
}

func (s *service) explanationRoutes(api huma.API) {
	if s.deps.Explainer == nil {
		return
	}
	huma.Register(api, huma.Operation{
		OperationID: "explanation", Method: http.MethodGet, Path: base + "/clips/{id}/explanation", Tags: []string{"clips"},
		Summary: "Which words of a question a clip shows, and where",
		Errors:  []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusNotImplemented, http.StatusServiceUnavailable},
	}, func(ctx context.Context, in *explanationInput) (*explanationOutput, error) {
		x, problem := s.explain(ctx, in.ID, in.Query)
		if problem != nil {
			return nil, s.completed(ctx, problem)
		}
		info := &explanationInfo{
			ClipID: in.ID, Words: x.Words, MatchedFrame: x.Frame, Rows: x.Rows, Columns: x.Columns, Heat: x.Heat,
			HeatmapURL: query.HeatmapURL(base, in.ID, in.Query, x.Frame),
		}
		return &explanationOutput{CacheControl: "private, no-store", Body: info}, nil
	})
	o := s.fileOperation("heatmap", "/clips/{id}/heatmap", "Where in a frame the words of a question were found", "image/png")
	o.Description = "A picture with transparency, in the shape of the thumbnail, to lay over the frame. It is made of the few cells that the index keeps of each frame, drawn smoothly: X-Heatmap-Cells says how many (rows x columns). X-Heatmap-Frame says which frame it belongs to: the one asked for, or the one that shows most of what was asked."
	o.Errors = append(o.Errors, http.StatusNotImplemented)
	o.Responses["200"].Headers = map[string]*huma.Param{
		"X-Heatmap-Cells": {Description: "Rows x columns of the cells", Schema: &huma.Schema{Type: huma.TypeString}},
		"X-Heatmap-Frame": {Description: "Number of the frame, from 0", Schema: &huma.Schema{Type: huma.TypeInteger}},
	}
	huma.Register(api, o, func(ctx context.Context, in *struct {
		ID    string `path:"id" doc:"Id of a clip: 16 hexadecimal digits"`
		Query string `query:"query" required:"true" doc:"The question, in words" example:"a worker with a yellow helmet"`
		Frame int    `query:"frame" minimum:"-1" maximum:"10000" default:"-1" doc:"Number of the frame, from 0; -1: the one that shows most of what was asked"`
	}) (*huma.StreamResponse, error) {
		return stream(func(w http.ResponseWriter, r *http.Request) { s.serveHeatmap(w, r, in.ID, in.Query, in.Frame) }), nil
	})
}

// explain runs within the limits of a search.
func (s *service) explain(ctx context.Context, text, question string) (*query.Explanation, *Problem) {
	id, err := index.ParseID(text)
	if err != nil {
		return nil, fieldProblem("id", "is not a clip id (16 hexadecimal digits)")
	}
	leave := s.search.enter(ctx)
	if leave == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "too many searches at once").later(time.Second)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, s.limits.SearchTime)
	defer cancel()
	x, err := s.deps.Explainer.Explain(ctx, question, id)
	switch {
	case errors.Is(err, index.ErrNotFound):
		return nil, s.clipProblem(ctx, err)
	case errors.Is(err, query.ErrNoExplanation):
		return nil, newProblem(http.StatusNotImplemented, "the model pack in use cannot explain answers")
	case err != nil:
		return nil, s.searchProblem(ctx, err)
	}
	return x, nil
}

func (s *service) serveHeatmap(w http.ResponseWriter, r *http.Request, id, question string, frame int) {
	x, problem := s.explain(r.Context(), id, question)
	if problem != nil {
		problem.write(w, r)
		return
	}
	if frame < 0 {
		frame = x.Frame
	}
	if frame >= len(x.Heat) {
		newProblem(http.StatusNotFound, "the clip has %d frames, numbered from 0", len(x.Heat)).write(w, r)
		return
	}
	width, height := s.thumbnailSize(r.Context(), id)
	var b bytes.Buffer
	if err := png.Encode(&b, drawHeat(x.Heat[frame], x.Rows, x.Columns, width, height)); err != nil {
		s.internal(r.Context(), "drawing the heat map", err).write(w, r)
		return
	}
	h := w.Header()
	h.Set("X-Heatmap-Frame", strconv.Itoa(frame))
	h.Set("X-Heatmap-Cells", fmt.Sprintf("%dx%d", x.Rows, x.Columns))
	servePicture(w, r, "image/png", b.Bytes())
}

// thumbnailSize is the size of a clip's thumbnail, or a usual one without it.
func (s *service) thumbnailSize(ctx context.Context, text string) (width, height int) {
	const usualWidth, usualHeight, most = 320, 180, 4096
	id, err := index.ParseID(text)
	if err != nil {
		return usualWidth, usualHeight
	}
	thumbnail, err := s.deps.Store.Thumbnail(ctx, id)
	if err != nil {
		return usualWidth, usualHeight
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(thumbnail))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > most || c.Height > most {
		return usualWidth, usualHeight
	}
	return c.Width, c.Height
}

// drawHeat spreads rows x columns cells smoothly over a picture: cold is
// transparent, hot a strong orange.
func drawHeat(cells []float32, rows, columns, width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		r, fy := between(y, height, rows)
		for px := range width {
			c, fx := between(px, width, columns)
			at := func(r, c int) float32 { return cells[min(r, rows-1)*columns+min(c, columns-1)] }
			top := at(r, c)*(1-fx) + at(r, c+1)*fx
			bottom := at(r+1, c)*(1-fx) + at(r+1, c+1)*fx
			heat := min(max(top*(1-fy)+bottom*fy, 0), 1)
			img.SetNRGBA(px, y, color.NRGBA{R: 255, G: uint8(190 - 130*heat), B: 20, A: uint8(170 * heat)})
		}
	}
	return img
}

// between says between which of n cells the middle of pixel i of size lies: the
// first of the two, and how far towards the second, eased.
func between(i, size, n int) (int, float32) {
	at := (float32(i)+0.5)/float32(size)*float32(n) - 0.5
	at = min(max(at, 0), float32(n-1))
	first := int(at)
	f := at - float32(first)
	return first, f * f * (3 - 2*f)
}
