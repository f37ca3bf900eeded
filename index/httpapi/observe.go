package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

type requestIDKey struct{}
type requestPathKey struct{}

// requestID returns the id of the request that ctx belongs to, or "".
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// requestPath returns the path that was asked for, or "".
func requestPath(ctx context.Context) string {
	path, _ := ctx.Value(requestPathKey{}).(string)
	return path
}

func newRequestID() string {
	var raw [8]byte
	rand.Read(raw[:]) // never fails
	return hex.EncodeToString(raw[:])
}

// recorder notes what was answered. It passes ReadFrom on, so that files still go
// out by sendfile.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom.
func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return io.Copy(r.ResponseWriter, src)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observe gives each request an id, turns panics into a 500, and counts and logs
// what was answered. Questions are not logged: they can be personal.
func (s *service) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := newRequestID()
		ctx := context.WithValue(r.Context(), requestIDKey{}, id)
		r = r.WithContext(context.WithValue(ctx, requestPathKey{}, r.URL.Path))
		rec := &recorder{ResponseWriter: w}
		rec.Header().Set("X-Request-Id", id)
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			if what := recover(); what != nil {
				if what == http.ErrAbortHandler {
					panic(what)
				}
				s.logger.Error("request panicked", "request_id", id, "path", r.URL.Path, "panic", what, "stack", string(debug.Stack()))
				if rec.status != 0 {
					// Part of the answer is out: breaking the connection is the
					// only way to say that it is not whole.
					s.metrics.requests.WithLabelValues(routeOf(r), "500").Inc()
					panic(http.ErrAbortHandler)
				}
				newProblem(http.StatusInternalServerError, "the service has a fault; its log says more under request %s", id).write(rec, r)
			}
			if rec.status == 0 {
				rec.status = http.StatusOK
			}
			s.metrics.requests.WithLabelValues(routeOf(r), strconv.Itoa(rec.status)).Inc()
			level := slog.LevelDebug
			if rec.status >= 500 {
				level = slog.LevelWarn
			}
			s.logger.Log(r.Context(), level, "request", "request_id", id, "method", r.Method, "path", r.URL.Path, "status", rec.status,
				"remote", r.RemoteAddr, "seconds", time.Since(began).Seconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// routeOf names the route that answered, never the path: its values are unbounded.
func routeOf(r *http.Request) string {
	_, path, found := strings.Cut(r.Pattern, " ")
	if !found || path == "" {
		return "other"
	}
	return strings.TrimSuffix(path, "{$}")
}
