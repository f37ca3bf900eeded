package decode

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// openers are the ways into the package that take an address.
var openers = map[string]func(ctx context.Context, address, dir string) error{
	"Open": func(ctx context.Context, address, _ string) error {
		r, err := Open(ctx, address, Options{})
		if err == nil {
			r.Close()
		}
		return err
	},
	"Probe": func(ctx context.Context, address, _ string) error {
		_, _, err := Probe(ctx, address)
		return err
	},
	"FrameAt": func(ctx context.Context, address, _ string) error {
		_, err := FrameAt(ctx, address, time.Second, 0)
		return err
	},
	"Remux": func(ctx context.Context, address, dir string) error {
		_, err := Remux(ctx, address, 0, time.Second, filepath.Join(dir, "out.mp4"))
		return err
	},
}

func TestFootageThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	whole := readFile(t, sample("people-detection.mp4"))
	moov := bytes.Index(whole, []byte("moov"))
	mdat := bytes.Index(whole, []byte("mdat"))
	if moov < 0 || mdat < 0 {
		t.Fatal("the sample has no moov or mdat")
	}
	// What a recorder leaves that lost power: ftyp, and mdat running on.
	unfinished := append(bytes.Clone(whole[:28]), bytes.Clone(whole[mdat-4:mdat+20_000])...)
	if moov < mdat {
		unfinished = append(bytes.Clone(whole[:bytes.Index(whole, []byte("moov"))-4]), bytes.Clone(whole[mdat-4:mdat+20_000])...)
	}
	if err := os.Mkdir(path("folder.mp4"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path("pipe.mp4"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		address string
		want    error
	}{
		{"missing", path("missing.mp4"), fs.ErrNotExist},
		{"missing, as an address", "file://" + path("missing.mp4"), fs.ErrNotExist},
		{"below a file", filepath.Join(writeFile(t, path("file"), []byte("x")), "a.mp4"), syscall.ENOTDIR},
		{"empty", writeFile(t, path("empty.mp4"), nil), ErrEmpty},
		{"one byte", writeFile(t, path("one.mp4"), []byte{0}), ErrNotMedia},
		{"text", writeFile(t, path("text.mp4"), []byte(strings.Repeat("not a video at all\n", 500))), ErrNotMedia},
		{"zeros", writeFile(t, path("zeros.mp4"), make([]byte, 100_000)), ErrNotMedia},
		{"a picture", writeFile(t, path("picture.mp4"), append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 1000)...)), ErrNotMedia},
		{"a folder", path("folder.mp4"), ErrNotMedia},
		{"a pipe that nobody writes to", path("pipe.mp4"), ErrNotMedia},
		{"an MP4 without its index", writeFile(t, path("unfinished.mp4"), unfinished), ErrUnfinished},
		{"an MP4 cut off within its first box", writeFile(t, path("stub.mp4"), whole[:20]), ErrUnfinished},
		{"a playlist", writeFile(t, path("list.mp4"), []byte("ffconcat version 1.0\nfile "+path("other.mp4")+"\n")), ErrNotMedia},
		{"a session description", writeFile(t, path("session.mp4"), []byte("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n")), ErrNotMedia},
		{"a name that looks like a protocol", "concat:" + sample("people-detection.mp4"), fs.ErrNotExist},
		{"a pattern for a name", path("%03d.mp4"), fs.ErrNotExist},
		{"an unknown kind of address", "gopher://10.0.0.1/x", ErrAddress},
		{"an encrypted address", "https://10.0.0.1/x.mp4", ErrAddress},
		{"no name", "", fs.ErrNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for what, open := range openers {
				err := open(context.Background(), tt.address, dir)
				if !errors.Is(err, tt.want) {
					t.Errorf("%s: %v, want %v", what, err, tt.want)
				} else if tt.address != "" && !strings.Contains(err.Error(), tt.address) {
					t.Errorf("%s: %q does not name the source", what, err)
				}
			}
		})
	}
}

