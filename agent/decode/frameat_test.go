package decode

import (
	"context"
	"testing"
	"time"
)

func TestFrameAt(t *testing.T) {
	for name, args := range map[string][]string{
		"v.mp4": x264, "b.mp4": x264b, "b.mkv": x264b, "b.ts": x264b, "v.avi": x264, "b.avi": x264b, "b.flv": x264b, "b.h264": x264b,
		"long.mp4": {"-c:v", "libx264", "-preset", "fast", "-g", "250"}, "m.avi": {"-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2"},
		"mp2.mpg": {"-c:v", "mpeg2video", "-q:v", "2", "-g", "10", "-sc_threshold", "1000000000"},
	} {
		t.Run(name, func(t *testing.T) {
			path := make50(t, name, args...)
			all, _ := drain(t, path, Options{})
			if len(all) != 50 {
				t.Fatalf("%d frames", len(all))
			}
			check := func(at time.Duration, want shot) {
				t.Helper()
				f, err := FrameAt(context.Background(), path, at, 0)
				if err != nil {
					t.Fatal(err)
				}
				if number(f) != want.n || f.Offset != want.at || f.Key != want.key {
					t.Errorf("at %v: frame %d at %v (key %v), want %+v", at, number(f), f.Offset, f.Key, want)
				}
			}
			for _, i := range []int{0, 1, 9, 10, 11, 25, 39, 40, 48, 49} {
				check(all[i].at, all[i])
				check(all[i].at+15*time.Millisecond, all[i])
			}
			check(-time.Second, all[0])
			check(time.Hour, all[49])
		})
	}
}

func TestFrameAtInFootage(t *testing.T) {
	path := sample("car-detection.mp4")
	f, err := FrameAt(context.Background(), path, 20*time.Second, 100)
	if err != nil {
		t.Fatal(err)
	}
	if f.Offset != 20*time.Second || f.Height != 100 || f.Width != 178 {
		t.Errorf("%d x %d at %v", f.Width, f.Height, f.Offset)
	}
}
