package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gembahq/gemba/agent/frame"
)

func TestPhotosFromTar(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "images.tar")
	writeTar(t, path, map[string][]byte{
		"images/a.png": onePixel(t, 255, 0, 0), "./images/deep/b.png": onePixel(t, 0, 255, 0), "other/c.png": onePixel(t, 0, 0, 255), "images/unused.txt": []byte("x"),
	})
	got := map[string][]byte{}
	take := func(name string, f *frame.Frame) error {
		got[name] = f.Pix
		return nil
	}
	if err := eachPhoto(context.Background(), path, []string{"deep/b.png", "a.png"}, take); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !bytes.Equal(got["a.png"], []byte{255, 0, 0}) || !bytes.Equal(got["deep/b.png"], []byte{0, 255, 0}) {
		t.Errorf("got %v", got)
	}
	err := eachPhoto(context.Background(), path, []string{"a.png", "c.png", "d.png"}, take)
	if err == nil || !strings.Contains(err.Error(), "2 photos of the table not in") || !strings.Contains(err.Error(), "c.png, d.png") {
		t.Errorf("missing photos: error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := eachPhoto(ctx, path, []string{"a.png"}, take); err != context.Canceled {
		t.Errorf("after the end of the context: error %v", err)
	}
}

// TestPhotosFollowLinks: photo folders are often links into a data set.
func TestPhotosFollowLinks(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "real", "a.png"), onePixel(t, 1, 2, 3), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(dir, "linked")); err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := eachPhoto(context.Background(), filepath.Join(dir, "linked"), []string{"a.png"}, func(string, *frame.Frame) error { n++; return nil }); err != nil || n != 1 {
		t.Errorf("%d photos, error %v", n, err)
	}
}

func TestBadPhotos(t *testing.T) {
	whole := onePixel(t, 1, 2, 3)
	huge := slices.Clone(whole)
	copy(huge[16:], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // 65,536 x 65,536 in the PNG header; its checksum no longer fits
	for name, raw := range map[string][]byte{"empty": {}, "text": []byte("hello"), "cut": whole[:len(whole)-20], "huge": huge} {
		if f, err := decodePhoto(raw); err == nil {
			t.Errorf("%s: gave a frame of %d x %d", name, f.Width, f.Height)
		}
	}
}

// TestFrameOfKinds: every kind of picture becomes packed RGB of its size, also
// where its bounds do not begin at 0.
func TestFrameOfKinds(t *testing.T) {
	src := image.NewRGBA(image.Rect(2, 3, 5, 5))
	for y := 3; y < 5; y++ {
		for x := 2; x < 5; x++ {
			src.Set(x, y, color.RGBA{200, 100, 50, 255})
		}
	}
	grey := image.NewGray(src.Bounds())
	for i := range grey.Pix {
		grey.Pix[i] = 77
	}
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, src, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	decoded, err := decodePhoto(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		f    *frame.Frame
		want [3]int
	}{"rgba": {frameOf(src), [3]int{200, 100, 50}}, "grey": {frameOf(grey), [3]int{77, 77, 77}}, "jpeg": {decoded, [3]int{200, 100, 50}}} {
		if tt.f.Width != 3 || tt.f.Height != 2 || len(tt.f.Pix) != 18 {
			t.Errorf("%s: %d x %d with %d bytes", name, tt.f.Width, tt.f.Height, len(tt.f.Pix))
			continue
		}
		for i, b := range tt.f.Pix {
			if d := int(b) - tt.want[i%3]; d < -3 || d > 3 {
				t.Errorf("%s: byte %d is %d, want %d", name, i, b, tt.want[i%3])
			}
		}
	}
}

func FuzzDecodePhoto(f *testing.F) {
	var raw bytes.Buffer
	if err := jpeg.Encode(&raw, image.NewGray(image.Rect(0, 0, 2, 2)), nil); err != nil {
		f.Fatal(err)
	}
	f.Add(raw.Bytes())
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 1<<16 {
			return
		}
		if p, err := decodePhoto(raw); err == nil && !p.Valid() {
			t.Errorf("an invalid frame of %d x %d", p.Width, p.Height)
		}
	})
}

func TestListFootage(t *testing.T) {
	dir := t.TempDir()
	writeFootage(t, dir)
	got, err := listFootage(filepath.Join(dir, "footage"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"blue.ts", "deep/green.mkv", "linked/red green.mp4", "red.mp4"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := os.Symlink("..", filepath.Join(dir, "footage", "deep", "up")); err != nil {
		t.Fatal(err)
	}
	if _, err := listFootage(filepath.Join(dir, "footage")); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("links in a circle: error %v", err)
	}
}

func onePixel(t *testing.T, r, g, b byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 1, 1))
	img.Set(0, 0, color.RGBA{r, g, b, 255})
	var raw bytes.Buffer
	if err := png.Encode(&raw, img); err != nil {
		t.Fatal(err)
	}
	return raw.Bytes()
}

func writeTar(t *testing.T, path string, files map[string][]byte) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := tar.NewWriter(f)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(fmt.Errorf("write %s: %w", name, err))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
