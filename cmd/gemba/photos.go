package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // photo formats that are read
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/gembahq/gemba/agent/frame"
)

const (
	maxPhotoBytes  = 64 << 20
	maxPhotoPixels = 100e6 // width times height, before anything is decoded
	tarFolder      = "images/"
)

// eachPhoto reads the named photos from a folder, or from the folder images/
// of a tar file, and hands each to do as an RGB frame, in no particular order.
// A photo that is missing or no picture is an error: a figure over fewer
// photos than were asked for would be misleading.
func eachPhoto(ctx context.Context, from string, names []string, do func(name string, f *frame.Frame) error) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return eachPhotoInFolder(ctx, from, names, do)
	}
	return eachPhotoInTar(ctx, from, names, do)
}

func eachPhotoInFolder(ctx context.Context, dir string, names []string, do func(string, *frame.Frame) error) error {
	var missing []string
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, os.ErrNotExist) {
			missing = append(missing, name)
			continue
		}
		if err != nil {
			return err
		}
		err = readPhoto(f, name, do)
		f.Close()
		if err != nil {
			return err
		}
	}
	return missingPhotos(dir, missing)
}

func eachPhotoInTar(ctx context.Context, path string, names []string, do func(string, *frame.Frame) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	wanted := make(map[string]bool, len(names))
	for _, n := range names {
		wanted[n] = true
	}
	r := tar.NewReader(f)
	for len(wanted) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read %s as a tar file: %w", path, err)
		}
		name, ok := strings.CutPrefix(strings.TrimPrefix(h.Name, "./"), tarFolder)
		if !ok || !wanted[name] || h.Typeflag != tar.TypeReg {
			continue
		}
		delete(wanted, name)
		if err := readPhoto(r, name, do); err != nil {
			return fmt.Errorf("in %s: %w", path, err)
		}
	}
	var missing []string
	for name := range wanted {
		missing = append(missing, name)
	}
	return missingPhotos(path, missing)
}

func missingPhotos(from string, missing []string) error {
	if len(missing) == 0 {
		return nil
	}
	sort.Strings(missing)
	shown := missing[:min(5, len(missing))]
	return fmt.Errorf("%s of the table not in %s, among them %s", count(len(missing), "photo"), from, strings.Join(shown, ", "))
}

func readPhoto(r io.Reader, name string, do func(string, *frame.Frame) error) error {
	raw, err := io.ReadAll(io.LimitReader(r, maxPhotoBytes+1))
	if err != nil {
		return fmt.Errorf("read photo %s: %w", name, err)
	}
	if len(raw) > maxPhotoBytes {
		return fmt.Errorf("photo %s is larger than %d MiB", name, maxPhotoBytes>>20)
	}
	f, err := decodePhoto(raw)
	if err != nil {
		return fmt.Errorf("photo %s: %w", name, err)
	}
	return do(name, f)
}

// decodePhoto turns JPEG or PNG bytes into a frame.
func decodePhoto(raw []byte) (*frame.Frame, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("is no JPEG or PNG picture: %w", err)
	}
	if c.Width < 1 || c.Height < 1 || float64(c.Width)*float64(c.Height) > maxPhotoPixels {
		return nil, fmt.Errorf("is %d x %d pixels; at most %.0f million are read", c.Width, c.Height, maxPhotoPixels/1e6)
	}
	img, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	return frameOf(img), nil
}

// frameOf copies a picture into packed RGB. Transparent parts become black.
func frameOf(img image.Image) *frame.Frame {
	b := img.Bounds()
	f := &frame.Frame{Width: b.Dx(), Height: b.Dy(), Pix: make([]byte, 3*b.Dx()*b.Dy())}
	at := 0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := img.At(x, y).RGBA()
			f.Pix[at], f.Pix[at+1], f.Pix[at+2] = byte(r>>8), byte(g>>8), byte(bl>>8)
			at += 3
		}
	}
	return f
}
