package httpapi

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/gembahq/gemba/index/query"
)

// pictures takes the searches by picture out of the stream of requests: they share
// their address with searches by words but come as a form.
func (s *service) pictures(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == base+"/search" {
			if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
				r.Pattern = "POST " + base + "/search"
				s.searchByPicture(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

func (s *service) searchByPicture(w http.ResponseWriter, r *http.Request) {
	if !s.deps.Pictures {
		newProblem(http.StatusUnsupportedMediaType, "this service cannot search by picture; send application/json").write(w, r)
		return
	}
	request, problem := readPictureForm(w, r)
	if problem != nil {
		problem.write(w, r)
		return
	}
	response, problem := s.ask(r.Context(), request)
	if problem != nil {
		problem.write(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "private, no-store")
	_ = json.NewEncoder(w).Encode(response) // the client is gone: nobody to tell
}

// readPictureForm reads the part "image" and the other fields by their names in
// GET /search.
func readPictureForm(w http.ResponseWriter, r *http.Request) (query.Request, *Problem) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPictureBody)
	defer drain(r)
	if err := r.ParseMultipartForm(maxPictureBody); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return query.Request{}, newProblem(http.StatusRequestEntityTooLarge, "the request body is larger than %d bytes", maxPictureBody)
		}
		return query.Request{}, newProblem(http.StatusBadRequest, "the form cannot be read: %s", clip(err.Error()))
	}
	defer func() { _ = r.MultipartForm.RemoveAll() }()
	form := r.MultipartForm
	value := func(name string) string {
		if v := form.Value[name]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	body := searchBody{
		Query: value("q"), Cameras: form.Value["camera"], From: value("from"), To: value("to"),
		Labels: form.Value["labels"], Text: value("text"), Cursor: value("cursor"), Limit: query.DefaultLimit,
	}
	if text := value("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n == 0 {
			return query.Request{}, fieldProblem("limit", "must be a whole number between 1 and 500")
		}
		body.Limit = n
	}
	request, err := body.request()
	if err != nil {
		var bad *query.InvalidError
		if errors.As(err, &bad) {
			return query.Request{}, fieldProblem(bad.Field, bad.Reason)
		}
		return query.Request{}, newProblem(http.StatusBadRequest, "%s", clip(err.Error()))
	}
	files := form.File["image"]
	if len(files) != 1 {
		return query.Request{}, fieldProblem("image", "give exactly one picture in a part of this name")
	}
	file, err := files[0].Open()
	if err != nil {
		return query.Request{}, newProblem(http.StatusBadRequest, "the picture cannot be read")
	}
	defer file.Close()
	if request.Image, err = io.ReadAll(file); err != nil {
		return query.Request{}, newProblem(http.StatusBadRequest, "the picture cannot be read")
	}
	if len(request.Image) == 0 {
		return query.Request{}, fieldProblem("image", "is empty")
	}
	return request, nil
}

// describePictures adds the form to the description of POST /search.
func (s *service) describePictures(api huma.API) {
	operation := api.OpenAPI().Paths[base+"/search"].Post
	operation.RequestBody.Content["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{
		Type:     huma.TypeObject,
		Required: []string{"image"},
		Properties: map[string]*huma.Schema{
			"image":  {Type: huma.TypeString, Format: "binary", Description: "A JPEG or PNG picture of what to look for"},
			"camera": {Type: huma.TypeString}, "from": {Type: huma.TypeString}, "to": {Type: huma.TypeString},
			"labels": {Type: huma.TypeString}, "text": {Type: huma.TypeString}, "limit": {Type: huma.TypeInteger}, "cursor": {Type: huma.TypeString},
		},
	}}
}
