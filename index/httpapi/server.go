package httpapi

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer returns a server with time-outs that keep slow or stuck clients from
// holding it. Video has a deadline of its own. Headers may be large enough that a
// question which is far too long is refused with a reason.
func NewServer(handler http.Handler, logger *slog.Logger) *http.Server {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    256 << 10,
	}
	if logger != nil {
		s.ErrorLog = slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
	}
	return s
}
