package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/asticode/go-astiav"
)

// demuxers that a local file may be opened with. Not among them: playlists,
// session descriptions and image sequences, which name other files.
const fileDemuxers = "mov,matroska,webm,avi,flv,mpegts,mpeg,h264,hevc,m4v,mjpeg,mpegvideo,ivf"

// networkProtocols that an address may lead to.
const networkProtocols = "rtsp,rtp,udp,tcp,http"

// networkTimeout is the longest silence of a camera or server.
var networkTimeout = 5 * time.Second // replaced in tests

// input is an opened container with the video track chosen.
type input struct {
	name  string // for messages, without credentials
	local bool
	fc    *astiav.FormatContext
	video *astiav.Stream
	index int           // of the video track
	codec *astiav.Codec // nil: none in this build
	ticks ticks

	// The interrupter's flag is read by libav: it must live until the context
	// is closed.
	stop        *astiav.IOInterrupter
	watched     <-chan struct{} // Done of the context that watch follows
	unwatch     func() bool
	interrupted chan struct{} // closed when the end of that context has interrupted
}

// openInput opens a file or an address and finds its video track. The caller
// closes it.
func openInput(ctx context.Context, address, transport string) (*input, error) {
	prepare()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	target, local, err := resolve(address)
	in := &input{name: redact(address), local: local}
	if err != nil {
		return nil, wrap("open", in.name, err)
	}
	if local {
		if err := checkFile(target); err != nil {
			return nil, wrap("open", in.name, err)
		}
	}
	if err := in.open(ctx, target, transport); err != nil {
		in.close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, wrap("open", in.name, err)
	}
	return in, nil
}

func (in *input) open(ctx context.Context, target, transport string) error {
	in.stop = astiav.NewIOInterrupter()
	in.watch(ctx)
	if in.fc = astiav.AllocFormatContext(); in.fc == nil {
		return syscall.ENOMEM
	}
	in.fc.SetIOInterrupter(in.stop)

	options := astiav.NewDictionary()
	defer options.Free()
	for k, v := range openOptions(target, transport, in.local) {
		if err := options.Set(k, v, 0); err != nil {
			return fmt.Errorf("set option %s: %w", k, failure(err))
		}
	}
	if in.local {
		target = "file:" + target
	}
	if err := in.fc.OpenInput(target, nil, options); err != nil {
		return in.openFailure(target, failure(err))
	}
	if in.container() == "mpeg" {
		// MPEG-PS stamps one picture of several: have the others' made.
		in.fc.SetFlags(in.fc.Flags().Add(astiav.FormatContextFlagGenPts))
	}
	if err := in.fc.FindStreamInfo(nil); err != nil {
		return in.openFailure(target, failure(err))
	}
	return in.chooseVideo()
}

func openOptions(target, transport string, local bool) map[string]string {
	if local {
		return map[string]string{"protocol_whitelist": "file", "format_whitelist": fileDemuxers}
	}
	us := fmt.Sprint(networkTimeout.Microseconds())
	if strings.HasPrefix(target, "rtsp:") {
		if transport == "" {
			transport = "tcp"
		}
		return map[string]string{"protocol_whitelist": networkProtocols, "format_whitelist": "rtsp", "rtsp_transport": transport, "timeout": us}
	}
	return map[string]string{"protocol_whitelist": networkProtocols, "format_whitelist": fileDemuxers, "rw_timeout": us, "timeout": us}
}

