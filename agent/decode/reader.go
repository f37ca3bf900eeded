package decode

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// Reader decodes one source. Next is for one goroutine; Info, Stats and Close
// may be called from any.
type Reader struct {
	o     Options
	info  Info
	ahead *ahead // nil: Next decodes

	closing atomic.Bool
	stop    func() // interrupts libav

	mu     sync.Mutex // held while libav works
	closed bool
	in     *input
	pkts   *packets
	dec    *decoder
	scale  scaler
	pick   picker
	skips  bool  // the demuxer leaves out all but key frames
	failed error // what ended decoding

	statsMu sync.Mutex
	stats   Stats
}

// Open opens a file or an address (rtsp, http, tcp, udp, rtp) for decoding.
// The error wraps one of the sentinels of this package, a system error, or the
// context's; the context bounds the opening only.
func Open(ctx context.Context, url string, o Options) (*Reader, error) {
	in, err := openInput(ctx, url, o.Transport)
	if err != nil {
		return nil, err
	}
	r, err := newReader(in, o)
	if err != nil {
		in.close()
		return nil, wrap("open", in.name, err)
	}
	return r, nil
}

func newReader(in *input, o Options) (*Reader, error) {
	if err := in.decodable(); err != nil {
		return nil, err
	}
	pkts, err := newPackets(in)
	if err != nil {
		return nil, err
	}
	pkts.only(false)
	dec, err := newDecoder(in, o)
	if err != nil {
		pkts.free()
		return nil, err
	}
	// The MP4 demuxer can leave out what lies between key frames, but then
	// mixes up when the pictures are shown if that is not the order of storing.
	skips := o.Mode == KeyFrames && in.container() == "mp4" && dec.delay() == 0
	pkts.only(skips)
	r := &Reader{
		o: o, info: in.info(), stop: in.stop.Interrupt, in: in, pkts: pkts, dec: dec, skips: skips,
		scale: newScaler(in, o.ShortSide, o.Pool),
		pick:  picker{fps: o.MaxFPS, offsets: offsets{ticks: in.ticks, step: in.frameStep()}},
	}
	if o.ReadAhead > 0 {
		r.ahead = startAhead(r, o.ReadAhead)
	}
	return r, nil
}

// Info describes the source.
func (r *Reader) Info() Info { return r.info }

// Stats returns what was met so far.
func (r *Reader) Stats() Stats {
	r.statsMu.Lock()
	defer r.statsMu.Unlock()
	return r.stats
}

// Next returns the next frame, which the caller releases, and io.EOF at the
// end. Damaged data is skipped and counted. Footage that vanishes while it is
// read gives the frames before and then ErrRead. When ctx ends, Next returns
// its cause within a second; reading from a camera or server cannot go on after
// that.
func (r *Reader) Next(ctx context.Context) (*frame.Frame, error) {
	if r.ahead != nil {
		return r.ahead.next(ctx)
	}
	return r.next(ctx)
}

func (r *Reader) next(ctx context.Context) (*frame.Frame, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	r.in.watch(ctx)
	// Asked only now: watch may have taken back Close's interruption.
	if r.closing.Load() {
		return nil, ErrClosed
	}
	f, err := r.decode(ctx)
	r.count()
	if r.closing.Load() {
		f.Release()
		return nil, ErrClosed
	}
	return f, err
}

// decode goes on until a frame is due.
func (r *Reader) decode(ctx context.Context) (*frame.Frame, error) {
	for r.failed == nil {
		pic, err := r.dec.next(ctx, r.pkts)
		if err != nil {
			if r.closing.Load() {
				return nil, ErrClosed
			}
			if ctx.Err() != nil {
				if !r.in.local {
					r.failed = context.Cause(ctx)
				}
				return nil, context.Cause(ctx)
			}
			r.end(err)
			break
		}
		r.pick.offsets.base = r.pkts.base
		at, ok := r.pick.take(r.dec.facts.stamp())
		if !ok {
			continue
		}
		f, err := r.scale.scale(pic, &r.dec.facts)
		if err != nil {
			r.dec.fail(err)
			continue
		}
		f.Offset, f.Key = at, r.dec.facts.key()
		r.pick.delivered++
		return f, nil
	}
	return nil, r.failed
}

// end notes how the footage ended.
func (r *Reader) end(err error) {
	r.failed = err
	if errors.Is(err, io.EOF) && r.pkts.failed {
		r.failed = wrap("read", r.in.name, fmt.Errorf("%w: %w", ErrRead, r.pkts.lastError))
	}
	if r.in.local && r.endsEarly() {
		r.pkts.truncated = true
	}
}

// endsEarly tells whether the footage ended well before its header said.
func (r *Reader) endsEarly() bool {
	p := r.pkts
	if r.info.Duration <= 0 || p.end == noStamp || !p.haveBase {
		return false
	}
	slack := max(time.Second/2, r.info.Duration/50)
	if r.skips {
		// Only key frames were seen: the footage may go on for as long as
		// between two of them.
		if p.keys < 2 {
			return false
		}
		slack = max(slack, 2*r.in.ticks.duration(p.keyGap))
	}
	return r.info.Duration-r.in.ticks.duration(subClamped(p.end, p.base)) > slack
}

// count publishes the counters.
func (r *Reader) count() {
	s := Stats{
		Packets:          r.pkts.count,
		Frames:           r.pick.delivered,
		Dropped:          r.pick.dropped,
		DecodeErrors:     r.pkts.errors + r.dec.errors,
		TimestampRepairs: r.pkts.repair.repairs + r.pick.offsets.repairs,
		Truncated:        r.failed != nil && r.pkts.truncated,
	}
	last := r.dec.lastError
	if last == nil {
		last = r.pkts.lastError
	}
	if last != nil {
		s.LastError = last.Error()
	}
	r.statsMu.Lock()
	r.stats = s
	r.statsMu.Unlock()
}

// Close frees everything, also while another goroutine waits in Next, which
// then returns ErrClosed. Frames already handed out stay valid.
func (r *Reader) Close() error {
	r.closing.Store(true)
	r.stop()
	if r.ahead != nil {
		r.ahead.close()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	r.scale.free()
	r.dec.free()
	r.pkts.free()
	r.in.close()
	return nil
}
