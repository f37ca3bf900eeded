package decode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestRemux cuts frames 24 to 33 out: the cut must begin with the key frame
// 20, hold every frame up to the last asked for, and play from 0 on.
func TestRemux(t *testing.T) {
	hevc := []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:min-keyint=10:bframes=2"}
	for name, args := range map[string][]string{
		"v.mp4": x264, "b.mp4": x264b, "b.mkv": x264b, "b.ts": x264b, "b.flv": x264b, "v.avi": x264,
		"hevc.mp4": hevc, "hevc.mkv": hevc, "hevc.ts": hevc,
		"fragments.mp4": append(x264b[:len(x264b):len(x264b)], "-movflags", "+frag_keyframe+empty_moov"),
	} {
		t.Run(name, func(t *testing.T) {
			src := make50(t, name, args...)
			all, _ := drain(t, src, Options{})
			dst := filepath.Join(t.TempDir(), "cut.mp4")
			offset, err := Remux(context.Background(), src, all[24].at, all[33].at, dst)
			if err != nil {
				t.Fatal(err)
			}
			if !near(offset, 4*tick, 2*time.Millisecond) {
				t.Errorf("offset %v, want %v", offset, 4*tick)
			}
			checkMoovFirst(t, dst)
			got, st := drain(t, dst, Options{})
			if len(got) < 14 || len(got) > 19 || st.DecodeErrors != 0 || st.Truncated {
				t.Fatalf("%d frames; %+v", len(got), st)
			}
			for i, s := range got[:14] {
				if s.n != 20+i || !near(s.at, time.Duration(i)*tick, 2*time.Millisecond) {
					t.Errorf("frame %d shows %d at %v", i, s.n, s.at)
				}
			}
			if len(ffprobe(t, dst, "-count_frames", "-select_streams", "v:0", "-show_entries", "stream=codec_name")) != 1 {
				t.Error("ffprobe finds no stream")
			}
			frames := ffprobe(t, dst, "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time")
			if len(frames) != len(got) {
				t.Errorf("ffprobe decodes %d frames, want %d", len(frames), len(got))
			}
			if start, _ := strconv.ParseFloat(strings.Trim(frames[0], ","), 64); start < -0.001 || start > 0.001 {
				t.Errorf("the cut begins at %v s", start)
			}
			tag := ffprobe(t, dst, "-select_streams", "v:0", "-show_entries", "stream=codec_tag_string")[0]
			if want := map[bool]string{true: "hvc1", false: "avc1"}[strings.HasPrefix(name, "hevc")]; tag != want {
				t.Errorf("codec tag %s, want %s", tag, want)
			}
			checkNoLeftovers(t, dst)
		})
	}
}

func TestRemuxEdges(t *testing.T) {
	src := make50(t, "b.mp4", x264b...)
	for _, tt := range []struct {
		from, to      time.Duration
		first, offset int // frame numbers
		least         int
	}{
		{0, 0, 0, 0, 1}, {0, time.Hour, 0, 0, 50}, {-time.Second, tick, 0, 0, 2}, {10 * tick, 12 * tick, 10, 0, 3},
		{9 * tick, 9 * tick, 0, 9, 10}, {49 * tick, 49 * tick, 40, 9, 10}, {time.Minute, 2 * time.Minute, 40, -1, 10},
	} {
		dst := filepath.Join(t.TempDir(), "cut.mp4")
		offset, err := Remux(context.Background(), src, tt.from, tt.to, dst)
		if err != nil {
			t.Errorf("%v to %v: %v", tt.from, tt.to, err)
			continue
		}
		got, _ := drain(t, dst, Options{})
		if got[0].n != tt.first || len(got) < tt.least {
			t.Errorf("%v to %v: %d frames from %d on", tt.from, tt.to, len(got), got[0].n)
		}
		if want := time.Duration(tt.offset) * tick; tt.offset >= 0 && !near(offset, want, 2*time.Millisecond) {
			t.Errorf("%v to %v: offset %v, want %v", tt.from, tt.to, offset, want)
		}
	}
	if _, err := Remux(context.Background(), src, time.Second, 0, filepath.Join(t.TempDir(), "x.mp4")); err == nil {
		t.Error("an end before the start was taken")
	}
}

func TestRemuxVP9(t *testing.T) {
	dir := t.TempDir()
	src, dst := filepath.Join(dir, "v.webm"), filepath.Join(dir, "cut.mp4")
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=2", "-c:v", "libvpx-vp9", "-g", "10", "-keyint_min", "10", "-b:v", "1M", "-deadline", "good", "-cpu-used", "8", src)
	offset, err := Remux(context.Background(), src, time.Second, 1500*time.Millisecond, dst)
	if err != nil {
		t.Fatal(err)
	}
	if !near(offset, 200*time.Millisecond, 2*time.Millisecond) {
		t.Errorf("offset %v", offset)
	}
	if got, st := drain(t, dst, Options{}); len(got) < 18 || st.DecodeErrors != 0 {
		t.Errorf("%d frames; %+v", len(got), st)
	}
}

