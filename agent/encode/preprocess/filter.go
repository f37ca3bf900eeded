package preprocess

import "fmt"

// Filter is a resampling filter.
type Filter int

// The filters that packs may name.
const (
	Bilinear Filter = iota // a triangle, support 1
	Bicubic                // Keys' cubic with a = -0.5, support 2
)

// ParseFilter reads a manifest's name of a filter.
func ParseFilter(name string) (Filter, error) {
	switch name {
	case "bilinear-antialias":
		return Bilinear, nil
	case "bicubic-antialias":
		return Bicubic, nil
	}
	return 0, fmt.Errorf("unknown resize method %q: known are bilinear-antialias and bicubic-antialias", name)
}

// support is the radius outside which the filter is zero, in output pixels.
func (f Filter) support() float64 {
	if f == Bicubic {
		return 2
	}
	return 1
}

func (f Filter) at(x float64) float64 {
	if x < 0 {
		x = -x
	}
	if f == Bilinear {
		if x < 1 {
			return 1 - x
		}
		return 0
	}
	const a = -0.5
	switch {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return (((x-5)*x+8)*x - 4) * a
	}
	return 0
}