// openFailure finds the sentinel for an open that failed.
func (in *input) openFailure(target string, err error) error {
	if !in.local {
		switch {
		case errors.Is(err, astiav.ErrHttpUnauthorized), errors.Is(err, astiav.ErrHttpForbidden):
			return fmt.Errorf("%w (%w)", ErrUnauthorized, err)
		default:
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EIO) || errors.Is(err, syscall.ENOMEM) {
		return err
	}
	if unfinishedMP4(strings.TrimPrefix(target, "file:")) {
		return ErrUnfinished
	}
	return ErrNotMedia
}

// chooseVideo takes the largest decodable picture track, cover art left aside.
func (in *input) chooseVideo() error {
	best := -1
	for _, s := range in.fc.Streams() {
		p := s.CodecParameters()
		if p == nil || p.MediaType() != astiav.MediaTypeVideo || s.DispositionFlags().Has(astiav.DispositionFlagAttachedPic) {
			continue
		}
		codec := astiav.FindDecoder(p.CodecID())
		if codec == nil && in.video != nil && in.codec != nil {
			continue
		}
		if size := p.Width() * p.Height(); size > best || codec != nil && in.codec == nil {
			best, in.video, in.codec = size, s, codec
		}
	}
	if in.video == nil {
		if in.fc.NbStreams() == 0 {
			return ErrNotMedia
		}
		return ErrNoVideo
	}
	in.index = in.video.Index()
	p := in.video.CodecParameters()
	if in.codec != nil && (p.Width() <= 0 || p.Height() <= 0) {
		// Chance has made the bytes look like a container.
		return ErrNotMedia
	}
	if err := checkSize(p.Width(), p.Height()); err != nil {
		return err
	}
	tb := in.video.TimeBase()
	if tb.Num() <= 0 || tb.Den() <= 0 {
		return ErrNotMedia
	}
	in.ticks = ticks{int64(tb.Num()), int64(tb.Den())}
	return nil
}

// decodable returns ErrUnsupportedCodec with the codec's name if there is no
// decoder for the track.
func (in *input) decodable() error {
	if in.codec == nil {
		return fmt.Errorf("%w: it is %s", ErrUnsupportedCodec, in.video.CodecParameters().CodecID().Name())
	}
	return nil
}

// watch makes the end of ctx interrupt whatever libav is doing. Following the
// same context again costs nothing.
func (in *input) watch(ctx context.Context) {
	done := ctx.Done()
	if in.unwatch != nil && done == in.watched {
		return
	}
	if in.unwatch != nil && !in.unwatch() {
		// The context before ended between two calls.
		<-in.interrupted
		in.stop.Resume()
	}
	stop, interrupted := in.stop, make(chan struct{})
	in.watched, in.interrupted = done, interrupted
	in.unwatch = context.AfterFunc(ctx, func() {
		defer close(interrupted)
		stop.Interrupt()
	})
}

// close frees everything. It may be called on a half-opened input, and twice.
func (in *input) close() {
	if in.unwatch != nil {
		in.unwatch()
		in.unwatch = nil
	}
	if in.fc != nil {
		in.fc.CloseInput()
		in.fc = nil
	}
	if in.stop != nil {
		in.stop.Free()
		in.stop = nil
	}
	in.video, in.codec = nil, nil
}

// container is the short name of the container.
func (in *input) container() string {
	f := in.fc.InputFormat()
	if f == nil {
		return ""
	}
	name, _, _ := strings.Cut(f.Name(), ",")
	if name == "mov" {
		return "mp4"
	}
	return name
}

// raw tells containers that are none: the bare stream of a codec, without any
// stamps.
func (in *input) raw() bool {
	switch in.container() {
	case "h264", "hevc", "m4v", "mjpeg", "mpegvideo":
		return true
	}
	return false
}

// indexed tells containers whose stamps come from an index or a counter and so
// cannot jump, and in which any place can be found.
func (in *input) indexed() bool {
	switch in.container() {
	case "mp4", "matroska", "avi":
		return true
	}
	return false
}

func checkSize(w, h int) error {
	if int64(w)*int64(h) > MaxPixels {
		return fmt.Errorf("%w: %d x %d, at most %d megapixels are decoded", ErrTooLarge, w, h, MaxPixels/1_000_000)
	}
	return nil
}

// resolve tells a local path from a network address.
func resolve(address string) (target string, local bool, err error) {
	if path, ok := strings.CutPrefix(address, "file://"); ok {
		return path, true, nil
	}
	scheme, _, ok := strings.Cut(address, "://")
	if !ok || scheme == "" || strings.ContainsAny(scheme, "/. ") {
		return address, true, nil
	}
	switch scheme {
	case "rtsp", "rtp", "udp", "tcp", "http":
		return address, false, nil
	}
	return address, false, fmt.Errorf("%w: %s", ErrAddress, scheme)
}

// redact removes the password from an address.
func redact(address string) string {
	if _, local, _ := resolve(address); local {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return scheme + "://…"
	}
	return u.Redacted()
}

// checkFile refuses what must not be opened at all: opening a pipe would hang.
func checkFile(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return err
	}
	switch {
	case st.IsDir():
		return fmt.Errorf("%w: it is a folder", ErrNotMedia)
	case !st.Mode().IsRegular():
		return fmt.Errorf("%w: it is no regular file", ErrNotMedia)
	case st.Size() == 0:
		return ErrEmpty
	}
	f, err := os.Open(path)
	if err != nil {
		return errors.Unwrap(err)
	}
	return f.Close()
}

// unfinishedMP4 tells a file that begins as an MP4 does and has no index at
// its top level.
func unfinishedMP4(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [16]byte
	var at int64
	for range 64 {
		if _, err := f.ReadAt(head[:], at); err != nil && !errors.Is(err, io.EOF) {
			return false
		}
		size := int64(head[0])<<24 | int64(head[1])<<16 | int64(head[2])<<8 | int64(head[3])
		kind := head[4:8]
		if at == 0 && !bytes.Equal(kind, []byte("ftyp")) && !bytes.Equal(kind, []byte("mdat")) && !bytes.Equal(kind, []byte("wide")) {
			return false
		}
		switch string(kind) {
		case "moov", "moof":
			return false
		}
		if size == 1 {
			size = 0
			for _, b := range head[8:16] {
				size = size<<8 | int64(b)
			}
		}
		if size < 8 {
			return true // runs to the end of the file, or into nothing
		}
		next := at + size
		if next <= at {
			return false
		}
		clear(head[:])
		at = next
	}
	return false
}