func TestFootageWithoutPermission(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	path := writeFile(t, filepath.Join(t.TempDir(), "v.mp4"), readFile(t, sample("people-detection.mp4")))
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	for what, open := range openers {
		if err := open(context.Background(), path, t.TempDir()); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestTracksThatCannotBeDecoded(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	ffmpeg(t, "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", path("sound.mp4"))
	// Cover art is no video.
	ffmpeg(t, "-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", "-c:a", "aac", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p",
		"-disposition:v", "attached_pic", path("cover.mp4"))
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=1", "-c:v", "flv1", path("sorenson.flv"))
	ffmpeg(t, "-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=1", "-c:v", "ffv1", path("ffv1.mkv"))
	for name, want := range map[string]error{
		"sound.mp4": ErrNoVideo, "cover.mp4": ErrNoVideo, "sorenson.flv": ErrUnsupportedCodec, "ffv1.mkv": ErrUnsupportedCodec,
	} {
		for _, what := range []string{"Open", "Probe", "FrameAt"} {
			if err := openers[what](context.Background(), path(name), dir); !errors.Is(err, want) {
				t.Errorf("%s %s: %v, want %v", what, name, err, want)
			}
		}
	}
	info, _, err := Probe(context.Background(), path("ffv1.mkv"))
	if info.Codec != "ffv1" || info.Width != 64 || !strings.Contains(err.Error(), "ffv1") {
		t.Errorf("probe of an unsupported codec: %+v, %v", info, err)
	}
}

func TestPictureSizes(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		size string
		args []string
		want error
		w, h int
	}{
		{"1x1", []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-f", "avi"}, nil, 1, 1},
		{"1x1", []string{"-c:v", "rawvideo", "-pix_fmt", "yuv420p", "-f", "matroska"}, nil, 1, 1},
		{"2x2", []string{"-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4"}, nil, 2, 2},
		{"1x999", []string{"-c:v", "mjpeg", "-pix_fmt", "yuvj444p", "-f", "avi"}, nil, 1, 999},
		{"7680x4320", []string{"-c:v", "mpeg4", "-q:v", "31", "-f", "mp4"}, nil, 512, 288},
		{"8192x8192", []string{"-c:v", "mjpeg", "-q:v", "31", "-pix_fmt", "yuvj420p", "-f", "avi"}, ErrTooLarge, 0, 0},
		{"16000x4000", []string{"-c:v", "mjpeg", "-q:v", "31", "-pix_fmt", "yuvj420p", "-f", "avi"}, ErrTooLarge, 0, 0},
	}
	for i, tt := range tests {
		path := filepath.Join(dir, tt.size+string(rune('a'+i)))
		ffmpeg(t, append(append([]string{"-f", "lavfi", "-i", "color=gray:s=64x64:r=2,format=yuv444p,scale=" + strings.Replace(tt.size, "x", ":", 1) + ",setsar=1", "-frames:v", "1"}, tt.args...), path)...)
		r, err := Open(context.Background(), path, Options{})
		if !errors.Is(err, tt.want) {
			t.Errorf("%s %v: %v, want %v", tt.size, tt.args[1], err, tt.want)
		}
		if err != nil {
			continue
		}
		n := 0
		for {
			f, err := r.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if n++; f.Width != tt.w || f.Height != tt.h || !f.Valid() {
				t.Errorf("%s %v: frame of %d x %d", tt.size, tt.args[1], f.Width, f.Height)
			}
		}
		if n != 1 {
			t.Errorf("%s %v: %d frames; %+v", tt.size, tt.args[1], n, r.Stats())
		}
		r.Close()
	}
}

func TestTruncated(t *testing.T) {
	dir := t.TempDir()
	sources := map[string]string{
		"faststart.mp4": make50(t, "a.mp4", append(x264[:len(x264):len(x264)], "-movflags", "+faststart")...),
		"v.mkv":         make50(t, "v.mkv", x264...),
		"v.ts":          make50(t, "v.ts", x264...),
		"v.avi":         make50(t, "v.avi", x264...),
	}
	for name, src := range sources {
		whole := readFile(t, src)
		path := writeFile(t, filepath.Join(dir, name), whole[:len(whole)*6/10])
		for _, mode := range []Mode{Full, KeyFrames} {
			all, st := drain(t, path, Options{Mode: mode})
			low, high := 15, 45
			if mode == KeyFrames {
				low, high = 2, 4
			}
			if name == "v.avi" { // most of this small file is header
				low /= 2
			}
			if len(all) < low || len(all) > high {
				t.Errorf("%s mode %d: %d frames; %+v", name, mode, len(all), st)
			}
			// A TS has no header that promises more, and a file in the middle
			// of which only key frames were looked at may have ended there.
			if !st.Truncated && name != "v.ts" && mode == Full {
				t.Errorf("%s mode %d: not seen as truncated; %+v", name, mode, st)
			}
			if st.DecodeErrors > 2*maxReadErrors {
				t.Errorf("%s mode %d: an error storm; %+v", name, mode, st)
			}
			for _, s := range all[:len(all)-1] {
				if !near(s.at, time.Duration(s.n)*tick, 3*time.Millisecond) {
					t.Errorf("%s mode %d: frame %d at %v", name, mode, s.n, s.at)
				}
			}
		}
	}
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string][]string{"v.mp4": x264, "b.mp4": x264b, "v.ts": x264b, "v.mkv": x264, "m.avi": {"-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "2"}} {
		data := readFile(t, make50(t, name, args...))
		// The middle third becomes noise, the rest stays.
		for i := len(data) / 3; i < 2*len(data)/3; i += 7 {
			data[i] ^= byte(i*31 + 5)
		}
		if filepath.Ext(name) == ".mp4" { // keep the index, wherever it is
			whole := readFile(t, make50(t, name, args...))
			if at := bytes.Index(whole, []byte("moov")); at > 0 {
				copy(data[at-4:], whole[at-4:])
			}
		}
		path := writeFile(t, filepath.Join(dir, name), data)
		all, st := drain(t, path, Options{})
		if len(all) < 10 || st.DecodeErrors == 0 || st.LastError == "" {
			t.Errorf("%s: %d frames; %+v", name, len(all), st)
		}
		if first := all[0]; first.n != 0 || first.at > 3*tick {
			t.Errorf("%s begins with frame %d at %v", name, first.n, first.at)
		}
	}
}

func TestFileThatVanishes(t *testing.T) {
	path := writeFile(t, filepath.Join(t.TempDir(), "v.mp4"), readFile(t, sample("car-detection.mp4")))
	r, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for ; n < 20; n++ {
		if _, err := r.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	// Removed: an open file can be read on. Emptied: it cannot.
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for ; ; n++ {
		if _, err = r.Next(context.Background()); err != nil {
			break
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, ErrRead) {
		t.Errorf("ended with %v", err)
	}
	if st := r.Stats(); n > 300 || !st.Truncated {
		t.Errorf("%d frames; %+v", n, st)
	}
}
