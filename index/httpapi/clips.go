package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/gembahq/gemba/index"
)

// clipInfo is a clip as clients see it.
type clipInfo struct {
	ID            string      `json:"id"`
	Camera        string      `json:"camera"`
	Start         time.Time   `json:"start"`
	End           time.Time   `json:"end"`
	Still         bool        `json:"still" doc:"True for a scene in which nothing moved; one such clip stands for up to a minute"`
	Motion        float32     `json:"motion" doc:"How much changed in the picture"`
	Labels        []string    `json:"labels" nullable:"false"`
	Note          string      `json:"note"`
	Frames        []clipFrame `json:"frames" nullable:"false"`
	BestFrame     int         `json:"best_frame" doc:"The frame that stands for the clip"`
	Footage       string      `json:"footage" doc:"Name of the footage file, without its folder; empty for a live camera"`
	OffsetSeconds float64     `json:"offset_seconds" doc:"Where in the footage file the clip begins"`
	ThumbnailURL  string      `json:"thumbnail_url"`
	VideoURL      string      `json:"video_url"`
}

type clipFrame struct {
	N    int       `json:"n"`
	Time time.Time `json:"time"`
	URL  string    `json:"url"`
}

type clipPath struct {
	ID string `path:"id" pattern:"^[0-9a-fA-F]{16}$" patternDescription:"16 hexadecimal digits" doc:"Id of a clip: 16 hexadecimal digits" example:"0000000100000007"`
}

type clipOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         *clipInfo
}

func (s *service) clipRoutes(api huma.API) {
	s.explanationRoutes(api)
	huma.Register(api, huma.Operation{
		OperationID: "clip", Method: http.MethodGet, Path: base + "/clips/{id}", Tags: []string{"clips"},
		Summary: "What is known of a clip", Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusInternalServerError},
	}, func(ctx context.Context, in *clipPath) (*clipOutput, error) {
		c, problem := s.clip(ctx, in.ID)
		if problem != nil {
			return nil, s.completed(ctx, problem)
		}
		return &clipOutput{CacheControl: "private, no-store", Body: describeClip(c)}, nil
	})
	huma.Register(api, s.fileOperation("thumbnail", "/clips/{id}/thumbnail", "A small picture of the clip", "image/jpeg"),
		func(ctx context.Context, in *clipPath) (*huma.StreamResponse, error) {
			return stream(func(w http.ResponseWriter, r *http.Request) { s.serveThumbnail(w, r, in.ID) }), nil
		})
	huma.Register(api, s.fileOperation("frame", "/clips/{id}/frames/{n}", "One frame of the clip", "image/jpeg"),
		func(ctx context.Context, in *struct {
			ID string `path:"id" pattern:"^[0-9a-fA-F]{16}$" patternDescription:"16 hexadecimal digits" doc:"Id of a clip: 16 hexadecimal digits"`
			N  int    `path:"n" minimum:"0" maximum:"10000" doc:"Number of the frame, from 0"`
		}) (*huma.StreamResponse, error) {
			return stream(func(w http.ResponseWriter, r *http.Request) { s.serveFrame(w, r, in.ID, in.N) }), nil
		})
	if s.deps.Footage != nil {
		video := s.fileOperation("video", "/clips/{id}/video", "The footage of the clip, as an MP4 that browsers play", "video/mp4")
		video.Description = "Not re-encoded, so it begins at the key frame before the clip: the header X-Video-Offset says how many seconds into it the clip begins. Range is honoured."
		video.Responses["200"].Headers = map[string]*huma.Param{"X-Video-Offset": {Description: "Seconds into the video at which the clip begins", Schema: &huma.Schema{Type: huma.TypeNumber}}}
		huma.Register(api, video, func(ctx context.Context, in *clipPath) (*huma.StreamResponse, error) {
			return stream(func(w http.ResponseWriter, r *http.Request) { s.serveVideo(w, r, in.ID) }), nil
		})
	}
}

// fileOperation describes a route that answers with a file.
func (s *service) fileOperation(id, path, summary, contentType string) huma.Operation {
	binary := map[string]*huma.MediaType{contentType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	return huma.Operation{
		OperationID: id, Method: http.MethodGet, Path: base + path, Tags: []string{"clips"}, Summary: summary,
		Responses: map[string]*huma.Response{
			"200": {Description: "OK", Content: binary},
			"206": {Description: "The part asked for by Range", Content: binary},
			"304": {Description: "Not modified since If-None-Match"},
		},
		Errors: []int{http.StatusNotFound, http.StatusNotAcceptable, http.StatusGone, http.StatusUnprocessableEntity, http.StatusInternalServerError, http.StatusServiceUnavailable},
	}
}

// stream hands a route from the framework to net/http, which knows ranges and ETags.
func stream(serve http.HandlerFunc) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		serve(w, r)
	}}
}

