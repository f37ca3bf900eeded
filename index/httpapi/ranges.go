package httpapi

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// serveRanges answers with content or the part of it that is asked for. A unit other
// than bytes is passed over (RFC 9110, 14.2), and a part that is not there is refused
// in the form of every other error.
func serveRanges(w http.ResponseWriter, r *http.Request, content io.ReadSeeker) {
	if !strings.HasPrefix(r.Header.Get("Range"), "bytes=") {
		r.Header.Del("Range")
	}
	http.ServeContent(&rangeWriter{ResponseWriter: w, request: r}, r, "", time.Time{}, content)
}

// rangeWriter puts a problem in the place of the plain text that net/http sends with
// a 416.
type rangeWriter struct {
	http.ResponseWriter
	request *http.Request
	refused bool
}

func (w *rangeWriter) WriteHeader(status int) {
	if status != http.StatusRequestedRangeNotSatisfiable {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.refused = true
	newProblem(status, "the range %q is not in the file; Content-Range says how long it is", clip(w.request.Header.Get("Range"))).write(w.ResponseWriter, w.request)
}

func (w *rangeWriter) Write(b []byte) (int, error) {
	if w.refused {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom, so that files go out by sendfile.
func (w *rangeWriter) ReadFrom(src io.Reader) (int64, error) {
	return io.Copy(w.ResponseWriter, src)
}
