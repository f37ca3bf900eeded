package decode

import "math"

const (
	// Pixels more oblong than this are a mistake in the header, not a lens.
	maxPixelAspect = 8.0
	// maxAspect bounds the longer side of a delivered frame to this many short
	// sides.
	maxAspect = 16
)

// turn is one of the eight ways to lay a picture on its sides: first the
// picture is mirrored at its own axes, then, with swap, its axes are exchanged.
type turn struct {
	mirrorX, mirrorY, swap bool
}

// turnOf reads a display matrix (nine 16.16 and 2.30 fixed point numbers, row
// by row). Angles between the quarters are rounded to the nearest.
func turnOf(m [9]int32) turn {
	// A point (p, q) is shown at (a*p + c*q, b*p + d*q).
	a, b, c, d := int64(m[0]), int64(m[1]), int64(m[3]), int64(m[4])
	if abs64(a)+abs64(d) >= abs64(b)+abs64(c) {
		return turn{mirrorX: a < 0, mirrorY: d < 0}
	}
	return turn{mirrorX: b < 0, mirrorY: c < 0, swap: true}
}

// degrees is the clockwise rotation, leaving mirroring aside.
func (t turn) degrees() int {
	switch {
	case t.swap && t.mirrorY:
		return 90
	case t.swap && t.mirrorX:
		return 270
	case t.swap:
		return 90
	case t.mirrorX && t.mirrorY:
		return 180
	default:
		return 0
	}
}

// apply writes the turned picture. src is w x h pixels, dst h x w if the axes
// are exchanged, else w x h.
func (t turn) apply(dst, src []byte, w, h int) {
	dw := w
	if t.swap {
		dw = h
	}
	for y := range h {
		ty := y
		if t.mirrorY {
			ty = h - 1 - y
		}
		row := src[3*w*y : 3*w*(y+1)]
		for x := range w {
			tx := x
			if t.mirrorX {
				tx = w - 1 - x
			}
			o := 3 * (ty*dw + tx)
			if t.swap {
				o = 3 * (tx*dw + ty)
			}
			dst[o], dst[o+1], dst[o+2] = row[3*x], row[3*x+1], row[3*x+2]
		}
	}
}

// square returns the size of a picture when its pixels are made square. sar is
// a pixel's width by its height; 0 or nonsense means square.
func square(w, h int, sar float64) (int, int) {
	if !(sar >= 1/maxPixelAspect && sar <= maxPixelAspect) || sar == 1 {
		return w, h
	}
	return max(1, int(math.Round(float64(w)*sar))), h
}

// fit scales a size down so that its shorter side is short (0:
// DefaultShortSide, negative: not at all), and never up.
func fit(w, h, short int) (int, int) {
	if short == 0 {
		short = DefaultShortSide
	}
	if short < 0 {
		return w, h
	}
	s := float64(short) / float64(min(w, h))
	s = min(s, 1, maxAspect*float64(short)/float64(max(w, h)))
	return max(1, int(math.Round(float64(w)*s))), max(1, int(math.Round(float64(h)*s)))
}

func abs64(v int64) int64 { return max(v, -v) }
