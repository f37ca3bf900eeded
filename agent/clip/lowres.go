package clip

import "github.com/gembahq/gemba/agent/frame"

// The low-resolution picture has one cell per about 11x11 pixels of a 512x288
// frame: small enough to notice a person at the far end of a hall, large
// enough to average sensor noise away.
const (
	gridW = 48
	gridH = 27
	cells = gridW * gridH
	taps  = 4 // pixels read per cell
)

// lowRes is a grey picture of gridW x gridH cells, whatever the frame's size.
type lowRes [cells]uint8

// sampler reads low-resolution pictures. It remembers where the cells of the
// last frame size lie, so that a picture costs some microseconds.
type sampler struct {
	w, h int
	at   [cells * taps]int32 // offsets into Pix
}

func (s *sampler) read(f *frame.Frame, out *lowRes) {
	if f.Width != s.w || f.Height != s.h {
		s.resize(f.Width, f.Height)
	}
	pix := f.Pix
	for i := range out {
		at := s.at[i*taps : i*taps+taps : i*taps+taps]
		var sum uint32
		for _, o := range at {
			p := pix[o : o+3 : o+3]
			sum += uint32(p[0]) + 2*uint32(p[1]) + uint32(p[2])
		}
		out[i] = uint8(sum / (4 * taps))
	}
}

// resize places the four taps of each cell at its quarter points.
func (s *sampler) resize(w, h int) {
	s.w, s.h = w, h
	i := 0
	for cy := range gridH {
		for cx := range gridW {
			for t := range taps {
				x := min((4*cx+1+2*(t&1))*w/(4*gridW), w-1)
				y := min((4*cy+1+2*(t>>1))*h/(4*gridH), h-1)
				s.at[i] = int32(3 * (y*w + x))
				i++
			}
		}
	}
}

// meanDiff is the mean absolute difference of two pictures, 0 to 255.
func meanDiff(a, b *lowRes) float64 {
	var sum uint32
	for i := range a {
		d := int32(a[i]) - int32(b[i])
		m := d >> 31
		sum += uint32((d ^ m) - m)
	}
	return float64(sum) / cells
}
