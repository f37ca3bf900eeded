package decode

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asticode/go-astiav"

	"github.com/gembahq/gemba/agent/frame"
)

func TestTurns(t *testing.T) {
	// A picture of 3 x 2, its pixels numbered.
	src := make([]byte, 3*3*2)
	for i := range src {
		src[i] = byte(i / 3)
	}
	for _, tt := range []struct {
		name    string
		matrix  [4]int32
		degrees int
		want    string // rows from the top
	}{
		{"upright", [4]int32{1, 0, 0, 1}, 0, "012 345"},
		{"90", [4]int32{0, 1, -1, 0}, 90, "30 41 52"},
		{"180", [4]int32{-1, 0, 0, -1}, 180, "543 210"},
		{"270", [4]int32{0, -1, 1, 0}, 270, "25 14 03"},
		{"mirrored", [4]int32{-1, 0, 0, 1}, 0, "210 543"},
		{"upside down", [4]int32{1, 0, 0, -1}, 0, "345 012"},
		{"transposed", [4]int32{0, 1, 1, 0}, 90, "03 14 25"},
		{"transposed the other way", [4]int32{0, -1, -1, 0}, 90, "52 41 30"},
		{"a little askew", [4]int32{10, 1, -1, 10}, 0, "012 345"},
		{"nothing", [4]int32{}, 0, "012 345"},
	} {
		turn := turnOf([9]int32{tt.matrix[0] << 16, tt.matrix[1] << 16, 0, tt.matrix[2] << 16, tt.matrix[3] << 16, 0, 0, 0, 1 << 30})
		dst := make([]byte, len(src))
		turn.apply(dst, src, 3, 2)
		w := 3
		if turn.swap {
			w = 2
		}
		var rows []string
		for i := 0; i < 6; i += w {
			row := ""
			for x := range w {
				row += fmt.Sprint(dst[3*(i+x)])
			}
			rows = append(rows, row)
		}
		if got := strings.Join(rows, " "); got != tt.want || turn.degrees() != tt.degrees {
			t.Errorf("%s: %s turned %d, want %s turned %d", tt.name, got, turn.degrees(), tt.want, tt.degrees)
		}
	}
}

func TestFit(t *testing.T) {
	for _, tt := range []struct{ w, h, short, wantW, wantH int }{
		{1920, 1080, 0, 512, 288}, {1080, 1920, 0, 288, 512}, {320, 240, 0, 320, 240}, {1, 1, 0, 1, 1}, {7680, 4320, 224, 398, 224},
		{100, 10_000, 0, 46, 4608}, {1920, 1080, -1, 1920, 1080}, {5000, 1, 0, 4608, 1}, {288, 289, 288, 288, 289},
	} {
		if w, h := fit(tt.w, tt.h, tt.short); w != tt.wantW || h != tt.wantH {
			t.Errorf("fit(%d, %d, %d) = %d, %d, want %d, %d", tt.w, tt.h, tt.short, w, h, tt.wantW, tt.wantH)
		}
	}
	for _, tt := range []struct {
		w, h         int
		sar          float64
		wantW, wantH int
	}{{720, 576, 16. / 15, 768, 576}, {720, 576, 0, 720, 576}, {720, 576, -3, 720, 576}, {720, 576, 1000, 720, 576}, {3, 3, 0.125, 1, 3}} {
		if w, h := square(tt.w, tt.h, tt.sar); w != tt.wantW || h != tt.wantH {
			t.Errorf("square(%d, %d, %v) = %d, %d, want %d, %d", tt.w, tt.h, tt.sar, w, h, tt.wantW, tt.wantH)
		}
	}
}

// The scaler writes vector registers: whatever the size, nothing may be
// written beyond the pad behind a frame, and the same pixels must come out as
// in roomy memory.
func TestScalerStaysInItsPixels(t *testing.T) {
	prepare()
	const guard = 512
	for _, format := range []astiav.PixelFormat{astiav.PixelFormatYuv420P, astiav.PixelFormatYuvj422P, astiav.PixelFormatNv12, astiav.PixelFormatYuv420P10Le, astiav.PixelFormatRgb24, astiav.PixelFormatGray8} {
		for w := 1; w <= 70; w++ {
			for _, h := range []int{1, 2, 3, 9} {
				for _, short := range []int{-1, 1, 5} {
					checkScaler(t, format, w, h, short, guard)
				}
			}
		}
	}
}

