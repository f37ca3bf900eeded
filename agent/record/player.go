package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"time"

	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

var (
	// ErrFootageGone: the footage of a clip is deleted, moved out of sight, or
	// on a volume that is not mounted.
	ErrFootageGone = errors.New("the footage of this clip is no longer there")
	// ErrNotPlayable: no browser plays the codec of the footage.
	ErrNotPlayable = errors.New("browsers do not play the codec of this footage")
	// ErrNoFrame: the clip has no frame of that number.
	ErrNoFrame = errors.New("the clip has no such frame")
)

// Locator knows where content lies by its fingerprint; *ledger.Ledger is one.
type Locator interface {
	// Locate returns the path of a file with that content, or an error that
	// wraps ledger.ErrNotFound.
	Locate(ctx context.Context, key string) (string, error)
}

// Options of a Player.
type Options struct {
	// Dir is the folder of the cache; it is made if it is not there.
	Dir string
	// MaxBytes bounds the cache. Default 1 GiB.
	MaxBytes int64
	// Ledger finds footage that was renamed. nil: only the recorded path is tried.
	Ledger Locator

	remux   func(ctx context.Context, src string, from, to time.Duration, dst string) (time.Duration, error)
	frameAt func(ctx context.Context, url string, at time.Duration, shortSide int) (*frame.Frame, error)
}

// pictureSide is the shorter side of pictures, in pixels: enough to judge by,
// small enough to send.
const pictureSide = 540

// jpegQuality is that of thumbnails, a little up: a picture is looked at in full size.
const jpegQuality = 85

// Player gives the footage of clips. It is safe for concurrent use.
type Player struct {
	o     Options
	cache *cache
}

// NewPlayer opens the cache.
func NewPlayer(o Options) (*Player, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 1 << 30
	}
	if o.remux == nil {
		o.remux = decode.Remux
	}
	if o.frameAt == nil {
		o.frameAt = decode.FrameAt
	}
	c, err := openCache(o.Dir, o.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("open the video cache: %w", err)
	}
	return &Player{o: o, cache: c}, nil
}

// Video returns the path of an MP4 that a browser plays, and how far into it
// the clip begins: footage can be cut only at key frames. The file is in the
// cache and stays at least a minute. Several callers who want the same clip
// wait for one cut. Errors wrap ErrFootageGone or ErrNotPlayable where that is
// the reason.
func (p *Player) Video(ctx context.Context, c index.Clip) (string, time.Duration, error) {
	return p.cache.get(ctx, c.ID.String(), func(ctx context.Context, dst string) (time.Duration, error) {
		src, err := p.locate(ctx, c)
		if err != nil {
			return 0, err
		}
		offset, err := p.o.remux(ctx, src, c.Source.Offset, c.Source.Offset+c.Duration, dst)
		return offset, translate(err)
	})
}

// Frame returns picture n of the clip, as indexed by FrameOffsets, as a JPEG.
// Errors wrap ErrNoFrame or ErrFootageGone where that is the reason.
func (p *Player) Frame(ctx context.Context, c index.Clip, n int) ([]byte, error) {
	if n < 0 || n >= len(c.FrameOffsets) {
		return nil, fmt.Errorf("%w: it has %d, from 0", ErrNoFrame, len(c.FrameOffsets))
	}
	src, err := p.locate(ctx, c)
	if err != nil {
		return nil, err
	}
	f, err := p.o.frameAt(ctx, src, c.Source.Offset+c.FrameOffsets[n], pictureSide)
	if err != nil {
		return nil, translate(err)
	}
	defer f.Release()
	if !f.Valid() {
		return nil, fmt.Errorf("picture %d of the clip: the decoder gave no pixels", n)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, rgba(f), &jpeg.Options{Quality: jpegQuality}); err != nil {
		return nil, fmt.Errorf("picture %d of the clip: %w", n, err)
	}
	return out.Bytes(), nil
}

// Locate finds the file with the clip's footage now.
func (p *Player) locate(ctx context.Context, c index.Clip) (string, error) {
	if c.Source.Path == "" {
		return "", fmt.Errorf("%w: it was never kept", ErrFootageGone)
	}
	if p.o.Ledger == nil || c.Source.Key == "" {
		return c.Source.Path, nil
	}
	// The ledger also notices that other footage lies at the path by now.
	path, err := p.o.Ledger.Locate(ctx, c.Source.Key)
	if errors.Is(err, ledger.ErrNotFound) {
		return "", fmt.Errorf("%w: %s is deleted, changed or moved, or its volume is not mounted", ErrFootageGone, c.Source.Path)
	}
	return path, err
}

// translate turns the decoder's errors into this package's.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, decode.ErrNotPlayable):
		return fmt.Errorf("%w: %w", ErrNotPlayable, err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", ErrFootageGone, err)
	}
	return err
}

// rgba copies a frame into the form the JPEG encoder has a fast path for.
func rgba(f *frame.Frame) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for i, j := 0, 0; i+2 < len(f.Pix); i, j = i+3, j+4 {
		out.Pix[j], out.Pix[j+1], out.Pix[j+2], out.Pix[j+3] = f.Pix[i], f.Pix[i+1], f.Pix[i+2], 255
	}
	return out
}
