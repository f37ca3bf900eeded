package packimport

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gembahq/gemba/agent/encode"
)

// pictureConfig is what matters of preprocessor_config.json (transformers) and
// preprocess_cfg (OpenCLIP).
type pictureConfig struct {
	Kind       string    `json:"image_processor_type"`
	OldKind    string    `json:"feature_extractor_type"`
	Resize     *bool     `json:"do_resize"`
	CenterCrop *bool     `json:"do_center_crop"`
	Rescale    *bool     `json:"do_rescale"`
	Normalize  *bool     `json:"do_normalize"`
	Size       *extent   `json:"size"`
	CropSize   *extent   `json:"crop_size"`
	Resample   *int      `json:"resample"`
	Factor     *float64  `json:"rescale_factor"`
	ImageMean  []float64 `json:"image_mean"`
	ImageStd   []float64 `json:"image_std"`

	Mean          []float64 `json:"mean"`
	Std           []float64 `json:"std"`
	Interpolation string    `json:"interpolation"`
	ResizeMode    string    `json:"resize_mode"`
}

// extent is a size: 224, [224, 224], or an object.
type extent struct {
	number   int
	Shortest int `json:"shortest_edge"`
	Longest  int `json:"longest_edge"`
	Height   int `json:"height"`
	Width    int `json:"width"`
}

func (e *extent) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.number) == nil {
		return nil
	}
	var pair []int
	if json.Unmarshal(data, &pair) == nil && len(pair) == 2 {
		e.Height, e.Width = pair[0], pair[1]
		return nil
	}
	type plain extent
	return json.Unmarshal(data, (*plain)(e))
}

// square is the size if both sides are equal and given, else 0.
func (e *extent) square() int {
	switch {
	case e == nil:
		return 0
	case e.number > 0:
		return e.number
	case e.Height > 0 && e.Height == e.Width:
		return e.Height
	}
	return 0
}

// pictureConfig reads how pictures are prepared, and the file that says so.
func (f folder) pictureConfig() (pictureConfig, string, error) {
	var p pictureConfig
	name := f.first("preprocessor_config.json", "visual/preprocess_cfg.json", "preprocess_cfg.json")
	if name != "" {
		err := f.json(name, &p)
		return p, name, err
	}
	if name = f.first("processor_config.json"); name != "" {
		parts := struct {
			Image *pictureConfig `json:"image_processor"`
		}{Image: &p}
		err := f.json(name, &parts)
		return p, name, err
	}
	if name = f.first("open_clip_config.json"); name != "" {
		open := struct {
			Preprocess *pictureConfig `json:"preprocess_cfg"`
		}{Preprocess: &p}
		err := f.json(name, &open)
		return p, name, err
	}
	return p, "", fmt.Errorf("%w: preprocessor_config.json is missing, which says how pictures are scaled: download it too", ErrFolder)
}

// fill sets the parts of s that say how pictures are prepared, for a model of
// s.Width x s.Height pixels; these are taken from p if they are 0.
func (p pictureConfig) fill(s *encode.ImageSpec, fallback int) error {
	view, size, err := p.view()
	if err != nil {
		return err
	}
	if size == 0 {
		size = fallback
	}
	if s.Width == 0 {
		s.Width, s.Height = size, size
	}
	switch {
	case s.Width == 0:
		return fmt.Errorf("%w: neither the model nor its configuration says how large pictures are", ErrFolder)
	case size != 0 && (s.Width != size || s.Height != size):
		return fmt.Errorf("%w: the model takes pictures of %d x %d pixels, its configuration makes them %d x %d", ErrUnsupported, s.Width, s.Height, size, size)
	case view == "":
		view = fmt.Sprintf("zoom-%d", s.Width)
	}
	s.Views = []string{view}
	if s.Resize, err = p.filter(); err != nil {
		return err
	}
	return p.scale(s)
}

