package decode

//#include "native.h"
import "C"

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
)

// maxAlloc bounds every single allocation of FFmpeg: twice the largest plane
// of the largest picture, and room for the index of a recording of days.
const maxAlloc = 512 << 20

var (
	logger atomic.Pointer[slog.Logger]
	setup  = sync.OnceFunc(func() { C.gemba_setup(maxAlloc) })
)

// SetLogger names where FFmpeg's own messages go, at debug level. They say
// little that Stats and errors do not, and damaged footage makes thousands of
// them: unless the logger takes debug messages they are only counted. Without
// a call the default logger of slog gets them.
func SetLogger(l *slog.Logger) {
	logger.Store(l)
	prepare()
}

// LibraryMessages returns how many error and warning messages FFmpeg gave
// since the process began.
func LibraryMessages() (errors, warnings int64) {
	return int64(C.gemba_log_errors()), int64(C.gemba_log_warnings())
}

// prepare sets the library up once, and asks anew whether debug messages are
// wanted.
func prepare() {
	setup()
	on := C.int(0)
	if currentLogger().Enabled(context.Background(), slog.LevelDebug) {
		on = 1
	}
	C.gemba_log_forward(on)
}

func currentLogger() *slog.Logger {
	if l := logger.Load(); l != nil {
		return l
	}
	return slog.Default()
}

//export gembaDecodeLog
func gembaDecodeLog(level C.int, line *C.char) {
	currentLogger().Debug("ffmpeg", "level", int(level), "message", strings.TrimSpace(C.GoString(line)))
}
