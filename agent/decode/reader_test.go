package decode

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

const tick = 40 * time.Millisecond

func TestCodecsAndContainers(t *testing.T) {
	tests := []struct {
		name      string
		args      []string
		codec     string
		container string
		loose     bool // the codec is too lossy to read the numbers off
	}{
		{"h264.mp4", x264, "h264", "mp4", false},
		{"h264b.mp4", x264b, "h264", "mp4", false},
		{"h264b.mkv", x264b, "h264", "matroska", false},
		{"h264b.ts", x264b, "h264", "mpegts", false},
		{"h264.avi", x264, "h264", "avi", false},
		{"h264b.avi", x264b, "h264", "avi", false},
		{"h264.flv", x264, "h264", "flv", false},
		{"h264.h264", x264, "h264", "h264", false},
		{"h265.mp4", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:min-keyint=10"}, "hevc", "mp4", false},
		{"h265.ts", []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=10:min-keyint=10"}, "hevc", "mpegts", false},
		{"mpeg4.mp4", []string{"-c:v", "mpeg4", "-q:v", "2", "-g", "10", "-sc_threshold", "1000000000"}, "mpeg4", "mp4", false},
		{"mpeg4.avi", []string{"-c:v", "mpeg4", "-q:v", "2", "-g", "10", "-sc_threshold", "1000000000"}, "mpeg4", "avi", false},
		{"mjpeg.avi", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, "mjpeg", "avi", false},
		{"mjpeg.mov", []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"}, "mjpeg", "mp4", false},
		{"mpeg2.mpg", []string{"-c:v", "mpeg2video", "-q:v", "2", "-g", "10", "-sc_threshold", "1000000000"}, "mpeg2video", "mpeg", false},
		{"vp8.webm", []string{"-c:v", "libvpx", "-g", "10", "-b:v", "1M", "-deadline", "realtime"}, "vp8", "matroska", true},
		{"vp9.webm", []string{"-c:v", "libvpx-vp9", "-g", "10", "-keyint_min", "10", "-b:v", "1M", "-deadline", "good", "-cpu-used", "8"}, "vp9", "matroska", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), tt.name)
			if tt.loose {
				// The VP encoders make a key frame of each number.
				ffmpeg(t, append(append([]string{"-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=2"}, tt.args...), path)...)
			} else {
				path = make50(t, tt.name, tt.args...)
			}
			// AVI has no stamps of showing: with B-frames all frames are late
			// by as much as they are reordered.
			by := 2 * time.Millisecond
			if tt.name == "h264b.avi" {
				by += 2 * tick
			}
			info, keys, err := Probe(context.Background(), path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Codec != tt.codec || info.Container != tt.container || info.Width != 128 || info.Height != 96 || info.HasAudio {
				t.Errorf("probe: %+v", info)
			}
			if info.FrameRate < 24.9 || info.FrameRate > 25.1 {
				t.Errorf("probe: %v frames a second", info.FrameRate)
			}
			wantKey := 10 * tick
			if tt.codec == "mjpeg" {
				wantKey = tick
			}
			if !near(keys.Mean, wantKey, tick/2) || !near(keys.Max, wantKey, tick/2) {
				t.Errorf("probe: key frames %+v, want every %v", keys, wantKey)
			}

			all, st := drain(t, path, Options{})
			if len(all) != 50 || st.Frames != 50 || st.DecodeErrors != 0 || st.Truncated || st.LastError != "" {
				t.Fatalf("%d frames, %+v", len(all), st)
			}
			for i, s := range all {
				if !near(s.at, time.Duration(i)*tick, by) {
					t.Errorf("frame %d at %v", i, s.at)
				}
				if !tt.loose && s.n != i {
					t.Errorf("frame %d shows %d", i, s.n)
				}
			}

			some, st := drain(t, path, Options{Mode: KeyFrames})
			want := 5
			if tt.codec == "mjpeg" {
				want = 50
			}
			if len(some) != want || st.DecodeErrors != 0 || st.Truncated {
				t.Fatalf("%d key frames, want %d; %+v", len(some), want, st)
			}
			for i, s := range some {
				if n := i * 50 / want; !s.key || !near(s.at, time.Duration(n)*tick, by) || !tt.loose && s.n != n {
					t.Errorf("key frame %d: %+v, want frame %d", i, s, n)
				}
			}
		})
	}
}

func TestMaxFPS(t *testing.T) {
	path := make50(t, "v.mp4", x264...)
	for fps, want := range map[float64]int{1: 2, 5: 10, 10: 20, 12.5: 25, 24: 48, 25: 50, 100: 50} {
		all, st := drain(t, path, Options{MaxFPS: fps})
		if len(all) != want || st.Frames != int64(want) || st.Dropped != int64(50-want) {
			t.Errorf("%v a second: %d frames, want %d; %+v", fps, len(all), want, st)
		}
	}
}

func TestVariableFrameRate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.mkv")
	// Frames 10 to 29 are left out, and every second one of the rest.
	args := append(counting("128x96", 25, 50), "-vf", "select='not(mod(n,2))*not(between(n,10,29))'", "-vsync", "vfr", "-pix_fmt", "yuv420p")
	ffmpeg(t, append(append(args, x264b...), path)...)
	all, st := drain(t, path, Options{})
	if st.TimestampRepairs != 0 || len(all) < 14 {
		t.Fatalf("%d frames, %+v", len(all), st)
	}
	for _, s := range all {
		if !near(s.at, time.Duration(s.n)*tick, 2*time.Millisecond) {
			t.Errorf("frame %d at %v", s.n, s.at)
		}
	}
}