func checkScaler(t *testing.T, format astiav.PixelFormat, w, h, short, guard int) {
	t.Helper()
	pic := astiav.AllocFrame()
	defer pic.Free()
	pic.SetWidth(w)
	pic.SetHeight(h)
	pic.SetPixelFormat(format)
	if format == astiav.PixelFormatYuvj422P {
		pic.SetColorRange(astiav.ColorRangeJpeg)
	}
	if err := pic.AllocBuffer(0); err != nil {
		t.Fatal(err)
	}
	if err := pic.ImageFillBlack(); err != nil {
		t.Fatal(err)
	}
	var f facts
	f.read(pic)
	s := scaler{short: short, turn: turn{mirrorX: true, mirrorY: true}}
	defer s.free()
	if err := s.prepare(&f); err != nil {
		t.Fatalf("%v %d x %d, short %d: %v", format, w, h, short, err)
	}
	size := 3 * s.w * s.h
	s.scratch = bytes.Repeat([]byte{0xAA}, size+frame.Pad+guard)
	out, err := s.scale(pic, &f)
	if err != nil {
		t.Fatalf("%v %d x %d, short %d: %v", format, w, h, short, err)
	}
	for i, v := range s.scratch[size+frame.Pad:] {
		if v != 0xAA {
			t.Fatalf("%v %d x %d to %d x %d: byte %d behind the pad was written", format, w, h, s.w, s.h, i)
		}
	}
	// libswscale reads the colour of packed pixels by pairs, so the last of an
	// odd row is not exact; and what of grey is black depends on its range.
	for i, v := range out.Pix {
		if v > 2 && format != astiav.PixelFormatRgb24 && format != astiav.PixelFormatGray8 {
			t.Fatalf("%v %d x %d to %d x %d: byte %d of a black picture is %d", format, w, h, s.w, s.h, i, v)
		}
	}
}

func TestLibraryMessages(t *testing.T) {
	var out bytes.Buffer
	SetLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelInfo})))
	defer SetLogger(slog.Default())
	data := bytes.Clone(readFile(t, sample("people-detection.mp4")))
	for i := 10_000; i < 30_000; i += 3 {
		data[i] ^= 0x5A
	}
	// A name as long as names can be, for messages that carry it.
	path := writeFile(t, filepath.Join(t.TempDir(), strings.Repeat("n", 250)+".mp4"), data)
	before, _ := LibraryMessages()
	drain(t, path, Options{})
	after, _ := LibraryMessages()
	if after <= before {
		t.Error("damaged footage gave no messages")
	}
	if out.Len() != 0 {
		t.Errorf("printed although debug is off: %s", out.String())
	}
	SetLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	drain(t, path, Options{Threads: 1})
	if n := strings.Count(out.String(), "msg=ffmpeg"); n == 0 {
		t.Error("nothing was logged at debug")
	}
}

// Opening and closing must give back what libav allocated, also when opening
// or reading fails half way. The limit is loose: a Reader holds megabytes.
func TestNothingLeaks(t *testing.T) {
	dir := t.TempDir()
	whole := readFile(t, sample("people-detection.mp4"))
	short := writeFile(t, filepath.Join(dir, "short.mp4"), whole[:len(whole)/2])
	junk := writeFile(t, filepath.Join(dir, "junk.mp4"), bytes.Repeat([]byte("junk"), 1000))
	dst := filepath.Join(dir, "cut.mp4")
	round := func() {
		r, err := Open(context.Background(), sample("people-detection.mp4"), Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(context.Background()); err != nil {
			t.Fatal(err)
		}
		r.Close()
		for _, open := range openers {
			_ = open(context.Background(), short, dir)
			_ = open(context.Background(), junk, dir)
		}
		if _, err := FrameAt(context.Background(), sample("people-detection.mp4"), time.Second, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := Remux(context.Background(), sample("people-detection.mp4"), 0, time.Second, dst); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		round()
	}
	before := resident(t)
	for range 200 {
		round()
	}
	if grown := resident(t) - before; grown > 24<<20 {
		t.Errorf("200 rounds left %d KiB more in memory", grown>>10)
	}
}

// resident is the resident memory of the process, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	runtime.GC()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc")
	}
	var size, pages int
	if _, err := fmt.Sscan(string(b), &size, &pages); err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
