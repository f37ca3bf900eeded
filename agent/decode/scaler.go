package decode

//#cgo pkg-config: libavutil libswscale
//#include "native.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/asticode/go-astiav"

	"github.com/gembahq/gemba/agent/frame"
)

// facts is what is known of a decoded picture.
type facts struct {
	c C.gemba_frame_facts
}

func (f *facts) read(src *astiav.Frame) {
	C.gemba_frame_read((*C.AVFrame)(src.UnsafePointer()), &f.c)
}

func (f *facts) stamp() int64 { return int64(f.c.stamp) }
func (f *facts) key() bool    { return f.c.key != 0 }

// damaged tells that the decoder had to conceal something.
func (f *facts) damaged() bool { return f.c.corrupt != 0 }

// aspect is the width of a pixel by its height, 0 if not stated.
func (f *facts) aspect() float64 {
	if f.c.sar_num <= 0 || f.c.sar_den <= 0 {
		return 0
	}
	return float64(f.c.sar_num) / float64(f.c.sar_den)
}

// layout is all that the conversion of a picture depends on.
type layout struct {
	w, h, format     C.int
	colorspace, full C.int
	aspect           float64
}

// scaler turns decoded pictures into frames: converted to RGB and scaled in
// one pass, straight into the pooled pixels, unless they have to be turned.
type scaler struct {
	pool   *frame.Pool
	short  int
	turn   turn
	aspect float64 // of the container, which overrules the stream's

	in      layout
	c       *C.struct_SwsContext
	w, h    int    // scaled, not yet turned
	scratch []byte // for turning
}

// scale returns the picture as a frame with one reference.
func (s *scaler) scale(src *astiav.Frame, f *facts) (*frame.Frame, error) {
	if err := s.prepare(f); err != nil {
		return nil, err
	}
	w, h := s.w, s.h
	if s.turn.swap {
		w, h = h, w
	}
	out := s.pool.Get(w, h)
	dst := out.Pix
	if s.turn != (turn{}) {
		dst = s.scratch
	}
	if n := C.gemba_scale_run(s.c, (*C.AVFrame)(src.UnsafePointer()), (*C.uint8_t)(unsafe.Pointer(&dst[0])), C.int(3*s.w)); int(n) != s.h {
		out.Release()
		return nil, fmt.Errorf("convert the picture: %d of %d rows", int(n), s.h)
	}
	if s.turn != (turn{}) {
		s.turn.apply(out.Pix, s.scratch, s.w, s.h)
	}
	return out, nil
}

// prepare sets the conversion up anew when the stream has changed.
func (s *scaler) prepare(f *facts) error {
	aspect := s.aspect
	if aspect == 0 {
		aspect = f.aspect()
	}
	in := layout{f.c.width, f.c.height, f.c.format, f.c.colorspace, f.c.full_range, aspect}
	if s.c != nil && in == s.in {
		return nil
	}
	if in.w <= 0 || in.h <= 0 {
		return fmt.Errorf("convert the picture: its size is %d x %d", in.w, in.h)
	}
	if err := checkSize(int(in.w), int(in.h)); err != nil {
		return err
	}
	s.free()
	dw, dh := square(int(in.w), int(in.h), aspect)
	s.w, s.h = fit(dw, dh, s.short)
	if err := checkSize(s.w, s.h); err != nil {
		return err
	}
	s.c = C.gemba_scale_new(in.w, in.h, in.format, in.colorspace, in.full, C.int(s.w), C.int(s.h))
	if s.c == nil {
		return fmt.Errorf("convert the picture: %s, %d x %d is not supported", astiav.PixelFormat(in.format), in.w, in.h)
	}
	s.in = in
	if s.turn != (turn{}) {
		s.scratch = make([]byte, 3*s.w*s.h+frame.Pad)
	}
	return nil
}

func (s *scaler) free() {
	if s.c != nil {
		C.gemba_scale_free(s.c)
		s.c = nil
	}
}
