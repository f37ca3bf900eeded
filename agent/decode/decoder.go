package decode

//#cgo pkg-config: libavcodec
//#include "native.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/asticode/go-astiav"
)

var errDamagedPicture = errors.New("part of a picture was damaged and is made up from its neighbours")

// decoder drives the codec.
type decoder struct {
	cc    *astiav.CodecContext
	pic   *astiav.Frame
	facts facts

	keys      bool // only key frames are wanted
	skipsNone bool // the codec cannot leave the others out itself
	draining  bool
	errors    int64
	lastError error
}

func newDecoder(in *input, o Options) (*decoder, error) {
	params := in.video.CodecParameters()
	d := &decoder{
		cc: astiav.AllocCodecContext(in.codec), pic: astiav.AllocFrame(),
		keys: o.Mode == KeyFrames, skipsNone: params.CodecID() == astiav.CodecIDVp9,
	}
	if d.cc == nil || d.pic == nil {
		d.free()
		return nil, errors.New("out of memory for a decoder")
	}
	if err := params.ToCodecContext(d.cc); err != nil {
		d.free()
		return nil, fmt.Errorf("set up the %s decoder: %w", in.codec.Name(), failure(err))
	}
	d.cc.SetThreadCount(o.threads(params.Width() * params.Height()))
	options := astiav.NewDictionary()
	defer options.Free()
	settings := map[string]string{"max_pixels": fmt.Sprint(MaxPixels)}
	if o.Mode == KeyFrames {
		settings["skip_frame"] = "nokey"
	}
	for k, v := range settings {
		if err := options.Set(k, v, 0); err != nil {
			d.free()
			return nil, fmt.Errorf("set up the %s decoder: %w", in.codec.Name(), failure(err))
		}
	}
	if err := d.cc.Open(in.codec, options); err != nil {
		d.free()
		return nil, fmt.Errorf("set up the %s decoder: %w", in.codec.Name(), failure(err))
	}
	return d, nil
}

// delay is how many pictures are stored before one that is shown before them:
// 0 if they are stored in the order of showing.
func (d *decoder) delay() int {
	return int(C.gemba_reorder_delay(d.cc.UnsafePointer()))
}

// delay is the same for an input that nobody decodes.
func (in *input) delay() int {
	if in.codec == nil {
		return 0
	}
	d := decoder{cc: astiav.AllocCodecContext(in.codec)}
	if d.cc == nil {
		return 0
	}
	defer d.free()
	if in.video.CodecParameters().ToCodecContext(d.cc) != nil {
		return 0
	}
	return d.delay()
}

func (d *decoder) free() {
	if d.pic != nil {
		d.pic.Free()
		d.pic = nil
	}
	if d.cc != nil {
		d.cc.Free()
		d.cc = nil
	}
}

// next returns the next picture in the order of showing, valid until the call
// after.
func (d *decoder) next(ctx context.Context, pkts *packets) (*astiav.Frame, error) {
	d.pic.Unref()
	for {
		err := d.cc.ReceiveFrame(d.pic)
		switch {
		case err == nil:
			if d.facts.read(d.pic); d.facts.damaged() {
				d.fail(errDamagedPicture)
			}
			return d.pic, nil
		case errors.Is(err, astiav.ErrEof):
			return nil, io.EOF
		case !errors.Is(err, astiav.ErrEagain):
			// It belongs to a packet sent before: go on with the next.
			d.fail(failure(err))
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if d.draining {
				continue
			}
		}
		if err := pkts.next(ctx); err != nil {
			if !errors.Is(err, io.EOF) {
				return nil, err
			}
			if d.draining {
				return nil, io.EOF
			}
			d.draining = true
			if err := d.cc.SendPacket(nil); err != nil && !errors.Is(err, astiav.ErrEof) {
				return nil, io.EOF
			}
			continue
		}
		if d.keys {
			if d.skipsNone && !pkts.key() {
				continue
			}
			if pkts.pkt.Pts() == noStamp {
				// Key frames alone are shown in the order of storing. Without
				// a stamp of its own, a picture that the decoder holds back
				// would get that of a later packet.
				pkts.pkt.SetPts(pkts.pkt.Dts())
			}
		}
		if err := d.cc.SendPacket(pkts.pkt); err != nil {
			d.fail(failure(err))
		}
	}
}

// fail counts an error.
func (d *decoder) fail(err error) {
	d.errors++
	d.lastError = err
}