func TestScaling(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name, size       string
		short            int
		args             []string
		matrix           [4]int32 // a, b, c, d of the display matrix, if any
		w, h             int      // delivered
		infoW, infoH     int
		rotation         int
		brightX, brightY float64 // where the white corner must be
	}{
		{"small is not scaled up", "160x96", 0, nil, [4]int32{}, 160, 96, 160, 96, 0, 0.05, 0.05},
		{"down to the default", "1280x720", 0, nil, [4]int32{}, 512, 288, 1280, 720, 0, 0.05, 0.05},
		{"odd sizes", "1278x718", 101, nil, [4]int32{}, 180, 101, 1278, 718, 0, 0.05, 0.05},
		{"portrait", "360x640", 0, nil, [4]int32{}, 288, 512, 360, 640, 0, 0.05, 0.05},
		{"size kept", "640x480", -1, nil, [4]int32{}, 640, 480, 640, 480, 0, 0.05, 0.05},
		{"wide pixels", "360x288", 0, []string{"-aspect", "16:9"}, [4]int32{}, 512, 288, 512, 288, 0, 0.05, 0.05},
		{"wide pixels, scaled", "720x576", 144, []string{"-aspect", "4:3"}, [4]int32{}, 192, 144, 768, 576, 0, 0.05, 0.05},
		{"narrow pixels", "640x288", 0, []string{"-aspect", "4:3"}, [4]int32{}, 384, 288, 384, 288, 0, 0.05, 0.05},
		{"turned by 90", "160x96", 0, nil, [4]int32{0, 1, -1, 0}, 96, 160, 96, 160, 90, 0.95, 0.05},
		{"turned by 180", "160x96", 0, nil, [4]int32{-1, 0, 0, -1}, 160, 96, 160, 96, 180, 0.95, 0.95},
		{"turned by 270", "160x96", 0, nil, [4]int32{0, -1, 1, 0}, 96, 160, 96, 160, 270, 0.05, 0.95},
		{"turned, wide pixels, scaled", "720x576", 144, []string{"-aspect", "4:3"}, [4]int32{0, 1, -1, 0}, 144, 192, 576, 768, 90, 0.95, 0.05},
		{"mirrored", "160x96", 0, nil, [4]int32{-1, 0, 0, 1}, 160, 96, 160, 96, 0, 0.95, 0.05},
		{"turned by 90 and mirrored", "160x96", 0, nil, [4]int32{0, 1, 1, 0}, 96, 160, 96, 160, 90, 0.05, 0.05},
		{"one pixel high", "64x2", 1, nil, [4]int32{}, 16, 1, 64, 2, 0, 0.05, 0.05},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(dir, tt.name+".mp4")
			args := []string{"-f", "lavfi", "-i", "color=black:s=" + tt.size + ":r=5,drawbox=0:0:iw/4:ih/4:white:fill", "-frames:v", "3", "-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-q:v", "2"}
			ffmpeg(t, append(append(args, tt.args...), path)...)
			if tt.matrix != ([4]int32{}) {
				setMatrix(t, path, tt.matrix)
			}
			f, info := first(t, path, Options{ShortSide: tt.short})
			if f.Width != tt.w || f.Height != tt.h || len(f.Pix) != 3*tt.w*tt.h {
				t.Fatalf("frame is %d x %d (%d bytes), want %d x %d", f.Width, f.Height, len(f.Pix), tt.w, tt.h)
			}
			if info.Width != tt.infoW || info.Height != tt.infoH || info.Rotation != tt.rotation {
				t.Errorf("info: %d x %d turned %d, want %d x %d turned %d", info.Width, info.Height, info.Rotation, tt.infoW, tt.infoH, tt.rotation)
			}
			if tt.h < 8 {
				return
			}
			grey := func(fx, fy float64) int {
				i := 3 * (int(fy*float64(f.Height))*f.Width + int(fx*float64(f.Width)))
				return int(f.Pix[i]) + int(f.Pix[i+1]) + int(f.Pix[i+2])
			}
			for _, x := range []float64{0.05, 0.95} {
				for _, y := range []float64{0.05, 0.95} {
					if bright := grey(x, y) > 380; bright != (x == tt.brightX && y == tt.brightY) {
						t.Errorf("at %v %v: grey %d", x, y, grey(x, y)/3)
					}
				}
			}
		})
	}
}