// view is the view of package preprocess that does what p says, and the size of
// what it makes; both may be left open.
func (p pictureConfig) view() (view string, size int, err error) {
	if p.ResizeMode != "" || p.Interpolation != "" {
		switch p.ResizeMode {
		case "", "shortest":
			if n := p.Size.square(); n > 0 {
				return fmt.Sprintf("zoom-%d", n), n, nil
			}
			return "", 0, nil
		case "squash":
			return "squash", p.Size.square(), nil
		}
		return "", 0, fmt.Errorf("%w: resize_mode %q: known are shortest and squash", ErrUnsupported, p.ResizeMode)
	}
	if p.Resize != nil && !*p.Resize {
		return "", 0, fmt.Errorf("%w: do_resize is false: pictures of any size", ErrUnsupported)
	}
	if p.Size == nil {
		return "", 0, fmt.Errorf("%w: size is missing", ErrFolder)
	}
	clip := strings.HasPrefix(p.Kind+p.OldKind, "CLIP")
	crop := clip
	if p.CenterCrop != nil {
		crop = *p.CenterCrop
	}
	shortest := p.Size.Shortest
	if shortest == 0 && clip {
		shortest = p.Size.number
	}
	switch {
	case p.Size.Longest > 0:
		return "", 0, fmt.Errorf("%w: size.longest_edge: pictures of no fixed shape", ErrUnsupported)
	case shortest == 0 && !crop:
		if n := p.Size.square(); n > 0 {
			return "squash", n, nil
		}
		return "", 0, fmt.Errorf("%w: size: pictures that aren't square", ErrUnsupported)
	case shortest == 0:
		// A square scaled whole, then its middle: only without anything to cut off.
		if n := p.Size.square(); n > 0 && (p.CropSize == nil || p.CropSize.square() == n) {
			return "squash", n, nil
		}
		return "", 0, fmt.Errorf("%w: crop_size differs from size after scaling to a square", ErrUnsupported)
	}
	size = shortest
	if crop && p.CropSize != nil {
		if size = p.CropSize.square(); size == 0 || size > shortest {
			return "", 0, fmt.Errorf("%w: crop_size is no square within the %d pixels of size.shortest_edge", ErrUnsupported, shortest)
		}
	}
	return fmt.Sprintf("zoom-%d", shortest), size, nil
}

// filter is the manifest's name of the resampling method.
func (p pictureConfig) filter() (string, error) {
	switch {
	case p.Resample != nil && *p.Resample == 2, p.Interpolation == "bilinear":
		return "bilinear-antialias", nil
	case p.Resample != nil && *p.Resample == 3, p.Interpolation == "bicubic":
		return "bicubic-antialias", nil
	case p.Resample != nil:
		return "", fmt.Errorf("%w: resample is %d: known are 2, bilinear, and 3, bicubic", ErrUnsupported, *p.Resample)
	case p.Interpolation != "" && p.Interpolation != "random":
		return "", fmt.Errorf("%w: interpolation is %q: known are bilinear and bicubic", ErrUnsupported, p.Interpolation)
	}
	// What CLIP, and all of this kind, were trained with.
	return "bicubic-antialias", nil
}

// scale sets mean and std, from a scale of 0..1 to that of bytes.
func (p pictureConfig) scale(s *encode.ImageSpec) error {
	factor := 1.0 / 255
	if p.Factor != nil {
		factor = *p.Factor
	}
	if p.Rescale != nil && !*p.Rescale {
		factor = 1
	}
	if !(factor > 0) {
		return fmt.Errorf("%w: rescale_factor is %v", ErrFolder, factor)
	}
	mean, std := p.ImageMean, p.ImageStd
	if len(mean) == 0 {
		mean, std = p.Mean, p.Std
	}
	if p.Normalize != nil && !*p.Normalize {
		mean, std = []float64{0, 0, 0}, []float64{1, 1, 1}
	}
	if len(mean) != 3 || len(std) != 3 {
		return errors.Join(ErrFolder, errors.New("image_mean and image_std must have 3 values each"))
	}
	for c := range 3 {
		s.Mean[c], s.Std[c] = float32(mean[c]/factor), float32(std[c]/factor)
	}
	return nil
}
