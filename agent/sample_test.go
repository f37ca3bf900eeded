package agent

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/clip"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
)

const sampleFootage = "../testdata/footage"

// realEncoder loads the bundled pack, or skips the test by name where there is
// no pack or no ONNX Runtime.
func realEncoder(t testing.TB) *encode.Encoder {
	t.Helper()
	p, err := encode.OpenPack("../packaging/pack")
	if err != nil {
		t.Skipf("no bundled pack: %v", err)
	}
	e, err := encode.New(p, encode.Options{Provider: encode.CPU})
	if errors.Is(err, encode.ErrRuntime) {
		t.Skipf("no ONNX Runtime: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func sampleFiles(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(sampleFootage, "*.mp4"))
	if err != nil || len(files) != 7 {
		t.Fatalf("the sample footage has %d files, %v", len(files), err)
	}
	return files
}

// realImporter decodes and encodes for real; only the index is a fake.
func realImporter(t testing.TB, e *encode.Encoder) (*Importer, *fakeStore) {
	t.Helper()
	l, err := ledger.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	store := &fakeStore{}
	im, err := NewImporter(Deps{Store: store, Encoder: e, Ledger: l, PackHash: e.Pack().Hash()})
	if err != nil {
		t.Fatal(err)
	}
	return im, store
}

func TestImportSampleFootage(t *testing.T) {
	im, store := realImporter(t, realEncoder(t))
	req := ImportRequest{Paths: []string{sampleFootage}, Camera: "sample", Location: time.UTC}
	r, err := im.Import(ctx, req, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Files != 7 || len(r.Taken) != 7 || len(r.Failed) != 0 || r.Clips < 40 || r.Clips != len(store.clips) {
		t.Fatalf("report %+v", r)
	}
	if r.SecondsOfFootage < 230 || r.SecondsOfFootage > 245 {
		t.Errorf("%v seconds of footage", r.SecondsOfFootage)
	}
	for _, c := range store.clips {
		if len(c.Vector) != 384 || len(c.Plain) != 384 || len(c.FrameOffsets) == 0 || len(c.FrameOffsets) > 8 ||
			c.Tokens.Rows != 4*len(c.FrameOffsets) || len(c.Tokens.Data) != c.Tokens.Rows*c.Tokens.Dims || len(c.Thumbnail) < 500 ||
			c.Duration <= 0 || !slices.IsSorted(c.FrameOffsets) || c.FrameOffsets[0] < 0 || c.FrameOffsets[len(c.FrameOffsets)-1] >= c.Duration {
			t.Errorf("%s at %s: %d numbers, %d frames, %d token rows, thumbnail of %d bytes, %s long, frames at %v",
				c.Source.Path, c.Source.Offset, len(c.Vector), len(c.FrameOffsets), c.Tokens.Rows, len(c.Thumbnail), c.Duration, c.FrameOffsets)
		}
	}
	t.Logf("%d clips of %.0f s of footage in %.1f s", r.Clips, r.SecondsOfFootage, r.WallSeconds)
	if again, err := im.Import(ctx, req, nil); err != nil || again.Skipped != 7 || again.Clips != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// BenchmarkIngest compares taking in the sample footage with the sum of its
// parts: decoding and scaling the same frames alone, and the model alone on the
// same clips.
func BenchmarkIngest(b *testing.B) {
	e := realEncoder(b)
	files := sampleFiles(b)
	var footage, parts, whole time.Duration
	var clips int
	for range b.N {
		began := time.Now()
		for _, path := range files {
			footage += decodeAll(b, path, nil)
		}
		decodeTime := time.Since(began)

		var all []clip.Clip
		for _, path := range files {
			decodeAll(b, path, func(c clip.Clip) { all = append(all, c) })
		}
		began = time.Now()
		for batch := range slices.Chunk(all, 4) {
			frames := make([][]*frame.Frame, len(batch))
			for i, c := range batch {
				frames[i] = c.Frames
			}
			if _, err := e.EncodeClips(ctx, frames); err != nil {
				b.Fatal(err)
			}
		}
		encodeTime := time.Since(began)
		parts += decodeTime + encodeTime

		im, store := realImporter(b, e)
		began = time.Now()
		if _, err := im.Import(ctx, ImportRequest{Paths: []string{sampleFootage}, Camera: "sample", Location: time.UTC}, nil); err != nil {
			b.Fatal(err)
		}
		whole += time.Since(began)
		clips = len(store.clips)
		if clips != len(all) {
			b.Fatalf("%d clips, want %d", clips, len(all))
		}
		b.ReportMetric(decodeTime.Seconds(), "decode-s")
		b.ReportMetric(encodeTime.Seconds(), "encode-s")
	}
	b.ReportMetric(parts.Seconds()/whole.Seconds(), "parts/whole")
	b.ReportMetric(footage.Seconds()/whole.Seconds(), "x-real-time")
	b.ReportMetric(float64(clips), "clips")
}

// decodeAll decodes a file as the pipeline does and returns its length. With
// take it also cuts.
func decodeAll(b *testing.B, path string, take func(clip.Clip)) time.Duration {
	b.Helper()
	r, err := decode.Open(ctx, path, decode.Options{MaxFPS: 10, ReadAhead: readAhead})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	cutter, err := clip.NewCutter(clip.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var last time.Duration
	for {
		f, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		last = f.Offset
		if take != nil {
			for _, c := range cutter.Push(f) {
				take(c)
			}
		}
		f.Release()
	}
	if take != nil {
		for _, c := range cutter.FlushAt(r.Info().Duration) {
			take(c)
		}
	}
	return last
}
