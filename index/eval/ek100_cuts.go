package eval

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// EK100Cut says where a row of the clip file lies in its video.
type EK100Cut struct {
	NarrationID string
	Video       string // name of the video file without its ending: P01_11
	Start, Stop time.Duration
}

// ReadEK100Cuts reads where the clips lie from the clip file in dir, in the order
// of its rows.
func ReadEK100Cuts(dir string) ([]EK100Cut, error) {
	return readFile(filepath.Join(dir, EK100ClipFile), readEK100Cuts)
}

func readEK100Cuts(r io.Reader, name string) ([]EK100Cut, error) {
	t, err := openTable(r, name, "narration_id", "video_id", "start_timestamp", "stop_timestamp")
	if err != nil {
		return nil, err
	}
	var cuts []EK100Cut
	for t.next() {
		c := EK100Cut{NarrationID: t.field("narration_id"), Video: t.field("video_id")}
		if c.Video == "" || strings.ContainsAny(c.Video, `/\`) {
			t.problem("video_id: %s is no name of a video", quoteShort(c.Video))
		}
		if c.Start, err = parseTimestamp(t.field("start_timestamp")); err != nil {
			t.problem("start_timestamp: %v", err)
		}
		if c.Stop, err = parseTimestamp(t.field("stop_timestamp")); err != nil {
			t.problem("stop_timestamp: %v", err)
		} else if c.Stop <= c.Start {
			t.problem("stop_timestamp is not after start_timestamp")
		}
		cuts = append(cuts, c)
	}
	return cuts, t.close()
}

// parseTimestamp reads hours:minutes:seconds with a fraction: 00:01:02.45.
func parseTimestamp(s string) (time.Duration, error) {
	bad := fmt.Errorf("%s is no time like 00:01:02.45", quoteShort(s))
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return 0, bad
	}
	hours, err := strconv.ParseUint(parts[0], 10, 8)
	if err != nil {
		return 0, bad
	}
	minutes, err := strconv.ParseUint(parts[1], 10, 8)
	if err != nil || minutes > 59 {
		return 0, bad
	}
	seconds, err := strconv.ParseFloat(parts[2], 64)
	if err != nil || !(seconds >= 0 && seconds < 60) || strings.ContainsAny(parts[2], "eExXpP+-_") {
		return 0, bad
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds*float64(time.Second)+0.5), nil
}
