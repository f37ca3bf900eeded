package decode

import (
	"context"
	"errors"
	"io"
	"time"
)

const (
	// probeSpan is the media time that Probe looks at in a file, probeLive
	// that of a live source, where it takes as long.
	probeSpan = time.Minute
	probeLive = 12 * time.Second
	// probePackets bounds it in case the stamps do not grow.
	probePackets = 20_000
)

// KeyframeInfo tells how often a source has key frames, as far as Probe looked.
type KeyframeInfo struct {
	// Count is the number of key frames among Packets packets in Span of media
	// time.
	Count, Packets int
	Span           time.Duration
	// Mean is the mean distance of two key frames; 0 if fewer than two were
	// seen. Max is the longest distance, the time since the last one included:
	// with a single key frame, Max is at least what was looked at.
	Mean, Max time.Duration
}

// Probe opens a source and describes it, without decoding. The error is as
// that of Open; if only the codec is in the way (ErrUnsupportedCodec), Info
// still describes the source.
func Probe(ctx context.Context, url string) (Info, KeyframeInfo, error) {
	in, err := openInput(ctx, url, "")
	if err != nil {
		return Info{}, KeyframeInfo{}, err
	}
	defer in.close()
	info := in.info()
	if err := in.decodable(); err != nil {
		return info, KeyframeInfo{}, wrap("open", in.name, err)
	}
	keys, err := in.probeKeys(ctx)
	if err != nil {
		return info, keys, wrap("read", in.name, err)
	}
	return info, keys, nil
}

func (in *input) probeKeys(ctx context.Context) (KeyframeInfo, error) {
	pkts, err := newPackets(in)
	if err != nil {
		return KeyframeInfo{}, err
	}
	defer pkts.free()
	pkts.only(false)
	limit := probeSpan
	if !in.local {
		limit = probeLive
	}
	var span time.Duration
	for n := 0; n < probePackets && span < limit; n++ {
		err := pkts.next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return KeyframeInfo{}, err
		}
		if pkts.end != noStamp {
			span = in.ticks.duration(subClamped(pkts.end, pkts.base))
		}
	}
	if pkts.count == 0 || pkts.gate {
		return KeyframeInfo{}, ErrNoFrame
	}
	k := KeyframeInfo{Count: int(pkts.keys), Packets: int(pkts.count), Span: span}
	if pkts.keys > 1 {
		k.Mean = in.ticks.duration(pkts.keySum / (pkts.keys - 1))
	}
	k.Max = in.ticks.duration(pkts.keyGap)
	if pkts.keys > 0 {
		k.Max = max(k.Max, span-in.ticks.duration(subClamped(pkts.lastKey, pkts.base)))
	}
	return k, nil
}
