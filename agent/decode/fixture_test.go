package decode

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

const sampleDir = "../../testdata/footage"

func sample(name string) string { return filepath.Join(sampleDir, name) }

// ffmpeg runs the ffmpeg command line, which makes the fixtures; the test is
// skipped where there is none, or where it lacks the encoder asked for.
func ffmpeg(t testing.TB, args ...string) {
	t.Helper()
	tool, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg command line to make the fixture with (package ffmpeg)")
	}
	var out bytes.Buffer
	cmd := exec.Command(tool, append([]string{"-v", "error", "-nostdin", "-y"}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if strings.Contains(out.String(), "Unknown encoder") {
			t.Skipf("this ffmpeg cannot make the fixture: %s", strings.TrimSpace(out.String()))
		}
		t.Fatalf("ffmpeg %s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
}

// ffprobe returns the values of entries, separated by commas, one line each.
func ffprobe(t testing.TB, path string, args ...string) []string {
	t.Helper()
	tool, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skip("no ffprobe to check the result with (package ffmpeg)")
	}
	cmd := exec.Command(tool, append(append([]string{"-v", "error", "-of", "csv=p=0"}, args...), path)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	// Where memory may not be locked, as in containers, one of its libraries says so.
	complaints := strings.TrimSpace(strings.ReplaceAll(said.String(), "Warning: using insecure memory!", ""))
	if err != nil || complaints != "" {
		t.Fatalf("ffprobe %s: %v\n%s", path, err, complaints)
	}
	return strings.Fields(strings.TrimSpace(string(out)))
}

// counting is a source whose frame n has the luma 16 + 4*(n mod 50): a decoded
// frame tells which one it is.
func counting(size string, fps int, frames int) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("nullsrc=s=%s:r=%d,trim=end_frame=%d,geq=lum='16+4*mod(N,50)':cb=128:cr=128", size, fps, frames)}
}

// number is the n (mod 50) of a frame of a counting source.
func number(f *frame.Frame) int {
	sum := 0
	for _, v := range f.Pix {
		sum += int(v)
	}
	// Limited range to full range and back to the luma.
	luma := 16 + float64(sum)/float64(len(f.Pix))*219/255
	return int((luma-16)/4 + 0.5)
}

// make50 makes a counting file of 50 frames, 25 a second, a key frame every 10.
func make50(t testing.TB, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	all := append(counting("128x96", 25, 50), "-pix_fmt", "yuv420p")
	all = append(all, args...)
	ffmpeg(t, append(all, path)...)
	return path
}

var x264 = []string{"-c:v", "libx264", "-preset", "ultrafast", "-g", "10", "-keyint_min", "10", "-sc_threshold", "0"}

// x264b has B-frames: decoding order is not showing order.
var x264b = []string{"-c:v", "libx264", "-preset", "fast", "-bf", "2", "-g", "10", "-keyint_min", "10", "-sc_threshold", "0"}

type shot struct {
	n   int
	at  time.Duration
	key bool
}

// drain reads a source to its end.
func drain(t testing.TB, path string, o Options) ([]shot, Stats) {
	t.Helper()
	r, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var out []shot
	for {
		f, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return out, r.Stats()
		}
		if err != nil {
			t.Fatal(err)
		}
		if !f.Valid() {
			t.Fatalf("frame %d is not valid: %d x %d, %d bytes", len(out), f.Width, f.Height, len(f.Pix))
		}
		if len(out) > 0 && f.Offset <= out[len(out)-1].at {
			t.Fatalf("frame %d at %v, the one before at %v", len(out), f.Offset, out[len(out)-1].at)
		}
		out = append(out, shot{number(f), f.Offset, f.Key})
		f.Release()
	}
}

// first returns the first frame of a source.
func first(t testing.TB, path string, o Options) (*frame.Frame, Info) {
	t.Helper()
	r, err := Open(context.Background(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f, err := r.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return f, r.Info()
}

func writeFile(t testing.TB, path string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func near(a, b, by time.Duration) bool { return a-b <= by && b-a <= by }

// setMatrix writes the display matrix of an MP4's first track: a point (x, y)
// of the stored picture is shown at (a*x + c*y, b*x + d*y).
func setMatrix(t testing.TB, path string, abcd [4]int32) {
	t.Helper()
	b := readFile(t, path)
	at := bytes.Index(b, []byte("tkhd"))
	if at < 0 {
		t.Fatal("no track header")
	}
	// Behind the name: version, times, id, duration, reserved, layer … volume.
	m := b[at+44 : at+44+36]
	for i, v := range []int32{abcd[0] << 16, abcd[1] << 16, 0, abcd[2] << 16, abcd[3] << 16, 0, 0, 0, 1 << 30} {
		binary.BigEndian.PutUint32(m[4*i:], uint32(v))
	}
	writeFile(t, path, b)
}
