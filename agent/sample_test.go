package agent

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/encode"
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
