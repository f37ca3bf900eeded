package frame

import (
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFrameReturnsToPoolOnLastRelease(t *testing.T) {
	p := NewPool()
	f := p.Get(4, 3)
	if !f.Valid() || len(f.Pix) != 36 || cap(f.Pix) < 36+Pad {
		t.Fatalf("got %dx%d with %d bytes (capacity %d)", f.Width, f.Height, len(f.Pix), cap(f.Pix))
	}
	f.Offset, f.Time, f.Key = time.Second, time.Now(), true
	f.Retain()
	f.Release()
	if got := p.Lent(); got != 1 {
		t.Fatalf("lent %d after the first of two releases, want 1", got)
	}
	if g := p.Get(4, 3); g == f {
		t.Fatal("a frame that is still held was lent again")
	}
	f.Release()
	g := p.Get(3, 4) // same number of bytes, other shape
	if g != f {
		t.Fatal("the released frame was not reused")
	}
	if g.Width != 3 || g.Height != 4 || g.Offset != 0 || !g.Time.IsZero() || g.Key {
		t.Fatalf("a reused frame carries old fields: %+v", g)
	}
}

func TestReleaseTooManyIsIgnored(t *testing.T) {
	p := NewPool()
	f := p.Get(2, 2)
	f.Release()
	f.Release()
	a, b := p.Get(2, 2), p.Get(2, 2)
	if a == b {
		t.Fatal("one frame was lent twice")
	}
	if got := p.Lent(); got != 2 {
		t.Fatalf("lent %d, want 2", got)
	}
}

func TestFramesWithoutPool(t *testing.T) {
	var none *Frame
	none.Retain()
	none.Release()
	if none.Valid() {
		t.Error("a nil frame is valid")
	}
	hand := &Frame{Pix: make([]byte, 3), Width: 1, Height: 1}
	hand.Retain()
	hand.Release()
	hand.Release()
	if !hand.Valid() {
		t.Error("a frame made by hand is not valid")
	}
	var p *Pool
	f := p.Get(2, 1)
	if !f.Valid() {
		t.Error("a nil pool lent a frame that is not valid")
	}
	f.Release()
	if p.Lent() != 0 || p.IdleBytes() != 0 {
		t.Error("a nil pool counts")
	}
	if NewPool().Get(0, 5).Valid() || NewPool().Get(5, -1).Valid() {
		t.Error("a frame without area is valid")
	}
}

func TestPoolKeepsAtMostTheBound(t *testing.T) {
	p := NewPool()
	var held []*Frame
	for i := range 40 { // 40 sizes of about 3 MB
		held = append(held, p.Get(1000, 1000+i))
	}
	for _, f := range held {
		f.Release()
	}
	if got := p.IdleBytes(); got > maxIdleBytes {
		t.Fatalf("%d bytes idle, bound is %d", got, maxIdleBytes)
	}
	// The size that came back last is the one in use: it must still be there.
	last := held[len(held)-1]
	if p.Get(last.Width, last.Height) != last {
		t.Error("the size in use was evicted")
	}
	huge := p.Get(4000, 4000)
	huge.Release()
	if p.Get(4000, 4000) == huge {
		t.Error("a frame above the bound was kept")
	}
}

func TestPoolAccounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPool()
		type held struct {
			f    *Frame
			refs int
		}
		var out []held
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch op := rapid.IntRange(0, 2).Draw(t, "op"); {
			case op == 0 || len(out) == 0:
				f := p.Get(rapid.IntRange(1, 9).Draw(t, "w"), rapid.IntRange(1, 9).Draw(t, "h"))
				for _, o := range out {
					if o.f == f {
						t.Fatal("a held frame was lent again")
					}
				}
				out = append(out, held{f, 1})
			case op == 1:
				i := rapid.IntRange(0, len(out)-1).Draw(t, "i")
				out[i].f.Retain()
				out[i].refs++
			default:
				i := rapid.IntRange(0, len(out)-1).Draw(t, "i")
				out[i].f.Release()
				if out[i].refs--; out[i].refs == 0 {
					out = append(out[:i], out[i+1:]...)
				}
			}
			if p.Lent() != len(out) {
				t.Fatalf("lent %d, held %d", p.Lent(), len(out))
			}
		}
	})
}

func TestPoolFromManyGoroutines(t *testing.T) {
	p := NewPool()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				f := p.Get(8, 1+(i+g)%3)
				f.Pix[0] = byte(g)
				f.Retain()
				if f.Pix[0] != byte(g) {
					t.Error("two goroutines share a frame")
				}
				f.Release()
				f.Release()
			}
		})
	}
	wg.Wait()
	if got := p.Lent(); got != 0 {
		t.Fatalf("lent %d at the end", got)
	}
}

func BenchmarkPoolGetRelease(b *testing.B) {
	p := NewPool()
	b.ReportAllocs()
	for b.Loop() {
		p.Get(512, 288).Release()
	}
}
