package decode

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/asticode/go-astiav"
)

const (
	// maxReadErrors in a row end the footage: an index may name a million
	// packets that are no longer there.
	maxReadErrors = 64
	// maxKeyless packets before the first key frame are left out; then the
	// track is taken as it is.
	maxKeyless = 300
)

var errDamagedPacket = errors.New("a packet is damaged or incomplete")

// packets reads the video track of an input: repaired stamps, beginning with a
// key frame.
type packets struct {
	in     *input
	pkt    *astiav.Packet
	repair *stampRepair

	raw  int64 // next stamp of a stream without any
	step int64 // usual distance of two frames

	base     int64 // stamp of the first key frame, media time 0
	haveBase bool
	gate     bool // waiting for a key frame
	again    bool // pkt is to be returned once more
	keyless  int

	count     int64 // of the video track
	errors    int64
	lastError error
	truncated bool
	failed    bool  // reading ended with an error, not at the end
	end       int64 // stamp after the last packet, as far as known

	lastKey int64 // stamp of the last key packet
	keyGap  int64 // the longest distance of two, in ticks
	keys    int64
	keySum  int64
}

func newPackets(in *input) (*packets, error) {
	pkt := astiav.AllocPacket()
	if pkt == nil {
		return nil, errors.New("out of memory for a packet")
	}
	pause := maxStreamPause
	if in.indexed() {
		pause = maxPause
	}
	return &packets{in: in, pkt: pkt, repair: newStampRepair(in.ticks, pause), gate: true, end: noStamp, step: max(in.ticks.of(in.frameStep()), 1)}, nil
}

func (p *packets) free() {
	if p.pkt != nil {
		p.pkt.Free()
		p.pkt = nil
	}
}

// only lets the demuxer leave other tracks out (but those in also), and with
// keys also all packets but those of key frames, where it can.
func (p *packets) only(keys bool, also ...int) {
	for _, s := range p.in.fc.Streams() {
		if s.Index() != p.in.index && !slices.Contains(also, s.Index()) {
			s.SetDiscard(astiav.DiscardAll)
		}
	}
	if keys {
		p.in.video.SetDiscard(astiav.DiscardNonKey)
	}
}

// next reads the next packet of the video track into p.pkt, which is valid
// until the call after. io.EOF ends; damaged places are counted and skipped.
func (p *packets) next(ctx context.Context) error {
	if p.again {
		p.again = false
		return nil
	}
	for {
		if err := p.read(ctx); err != nil {
			return err
		}
		if p.pkt.StreamIndex() == p.in.index && p.admit() {
			return nil
		}
	}
}

// read reads one packet of any track.
func (p *packets) read(ctx context.Context) error {
	for failures := 0; ; {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		p.pkt.Unref()
		err := p.in.fc.ReadFrame(p.pkt)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.Is(err, astiav.ErrEof) {
			return io.EOF
		}
		p.errors++
		p.lastError = failure(err)
		if failures++; failures < maxReadErrors && (errors.Is(err, astiav.ErrInvaliddata) || errors.Is(err, astiav.ErrEagain)) {
			continue
		}
		p.truncated = true
		if !errors.Is(err, astiav.ErrInvaliddata) && !errors.Is(err, astiav.ErrEagain) {
			p.failed = true
		}
		return io.EOF
	}
}

// admit repairs the packet's stamps and tells whether it counts: nothing
// before the first key frame can be decoded.
func (p *packets) admit() bool {
	p.count++
	flags := p.pkt.Flags()
	if p.truncated = flags.Has(astiav.PacketFlagCorrupt); p.truncated {
		p.errors++
		p.lastError = errDamagedPacket
	}
	key := flags.Has(astiav.PacketFlagKey)
	if p.gate {
		if !key {
			if p.keyless++; p.keyless <= maxKeyless {
				return false
			}
		}
		p.gate = false
	}
	pts, dts := p.pkt.Pts(), p.pkt.Dts()
	if p.in.raw() {
		// One frame after the other.
		pts, dts = noStamp, p.raw
		p.raw += p.step
	}
	pts, dts = p.repair.fix(pts, dts)
	if pts != noStamp && dts != noStamp {
		if d := subClamped(pts, dts); d < -p.repair.back || d > p.in.ticks.of(maxReorder) {
			pts = noStamp
			p.repair.repairs++
		}
	}
	p.pkt.SetPts(pts)
	p.pkt.SetDts(dts)

	at := p.stamp()
	if at == noStamp {
		p.haveBase = true // at 0
		return true
	}
	if !p.haveBase {
		p.haveBase, p.base = true, at
		if start := p.in.video.StartTime(); flags.Has(astiav.PacketFlagDiscard) && start != noStamp {
			// An edit list hides the first pictures.
			p.base = max(at, start)
		}
	}
	p.end = max(p.end, addClamped(at, max(p.pkt.Duration(), 0)))
	if key {
		if p.keys > 0 {
			gap := max(subClamped(at, p.lastKey), 0)
			p.keyGap = max(p.keyGap, gap)
			p.keySum = addClamped(p.keySum, gap)
		}
		p.keys++
		p.lastKey = at
	}
	return true
}

// unread makes next return the current packet once more.
func (p *packets) unread() { p.again = true }

// stamp is when the current packet is shown, or if that is not known decoded.
func (p *packets) stamp() int64 {
	if pts := p.pkt.Pts(); pts != noStamp {
		return pts
	}
	return p.pkt.Dts()
}

func (p *packets) key() bool { return p.pkt.Flags().Has(astiav.PacketFlagKey) }

// seek goes to a place before the stamp, in a container whose stamps do not
// jump. The next packet is that of a key frame. An error leaves the position
// undefined.
func (p *packets) seek(stamp int64) error {
	if err := p.in.fc.SeekFrame(p.in.index, stamp, astiav.NewSeekFlags(astiav.SeekFlagBackward)); err != nil {
		return failure(err)
	}
	p.gate, p.keyless, p.again = true, 0, false
	p.repair.have, p.repair.doubt = false, false
	return nil
}
