package clip

import (
	"bytes"
	"image"
	"image/jpeg"

	"github.com/gembahq/gemba/agent/frame"
)

const (
	thumbnailWidth   = 512
	thumbnailQuality = 80
	// maxThumbnailHeight keeps pictures of absurd proportions within what
	// JPEG can hold.
	maxThumbnailHeight = 4096
)

// thumbnailer makes JPEG files of frames. It keeps its scratch memory.
type thumbnailer struct {
	img image.RGBA
	buf bytes.Buffer
}

// encode returns the frame as a JPEG of at most thumbnailWidth pixels across.
// The result is the caller's.
func (t *thumbnailer) encode(f *frame.Frame) []byte {
	w, h := f.Width, f.Height
	if w > thumbnailWidth {
		w, h = thumbnailWidth, max(1, (h*thumbnailWidth+w/2)/w)
	}
	if h > maxThumbnailHeight {
		w, h = max(1, w*maxThumbnailHeight/h), maxThumbnailHeight
	}
	if need := 4 * w * h; cap(t.img.Pix) < need {
		t.img.Pix = make([]uint8, need)
	}
	t.img.Pix = t.img.Pix[:4*w*h]
	t.img.Stride = 4 * w
	t.img.Rect = image.Rect(0, 0, w, h)
	if w == f.Width && h == f.Height {
		widen(t.img.Pix, f.Pix)
	} else {
		shrink(t.img.Pix, w, h, f)
	}
	t.buf.Reset()
	// Encoding into memory fails only for pictures that JPEG cannot hold,
	// which the limits above rule out; a clip without a thumbnail is still a
	// clip.
	if err := jpeg.Encode(&t.buf, &t.img, &jpeg.Options{Quality: thumbnailQuality}); err != nil {
		return nil
	}
	return bytes.Clone(t.buf.Bytes())
}

// widen copies RGB to RGBA.
func widen(dst, src []byte) {
	for len(src) >= 3 && len(dst) >= 4 {
		dst[0], dst[1], dst[2], dst[3] = src[0], src[1], src[2], 255
		src, dst = src[3:], dst[4:]
	}
}

// shrink averages boxes of the frame into w x h pixels of RGBA.
func shrink(dst []byte, w, h int, f *frame.Frame) {
	for y := range h {
		y0 := y * f.Height / h
		y1 := max((y+1)*f.Height/h, y0+1)
		for x := range w {
			x0 := x * f.Width / w
			x1 := max((x+1)*f.Width/w, x0+1)
			var r, g, b, n uint32
			for yy := y0; yy < y1; yy++ {
				row := f.Pix[3*(yy*f.Width+x0) : 3*(yy*f.Width+x1)]
				for i := 0; i+2 < len(row); i += 3 {
					r += uint32(row[i])
					g += uint32(row[i+1])
					b += uint32(row[i+2])
				}
				n += uint32(x1 - x0)
			}
			d := dst[4*(y*w+x) : 4*(y*w+x)+4]
			d[0], d[1], d[2], d[3] = uint8(r/n), uint8(g/n), uint8(b/n), 255
		}
	}
}
