package decode

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/asticode/go-astiav"
)

// What can be wrong with footage or a camera. They come wrapped with the name
// of the source; errors.Is finds them. Missing files, files without permission
// and full disks come as fs.ErrNotExist, fs.ErrPermission and syscall.ENOSPC.
var (
	// ErrEmpty: the file has no bytes. A recorder may have been stopped before
	// it wrote any.
	ErrEmpty = errors.New("the file is empty")
	// ErrNotMedia: the bytes are no recording in a container that gemba reads
	// (MP4, MOV, MKV, WebM, AVI, MPEG-TS, MPEG-PS, FLV, raw H.264, H.265,
	// MPEG-4 and MJPEG), whatever the file is called.
	ErrNotMedia = errors.New("this is no video file that can be read (MP4, MKV, AVI, TS and the like are)")
	// ErrUnfinished: an MP4 without its index, as a recorder leaves it that
	// lost power. Repair tools may rebuild it from an intact file of the same
	// recorder.
	ErrUnfinished = errors.New("the MP4 was never finished: its index (moov) is missing, as after a power cut")
	// ErrNoVideo: there is media, but no picture track.
	ErrNoVideo = errors.New("there is no video in it, only other tracks")
	// ErrUnsupportedCodec: the video is compressed in a way that this build
	// cannot decode.
	ErrUnsupportedCodec = errors.New("the video codec is not supported (H.264, H.265, MPEG-4, MPEG-2, MJPEG, VP8 and VP9 are)")
	// ErrTooLarge: a picture has more than MaxPixels.
	ErrTooLarge = errors.New("the picture is too large")
	// ErrRead: the footage was there but can no longer be read.
	ErrRead = errors.New("the footage can no longer be read")
	// ErrAddress: the scheme of the address is none that is supported.
	ErrAddress = errors.New("addresses of this kind are not supported (rtsp, http, tcp, udp and rtp are)")
	// ErrUnreachable: a camera or server does not answer, or refuses.
	ErrUnreachable = errors.New("the camera does not answer")
	// ErrUnauthorized: a camera or server wants other credentials.
	ErrUnauthorized = errors.New("the camera refuses the user name or password")
	// ErrNotPlayable: no browser plays this codec in an MP4, and gemba does
	// not re-encode.
	ErrNotPlayable = errors.New("browsers do not play this video codec (they play H.264, H.265, VP9 and AV1)")
	// ErrNoFrame: nothing could be decoded.
	ErrNoFrame = errors.New("no picture could be decoded")
	// ErrClosed: the Reader was closed.
	ErrClosed = errors.New("the reader is closed")
)

// MaxPixels is the largest picture that is decoded: 8192 x 4608, so 8K footage
// (7680 x 4320, 4096 x 4096 too) is taken and anything above refused with
// ErrTooLarge. A decoder holds up to some twenty such pictures.
const MaxPixels = 8192 * 4608

// failure makes of a libav error one that errors.Is can tell: error numbers of
// the system become syscall.Errno.
func failure(err error) error {
	var e astiav.Error
	if errors.As(err, &e) && e < 0 && e > -200 {
		return syscall.Errno(-e)
	}
	return err
}

// wrap names the source and what was being done.
func wrap(doing, name string, err error) error {
	return fmt.Errorf("%s %s: %w", doing, name, err)
}
