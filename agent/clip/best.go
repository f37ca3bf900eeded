package clip

import "github.com/gembahq/gemba/agent/frame"

const (
	// A picture whose mean lies outside [darkest, brightest] or whose cells
	// differ by less than flattest on average shows nothing.
	darkest   = 16
	brightest = 240
	flattest  = 4

	// blurred is the part of the sharpest frame's sharpness below which a
	// frame counts as blurred.
	blurred = 0.6

	emptyPenalty   = 1000 // more than any difference
	blurredPenalty = 24
)

// best returns the index of the most representative frame: the one closest to
// the mean picture of all, unless it shows nothing or is blurred. Ties go to
// the earlier frame.
func best(ks []kept) int {
	var mean lowRes
	for i := range mean {
		var sum int
		for k := range ks {
			sum += int(ks[k].pic[i])
		}
		mean[i] = uint8((sum + len(ks)/2) / len(ks))
	}
	sharpest := 0.0
	for k := range ks {
		sharpest = max(sharpest, ks[k].sharp)
	}
	at, least := 0, 0.0
	for k := range ks {
		cost := meanDiff(&ks[k].pic, &mean)
		if ks[k].pic.empty() {
			cost += emptyPenalty
		}
		if ks[k].sharp < blurred*sharpest {
			cost += blurredPenalty
		}
		if k == 0 || cost < least {
			at, least = k, cost
		}
	}
	return at
}

// empty tells a picture that is black, white or of one tone.
func (l *lowRes) empty() bool {
	sum := 0
	for _, v := range l {
		sum += int(v)
	}
	mean := sum / cells
	spread := 0
	for _, v := range l {
		d := int(v) - mean
		spread += max(d, -d)
	}
	return mean < darkest || mean > brightest || spread/cells < flattest
}

// sharpness is the mean green difference of neighbouring pixels, read at about
// a thousand places. Only frames of one scene can be compared by it.
func sharpness(f *frame.Frame) float64 {
	const nx, ny = 40, 26
	w, h := f.Width, f.Height
	if w < 2 || h < 2 {
		return 0
	}
	sum := 0
	for iy := range ny {
		y := iy * (h - 1) / ny
		row := f.Pix[3*w*y:]
		below := f.Pix[3*w*(y+1):]
		for ix := range nx {
			x := ix * (w - 1) / nx
			at := int(row[3*x+1])
			dx := at - int(row[3*x+4])
			dy := at - int(below[3*x+1])
			sum += max(dx, -dx) + max(dy, -dy)
		}
	}
	return float64(sum) / (nx * ny)
}
