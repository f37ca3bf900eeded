package decode

import (
	"fmt"
	"slices"

	"github.com/asticode/go-astiav"
)

// hvc1 is the name under which all browsers that play H.265 find it.
const hvc1 = astiav.CodecTag('h' | 'v'<<8 | 'c'<<16 | '1'<<24)

// mp4Writer writes compressed packets into an MP4.
type mp4Writer struct {
	fc     *astiav.FormatContext
	pb     *astiav.IOContext
	in     *input
	out    map[int]*astiav.Stream // by the input's index
	ticks  map[int]astiav.Rational
	last   map[int]int64 // last decoding stamp, in the input's ticks
	frames int
}

// newMP4Writer begins a file with the video of the input and some of its other
// tracks. The caller ends it with finish or abort.
func newMP4Writer(path string, in *input, also []int) (*mp4Writer, error) {
	w := &mp4Writer{in: in, out: make(map[int]*astiav.Stream), ticks: make(map[int]astiav.Rational), last: make(map[int]int64)}
	if err := w.begin("file:"+path, also); err != nil {
		w.abort()
		return nil, fmt.Errorf("begin the MP4: %w", failure(err))
	}
	return w, nil
}

func (w *mp4Writer) begin(target string, also []int) (err error) {
	if w.fc, err = astiav.AllocOutputFormatContext(nil, "mp4", target); err != nil {
		return err
	}
	for _, s := range w.in.fc.Streams() {
		video := s.Index() == w.in.index
		if !video && !slices.Contains(also, s.Index()) {
			continue
		}
		o := w.fc.NewStream(nil)
		if o == nil {
			return astiav.ErrUnknown
		}
		if err := s.CodecParameters().Copy(o.CodecParameters()); err != nil {
			return err
		}
		tag := astiav.CodecTag(0)
		if video && s.CodecParameters().CodecID() == astiav.CodecIDHevc {
			tag = hvc1
		}
		o.CodecParameters().SetCodecTag(tag)
		o.SetTimeBase(s.TimeBase())
		if video {
			o.SetAvgFrameRate(s.AvgFrameRate())
			o.SetSampleAspectRatio(s.SampleAspectRatio())
		}
		w.out[s.Index()], w.ticks[s.Index()] = o, s.TimeBase()
	}
	flags := astiav.NewIOContextFlags(astiav.IOContextFlagWrite)
	if w.pb, err = astiav.OpenIOContext(target, flags, nil, nil); err != nil {
		return err
	}
	w.fc.SetPb(w.pb)
	options := astiav.NewDictionary()
	defer options.Free()
	if err := options.Set("movflags", "+faststart", 0); err != nil {
		return err
	}
	return w.fc.WriteHeader(options)
}

// video writes a packet of the video track, zero ticks earlier than stamped.
func (w *mp4Writer) video(pkt *astiav.Packet, zero int64) error {
	if err := w.write(pkt, zero); err != nil {
		return err
	}
	w.frames++
	return nil
}

// sound writes a packet of another track. shift is what was added to the
// stamps of the video, zero the stamp of its first picture.
func (w *mp4Writer) sound(pkt *astiav.Packet, shift, zero int64) error {
	i := pkt.StreamIndex()
	if w.out[i] == nil {
		return nil
	}
	from, to := ticksOf(w.ticks[w.in.index]), ticksOf(w.ticks[i])
	by := to.of(from.duration(subClamped(zero, shift)))
	if at := pkt.Pts(); at == noStamp || at < by {
		return nil
	}
	return w.write(pkt, by)
}

func (w *mp4Writer) write(pkt *astiav.Packet, zero int64) error {
	i := pkt.StreamIndex()
	pts, dts := shifted(pkt.Pts(), -zero), shifted(pkt.Dts(), -zero)
	if dts == noStamp {
		dts = pts
	}
	if last, ok := w.last[i]; ok && dts <= last {
		dts = last + 1
	}
	if pts == noStamp || pts < dts {
		pts = dts
	}
	w.last[i] = dts
	pkt.SetPts(pts)
	pkt.SetDts(dts)
	pkt.SetPos(-1)
	o := w.out[i]
	pkt.SetStreamIndex(o.Index())
	pkt.RescaleTs(w.ticks[i], o.TimeBase())
	if err := w.fc.WriteInterleavedFrame(pkt); err != nil {
		return fmt.Errorf("write the MP4: %w", failure(err))
	}
	return nil
}

// finish writes the index in front and closes the file.
func (w *mp4Writer) finish() error {
	err := w.fc.WriteTrailer()
	if closed := w.close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("finish the MP4: %w", failure(err))
	}
	return nil
}

// abort frees everything; what was written is of no use.
func (w *mp4Writer) abort() { _ = w.close() }

func (w *mp4Writer) close() error {
	var err error
	if w.pb != nil {
		err = w.pb.Close()
		if w.fc != nil {
			w.fc.SetPb(w.pb) // closed: now none
		}
		w.pb = nil
	}
	if w.fc != nil {
		w.fc.Free()
		w.fc = nil
	}
	return err
}

func ticksOf(r astiav.Rational) ticks { return ticks{int64(r.Num()), int64(max(r.Den(), 1))} }