func TestColours(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{
		"limited 601":  {"-pix_fmt", "yuv420p"},
		"limited 709":  {"-vf", "scale=out_color_matrix=bt709", "-pix_fmt", "yuv420p", "-colorspace", "bt709"},
		"full 601":     {"-vf", "scale=out_range=full", "-pix_fmt", "yuvj420p", "-color_range", "pc"},
		"untagged 709": {"-vf", "scale=1280:720:out_color_matrix=bt709", "-pix_fmt", "yuv420p"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name+".mp4")
			base := []string{"-f", "lavfi", "-i", "color=0xC86432:s=128x96:r=5", "-frames:v", "2"}
			ffmpeg(t, append(append(append(base, args...), "-c:v", "libx264", "-qp", "1"), path)...)
			f, _ := first(t, path, Options{})
			i := 3 * (f.Width*f.Height/2 + f.Width/2)
			for c, want := range []int{0xC8, 0x64, 0x32} {
				if got := int(f.Pix[i+c]); got < want-4 || got > want+4 {
					t.Errorf("colour %v, want [200 100 50]", f.Pix[i:i+3])
					break
				}
			}
		})
	}
}

func TestReadAhead(t *testing.T) {
	path := make50(t, "v.mp4", x264b...)
	plain, _ := drain(t, path, Options{})
	ahead, st := drain(t, path, Options{ReadAhead: 3})
	if len(ahead) != len(plain) || st.Frames != 50 {
		t.Fatalf("%d frames, %+v", len(ahead), st)
	}
	for i := range plain {
		if ahead[i] != plain[i] {
			t.Errorf("frame %d: %+v, without reading ahead %+v", i, ahead[i], plain[i])
		}
	}
	pool := frame.NewPool()
	r, err := Open(context.Background(), path, Options{ReadAhead: 3, Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f.Release()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := pool.Lent(); n != 0 {
		t.Errorf("%d frames lost by closing early", n)
	}
	if _, err := r.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("next after close: %v", err)
	}
}

func TestNextAfterCancelGoesOn(t *testing.T) {
	r, err := Open(context.Background(), sample("people-detection.mp4"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	if _, err := r.Next(ctx); err != nil {
		t.Fatal(err)
	}
	cancel(why)
	if _, err := r.Next(ctx); !errors.Is(err, why) {
		t.Fatalf("after cancel: %v", err)
	}
	n := 1
	for ; ; n++ {
		if _, err := r.Next(context.Background()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 46 {
		t.Errorf("%d frames in all, want 46", n)
	}
	if _, err := r.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSamples(t *testing.T) {
	for name, want := range map[string]struct{ frames, keys int }{
		"bolt-multi-size-detection.mp4": {61, 8},
		"car-detection.mp4":             {377, 7},
		"people-detection.mp4":          {46, 2},
		"store-aisle-detection.mp4":     {109, 5},
		"worker-zone-detection.mp4":     {115, 5},
	} {
		pool := frame.NewPool()
		all, st := drain(t, sample(name), Options{Pool: pool, Threads: 2})
		if len(all) != want.frames || st.DecodeErrors != 0 || st.TimestampRepairs != 0 || st.Truncated {
			t.Errorf("%s: %d frames, %+v", name, len(all), st)
		}
		keys, st := drain(t, sample(name), Options{Pool: pool, Mode: KeyFrames})
		if len(keys) != want.keys || st.DecodeErrors != 0 || st.TimestampRepairs != 0 || st.Truncated {
			t.Errorf("%s: %d key frames, %+v", name, len(keys), st)
		}
		if n := pool.Lent(); n != 0 {
			t.Errorf("%s: %d frames not given back", name, n)
		}
	}
	info, keys, err := Probe(context.Background(), sample("car-detection.mp4"))
	if err != nil {
		t.Fatal(err)
	}
	wantInfo := Info{Codec: "h264", Width: 768, Height: 432, FrameRate: 12.5, Duration: 30160 * time.Millisecond, Container: "mp4",
		CreationTime: time.Date(2018, 4, 19, 22, 46, 0, 0, time.UTC), HasAudio: true, AudioCodec: "aac"}
	if info != wantInfo {
		t.Errorf("info %+v", info)
	}
	if keys.Count != 7 || keys.Packets != 377 || keys.Max != 4800*time.Millisecond || keys.Mean != 4800*time.Millisecond {
		t.Errorf("key frames %+v", keys)
	}
}
