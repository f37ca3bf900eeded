package preprocess

import (
	"fmt"
	"strconv"
	"strings"
)

// View is one way to look at a frame. Its names, as a manifest lists them:
//
//	squash   the whole frame, scaled to the model's size whatever its shape
//	center   the largest centred part with the model's aspect ratio, scaled
//	zoom-N   the whole frame, scaled so that its shorter side is N pixels, of
//	         which the centre of the model's size is taken
//	mirror-X any of these after a horizontal flip
type View struct {
	mirror bool
	center bool
	zoom   int // shorter side after scaling, 0 if this is no zoom
}

// ParseView reads the name of a view for a model input of width x height.
func ParseView(name string, width, height int) (View, error) {
	v := View{}
	rest, mirror := strings.CutPrefix(name, "mirror-")
	v.mirror = mirror
	switch {
	case rest == "squash":
		return v, nil
	case rest == "center":
		v.center = true
		return v, nil
	case strings.HasPrefix(rest, "zoom-"):
		n, err := strconv.Atoi(rest[len("zoom-"):])
		if err != nil || n < max(width, height) || n > 16*max(width, height) {
			return View{}, fmt.Errorf("view %q: the number after zoom- must be %d to %d", name, max(width, height), 16*max(width, height))
		}
		v.zoom = n
		return v, nil
	}
	return View{}, fmt.Errorf("unknown view %q: known are squash, center, zoom-N, each also with mirror- before it", name)
}

// geometry says which pixels of a frame a view reads and how they are scaled.
type geometry struct {
	left, top, width, height int // the part of the frame that is scaled
	toWidth, toHeight        int // what it is scaled to
	x, y                     int // where in that the output begins
}

// of computes the geometry for a frame of w x h and an output of outW x outH.
func (v View) of(w, h, outW, outH int) geometry {
	g := geometry{width: w, height: h, toWidth: outW, toHeight: outH}
	switch {
	case v.center:
		// Largest part of aspect outW:outH, rounded down like the offsets.
		if w*outH > h*outW {
			g.width = max(1, h*outW/outH)
		} else {
			g.height = max(1, w*outH/outW)
		}
		g.left, g.top = (w-g.width)/2, (h-g.height)/2
	case v.zoom > 0:
		if w <= h {
			g.toWidth, g.toHeight = v.zoom, v.zoom*h/w
		} else {
			g.toWidth, g.toHeight = v.zoom*w/h, v.zoom
		}
		g.x, g.y = (g.toWidth-outW)/2, (g.toHeight-outH)/2
	}
	return g
}