func TestRemuxSound(t *testing.T) {
	dir := t.TempDir()
	for name, sound := range map[string]string{"a.ts": "aac", "a.mkv": "aac", "a.mp4": "aac", "m.ts": "mp2", "p.avi": "pcm_s16le"} {
		src, dst := filepath.Join(dir, name), filepath.Join(dir, name+".mp4")
		args := append(counting("128x96", 25, 100), "-f", "lavfi", "-i", "sine=d=4", "-pix_fmt", "yuv420p", "-c:a", sound)
		ffmpeg(t, append(append(args, x264...), src)...)
		if _, err := Remux(context.Background(), src, 1500*time.Millisecond, 3*time.Second, dst); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		streams := ffprobe(t, dst, "-show_entries", "stream=codec_name")
		want := "h264"
		if sound == "aac" {
			want = "h264 aac"
		}
		if got := strings.Join(streams, " "); got != want {
			t.Errorf("%s: tracks %s, want %s", name, got, want)
		}
		if sound != "aac" {
			continue
		}
		for _, track := range []string{"v:0", "a:0"} {
			stamps := ffprobe(t, dst, "-select_streams", track, "-show_entries", "packet=pts_time")
			first, _ := strconv.ParseFloat(strings.Trim(stamps[0], ","), 64)
			last, _ := strconv.ParseFloat(strings.Trim(stamps[len(stamps)-1], ","), 64)
			if first < -0.05 || first > 0.1 || last < 1.4 || last > 2.2 {
				t.Errorf("%s: track %s lasts from %v to %v s", name, track, first, last)
			}
		}
	}
}

func TestRemuxKeepsRotation(t *testing.T) {
	src := make50(t, "v.mp4", x264...)
	setMatrix(t, src, [4]int32{0, 1, -1, 0})
	dst := filepath.Join(t.TempDir(), "cut.mp4")
	if _, err := Remux(context.Background(), src, 0, time.Second, dst); err != nil {
		t.Fatal(err)
	}
	if info, _, err := Probe(context.Background(), dst); err != nil || info.Rotation != 90 || info.Width != 96 {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestRemuxRefuses(t *testing.T) {
	dir := t.TempDir()
	dst := filepath.Join(dir, "cut.mp4")
	writeFile(t, dst, []byte("before"))
	for name, args := range map[string][]string{
		"mpeg4.mp4": {"-c:v", "mpeg4"}, "mjpeg.avi": {"-c:v", "mjpeg", "-pix_fmt", "yuvj420p"}, "mpeg2.mpg": {"-c:v", "mpeg2video"},
		// No stamps of showing, and not stored in that order.
		"b.avi": x264b,
	} {
		if _, err := Remux(context.Background(), make50(t, name, args...), 0, time.Second, dst); !errors.Is(err, ErrNotPlayable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	src := sample("people-detection.mp4")
	if _, err := Remux(context.Background(), src, 0, time.Second, filepath.Join(dir, "none", "cut.mp4")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("into a missing folder: %v", err)
	}
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(why)
	if _, err := Remux(ctx, src, 0, time.Second, dst); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
	if got := readFile(t, dst); string(got) != "before" {
		t.Errorf("a failed cut left %d bytes in place of the old file", len(got))
	}
	checkNoLeftovers(t, dst)
}

func TestRemuxDiskFull(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	in, err := openInput(context.Background(), sample("people-detection.mp4"), "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	w, err := newMP4Writer("/dev/full", in, nil)
	if err == nil {
		err = w.finish()
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v", err)
	}
}

// checkMoovFirst demands the index before the data.
func checkMoovFirst(t *testing.T, path string) {
	t.Helper()
	b := readFile(t, path)
	moov, mdat := bytes.Index(b, []byte("moov")), bytes.Index(b, []byte("mdat"))
	if moov < 0 || mdat < 0 || moov > mdat {
		t.Errorf("moov at %d, mdat at %d", moov, mdat)
	}
}

func checkNoLeftovers(t *testing.T, dst string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(filepath.Dir(dst), ".cut-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func ExampleRemux() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return
	}
	defer os.RemoveAll(dir)
	offset, err := Remux(context.Background(), sample("car-detection.mp4"), 15*time.Second, 18*time.Second, filepath.Join(dir, "cut.mp4"))
	fmt.Println(offset, err)
	// Output: 600ms <nil>
}