// clip reads a clip by the text of its id.
func (s *service) clip(ctx context.Context, text string) (index.Clip, *Problem) {
	id, err := index.ParseID(text)
	if err != nil {
		return index.Clip{}, fieldProblem("id", "is not a clip id (16 hexadecimal digits)")
	}
	c, err := s.deps.Store.Clip(ctx, id)
	if err != nil {
		return index.Clip{}, s.clipProblem(ctx, err)
	}
	return c, nil
}

func (s *service) clipProblem(ctx context.Context, err error) *Problem {
	switch {
	case errors.Is(err, index.ErrNotFound):
		return newProblem(http.StatusNotFound, "there is no such clip; it may have been deleted")
	case errors.Is(err, ErrFootageGone):
		return newProblem(http.StatusGone, "the footage of this clip is no longer there; its thumbnail and entry still are")
	case errors.Is(err, ErrNotPlayable):
		return newProblem(http.StatusNotAcceptable, "%s; its frames can be seen", ErrNotPlayable.Error())
	case errors.Is(err, context.DeadlineExceeded):
		return newProblem(http.StatusServiceUnavailable, "reading the footage took too long").later(5 * time.Second)
	case errors.Is(err, context.Canceled):
		return newProblem(statusClientGone, "the client went away")
	default:
		return s.internal(ctx, "reading the clip", err)
	}
}

func describeClip(c index.Clip) *clipInfo {
	id := c.ID.String()
	url := base + "/clips/" + id
	info := &clipInfo{
		ID: id, Camera: c.Camera, Start: c.Start.UTC(), End: c.Start.Add(c.Duration).UTC(), Still: c.Still, Motion: c.Motion,
		Labels: append([]string{}, c.Labels...), Note: c.Note, Frames: []clipFrame{}, BestFrame: c.Best,
		OffsetSeconds: c.Source.Offset.Seconds(), ThumbnailURL: url + "/thumbnail", VideoURL: url + "/video",
	}
	if c.Source.Path != "" {
		info.Footage = filepath.Base(c.Source.Path)
	}
	for n, offset := range c.FrameOffsets {
		info.Frames = append(info.Frames, clipFrame{N: n, Time: c.Start.Add(offset).UTC(), URL: fmt.Sprintf("%s/frames/%d", url, n)})
	}
	return info
}

func (s *service) serveThumbnail(w http.ResponseWriter, r *http.Request, text string) {
	id, err := index.ParseID(text)
	if err != nil {
		fieldProblem("id", "is not a clip id (16 hexadecimal digits)").write(w, r)
		return
	}
	jpeg, err := s.deps.Store.Thumbnail(r.Context(), id)
	if err != nil {
		s.clipProblem(r.Context(), err).write(w, r)
		return
	}
	serveJPEG(w, r, jpeg)
}

// serveFrame answers with the frame or, for the best frame of a clip whose footage
// is gone, with the thumbnail: that one is the same frame, only smaller.
func (s *service) serveFrame(w http.ResponseWriter, r *http.Request, text string, n int) {
	c, problem := s.clip(r.Context(), text)
	if problem != nil {
		problem.write(w, r)
		return
	}
	if n >= max(len(c.FrameOffsets), 1) {
		newProblem(http.StatusNotFound, "the clip has %d frames, numbered from 0", len(c.FrameOffsets)).write(w, r)
		return
	}
	jpeg, err := s.frame(r.Context(), c, n)
	if err != nil {
		s.clipProblem(r.Context(), err).write(w, r)
		return
	}
	serveJPEG(w, r, jpeg)
}

func (s *service) frame(ctx context.Context, c index.Clip, n int) ([]byte, error) {
	err := ErrFootageGone
	if s.deps.Footage != nil {
		leave := s.footage.enter(ctx)
		if leave == nil {
			return nil, context.DeadlineExceeded
		}
		defer leave()
		ctx, cancel := context.WithTimeout(ctx, s.limits.FootageTime)
		defer cancel()
		var jpeg []byte
		if jpeg, err = s.deps.Footage.Frame(ctx, c, n); err == nil {
			return jpeg, nil
		}
	}
	if n == c.Best && errors.Is(err, ErrFootageGone) {
		return s.deps.Store.Thumbnail(ctx, c.ID)
	}
	return nil, err
}

func serveJPEG(w http.ResponseWriter, r *http.Request, jpeg []byte) {
	servePicture(w, r, "image/jpeg", jpeg)
}

func servePicture(w http.ResponseWriter, r *http.Request, contentType string, picture []byte) {
	sum := sha256.Sum256(picture)
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	h.Set("Cache-Control", "private, max-age=3600")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture))
}
