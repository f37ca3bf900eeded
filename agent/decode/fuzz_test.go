package decode

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// FuzzReader opens whatever bytes there are: no crash, no hang, no frame lost,
// nothing but the promises of Next. The seeds are small files of every
// container and the heads of the sample footage.
func FuzzReader(f *testing.F) {
	seeds, err := filepath.Glob("testdata/seeds/*")
	if err != nil || len(seeds) == 0 {
		f.Fatal("no seeds", err)
	}
	heads, err := filepath.Glob(filepath.Join(sampleDir, "*.mp4"))
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(seeds, heads...) {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 8<<10)], uint8(0))
		f.Add(b[:min(len(b), 3<<10)], uint8(1))
	}
	path := filepath.Join(f.TempDir(), "v.mp4")
	dst := filepath.Join(f.TempDir(), "cut.mp4")
	f.Fuzz(func(t *testing.T, data []byte, how uint8) {
		if len(data) > 64<<10 {
			return
		}
		writeFile(t, path, data)
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		pool := frame.NewPool()
		r, err := Open(ctx, path, Options{Mode: Mode(how & 1), Threads: 1 + int(how>>1&1), MaxFPS: float64(how >> 2 & 3), ShortSide: 32, Pool: pool})
		if err == nil {
			last := time.Duration(-1)
			for range 300 {
				fr, err := r.Next(ctx)
				if err != nil {
					if !errors.Is(err, io.EOF) && !errors.Is(err, ErrRead) && ctx.Err() == nil {
						t.Errorf("next: %v", err)
					}
					break
				}
				if !fr.Valid() || fr.Offset <= last {
					t.Errorf("%d x %d at %v after %v", fr.Width, fr.Height, fr.Offset, last)
				}
				last = fr.Offset
				fr.Release()
			}
			r.Close()
			if pool.Lent() != 0 {
				t.Errorf("%d frames not given back", pool.Lent())
			}
		}
		if how&64 != 0 {
			_, _ = FrameAt(ctx, path, time.Duration(how)*20*time.Millisecond, 32)
		}
		if how&128 != 0 {
			_, _ = Remux(ctx, path, time.Duration(how&63)*20*time.Millisecond, time.Second, dst)
		}
		if ctx.Err() != nil {
			t.Error("took more than five seconds")
		}
	})
}
