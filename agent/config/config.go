package config

import (
	"time"

	"github.com/gembahq/gemba/agent/camera"
)

// Config is everything an operator settles for one box.
type Config struct {
	Version  int
	Site     string // default "local"
	Node     string // default derived from the machine id
	DataDir  string // absolute; default /var/lib/gemba
	Timezone string // IANA name; "" is the machine's
	Location *time.Location

	HTTP         HTTP
	Model        Model
	Cameras      []Camera
	Retention    Retention
	Recorder     Recorder
	Headquarters *Headquarters // nil: this box reports to nobody
	Log          Log

	// File is the absolute path the configuration was read from.
	File string
	// Warnings are things that are allowed and yet likely to surprise.
	Warnings Problems
}

// HTTP says where the page and the API are served.
type HTTP struct {
	Listen string // host:port, loopback only; default 127.0.0.1:8470
}

// Model says what understands pictures and words, and on which processor.
type Model struct {
	Pack        string // "bundled" or the absolute path of a pack's folder
	Provider    string // auto, tensorrt, cuda or cpu
	ONNXRuntime string // absolute path of libonnxruntime.so; "" is the one shipped beside the binary
}

// Camera is one source of footage.
type Camera struct {
	ID       string
	Name     string // for people; default the id
	Source   camera.Source
	TimeFrom camera.TimeRule
	Mode     string // full or keyframes
	// Credentials of a stream; nil where there are none.
	Credentials *Credentials
}

// Credentials are what a stream asks for. They come from a file of their own.
type Credentials struct {
	Username, Password string
}

// Retention bounds the index: log, codes, text and thumbnails. Zero is no bound.
type Retention struct {
	MaxAge   Duration
	MaxBytes ByteSize
}

// Recorder bounds the footage kept of live cameras.
type Recorder struct {
	Enabled  bool
	MaxBytes ByteSize
}

// Headquarters says where digests go.
type Headquarters struct {
	Broker                    string
	CAFile, CertFile, KeyFile string // absolute
	DigestEvery               Duration
}

// Log says what is logged and how.
type Log struct {
	Level  string // debug, info, warn or error
	Format string // auto, text or json
}

// Default returns the configuration of an empty file.
func Default() *Config {
	return &Config{
		Version:  1,
		Site:     "local",
		DataDir:  "/var/lib/gemba",
		HTTP:     HTTP{Listen: "127.0.0.1:8470"},
		Model:    Model{Pack: "bundled", Provider: "auto"},
		Recorder: Recorder{Enabled: false},
		Log:      Log{Level: "info", Format: "auto"},
	}
}
