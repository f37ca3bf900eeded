package decode

import "time"

// Info describes a source.
type Info struct {
	// Codec is FFmpeg's name of the video codec: h264, hevc, mpeg4, mjpeg …
	Codec string
	// Width and Height are those of the picture as shown: pixels made square
	// and turned upright, not yet scaled down.
	Width, Height int
	// Rotation is by how much the stored picture is turned clockwise to be
	// upright: 0, 90, 180 or 270.
	Rotation int
	// FrameRate is in frames per second of media time; 0 if unknown.
	FrameRate float64
	// Duration is what the container says; 0 if it does not (live sources).
	Duration time.Duration
	// Container is mp4, matroska, avi, mpegts, rtsp and so on.
	Container string
	// CreationTime is when the recording began according to the container, in
	// UTC. Zero if absent or implausible (before 2000: a recorder whose clock
	// was never set).
	CreationTime time.Time
	// HasAudio and AudioCodec tell of the first sound track.
	HasAudio   bool
	AudioCodec string
}

// Stats counts what a Reader met. Counters only grow.
type Stats struct {
	Packets          int64 // read of the video track
	Frames           int64 // delivered
	Dropped          int64 // decoded, but beyond MaxFPS
	DecodeErrors     int64 // packets or frames that could not be read or decoded
	TimestampRepairs int64 // stamps missing, repeated or out of line
	// Truncated tells that the footage ends before its header says, or in the
	// middle of a packet.
	Truncated bool
	// LastError is the newest of the counted errors, "" if there was none.
	LastError string
}
