package httpapi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/gembahq/gemba/index"
)

// videoTime is how long one answer with video may take to go out. A player that is
// paused for longer asks again for what it lacks.
const videoTime = 10 * time.Minute

// serveVideo answers with the footage of a clip. X-Video-Offset says where in the
// file the clip begins.
func (s *service) serveVideo(w http.ResponseWriter, r *http.Request, text string) {
	c, problem := s.clip(r.Context(), text)
	if problem != nil {
		problem.write(w, r)
		return
	}
	file, offset, problem := s.openVideo(r.Context(), c)
	if problem != nil {
		problem.write(w, r)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		s.internal(r.Context(), "reading the video", err).write(w, r)
		return
	}
	// Not every writer has deadlines (tests, proxies); then the server's own holds.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(videoTime))
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	h.Set("X-Video-Offset", strconv.FormatFloat(offset.Seconds(), 'f', 3, 64))
	h.Set("Cache-Control", "private, max-age=600")
	// Not the time of the file: it is made anew, and touched, at any time, and a player
	// whose If-Range no longer holds is sent the whole film at each jump.
	h.Set("ETag", fmt.Sprintf(`"%s-%x"`, c.ID, info.Size()))
	h.Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", fmt.Sprintf("%s_%s.mp4", fileSafe(c.Camera), c.Start.UTC().Format("20060102T150405Z"))))
	serveRanges(w, r, file)
}

func (s *service) openVideo(ctx context.Context, c index.Clip) (*os.File, time.Duration, *Problem) {
	leave := s.footage.enter(ctx)
	if leave == nil {
		return nil, 0, newProblem(http.StatusServiceUnavailable, "too many videos are being made at once").later(time.Second)
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, s.limits.FootageTime)
	defer cancel()
	path, offset, err := s.deps.Footage.Video(ctx, c)
	if err != nil {
		return nil, 0, s.clipProblem(ctx, err)
	}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, s.clipProblem(ctx, ErrFootageGone)
	}
	if err != nil {
		return nil, 0, s.internal(ctx, "reading the video", err)
	}
	return file, max(offset, 0), nil
}

// fileSafe keeps of a camera id what can stand in a file name anywhere.
func fileSafe(id string) string {
	out := []byte(id)
	for i, b := range out {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '_') {
			out[i] = '_'
		}
	}
	return string(out)
}
