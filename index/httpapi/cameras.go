package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

type camerasOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         struct {
		Items []CameraState `json:"items" nullable:"false"`
	}
}

func (s *service) cameraRoutes(api huma.API) {
	huma.Register(api, huma.Operation{
		OperationID: "cameras", Method: http.MethodGet, Path: base + "/cameras", Tags: []string{"cameras"},
		Summary: "Cameras, what they do and what of them is indexed", Errors: []int{http.StatusInternalServerError},
	}, func(ctx context.Context, _ *struct{}) (*camerasOutput, error) {
		out := &camerasOutput{CacheControl: "private, no-store"}
		out.Body.Items = []CameraState{}
		if s.deps.Cameras == nil {
			return out, nil
		}
		items, err := s.deps.Cameras.List(ctx)
		if err != nil {
			return nil, s.completed(ctx, s.internal(ctx, "listing the cameras", err))
		}
		for _, item := range items {
			if item.LastFrame != nil {
				utc := item.LastFrame.UTC()
				item.LastFrame = &utc
			}
			out.Body.Items = append(out.Body.Items, item)
		}
		return out, nil
	})
}
