package clip

import (
	"bytes"
	"image/jpeg"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

const sec = time.Second

func still(time.Duration) looks  { return looks{} }
func moving(time.Duration) looks { return looks{mover: true} }

type span struct {
	start, end float64 // seconds
	still      bool
	frames     int
}

func TestCuts(t *testing.T) {
	tests := map[string]struct {
		o     Options
		fps   float64
		noise int
		to    time.Duration
		what  func(time.Duration) looks
		want  []span
	}{
		"moving for twelve seconds": {
			fps: 12.5, to: 12 * sec, what: moving,
			want: []span{{0, 4, false, 8}, {4, 8, false, 8}, {8, 12, false, 8}},
		},
		"still for two and a half minutes": {
			fps: 10, noise: 6, to: 150 * sec, what: still,
			want: []span{{0, 60, true, 8}, {60, 120, true, 8}, {120, 150, true, 8}},
		},
		"a file shorter than a window": {
			fps: 12, to: 3 * sec, what: moving,
			want: []span{{0, 3, false, 6}},
		},
		"a tail shorter than a second joins the clip before": {
			fps: 10, to: 8500 * time.Millisecond, what: moving,
			want: []span{{0, 4, false, 8}, {4, 8.5, false, 8}},
		},
		"a file shorter than a second": {
			fps: 25, to: 400 * time.Millisecond, what: moving,
			want: []span{{0, 0.4, false, 1}},
		},
		"somebody comes after ten seconds and leaves after fifteen": {
			fps: 10, to: 30 * sec,
			what: func(at time.Duration) looks { return looks{mover: at >= 10*sec && at < 15*sec} },
			want: []span{{0, 10, true, 5}, {10, 14, false, 8}, {14, 16, false, 4}, {16, 30, true, 7}},
		},
		"motion from the first second keeps the window": {
			fps: 10, to: 8 * sec,
			what: func(at time.Duration) looks { return looks{mover: at >= sec} },
			want: []span{{0, 4, false, 8}, {4, 8, false, 8}},
		},
		"a change of scene begins a clip": {
			fps: 10, to: 12 * sec,
			what: func(at time.Duration) looks { return looks{room: int(at / (5 * sec))} },
			want: []span{{0, 5, true, 5}, {5, 10, true, 5}, {10, 12, true, 4}},
		},
		"key frames two seconds apart": {
			fps: 0.5, to: 24 * sec, what: moving,
			want: []span{{0, 4, false, 2}, {4, 8, false, 2}, {8, 12, false, 2}, {12, 16, false, 2}, {16, 20, false, 2}, {20, 24, false, 2}},
		},
		"key frames two seconds apart, still": {
			fps: 0.5, to: 130 * sec, what: still,
			want: []span{{0, 60, true, 8}, {60, 120, true, 8}, {120, 130, true, 5}},
		},
		"key frames twelve seconds apart": {
			fps: 1. / 12, to: 48 * sec, what: moving,
			// The end of the last one is a guess: at most a window on.
			want: []span{{0, 12, true, 1}, {12, 24, false, 1}, {24, 36, false, 1}, {36, 40, false, 1}},
		},
		"one frame a minute": {
			fps: 1. / 60, to: 200 * sec, what: still,
			// That frames come once a minute is known only after two of them.
			want: []span{{0, 1, true, 1}, {60, 120, true, 1}, {120, 180, true, 1}, {180, 184, true, 1}},
		},
		"longer windows, fewer frames": {
			o: Options{Window: 10 * sec, MaxFrames: 4}, fps: 5, to: 20 * sec, what: moving,
			want: []span{{0, 10, false, 4}, {10, 20, false, 4}},
		},
		"one frame a clip": {
			o: Options{MaxFrames: 1, StillEvery: 10 * sec}, fps: 5, to: 15 * sec, what: still,
			want: []span{{0, 10, true, 1}, {10, 15, true, 1}},
		},
		"the door opens and stays open": {
			fps: 10, to: 40 * sec,
			what: func(at time.Duration) looks {
				return looks{door: at >= 10*sec}
			},
			want: []span{{0, 10, true, 5}, {10, 12, false, 4}, {12, 40, true, 7}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(160, 90, tt.noise)
			c := mustCutter(t, tt.o)
			clips := s.run(c, 0, tt.to, tt.fps, tt.what)
			clips = append(clips, c.Flush()...)
			var got []span
			for _, k := range clips {
				got = append(got, span{k.Start.Seconds(), k.End.Seconds(), k.Still, len(k.Frames)})
			}
			if len(got) != len(tt.want) {
				t.Fatalf("got  %v\nwant %v", got, tt.want)
			}
			for i, w := range tt.want {
				g := got[i]
				// A boundary at motion may come one look late.
				if g.still != w.still || abs(g.start-w.start) > 0.41 || abs(g.end-w.end) > 0.41 || abs(float64(g.frames-w.frames)) > 1 || w.frames == DefaultMaxFrames && g.frames != w.frames && !w.still {
					t.Errorf("clip %d: got %v, want %v", i, g, w)
				}
			}
			checkClips(t, clips, tt.o)
			for _, k := range clips {
				k.Release()
			}
			if n := s.pool.Lent(); n != 0 {
				t.Errorf("%d frames were not given back", n)
			}
		})
	}
}

func TestGapIsNotCovered(t *testing.T) {
	s := newScene(64, 36, 0)
	c := mustCutter(t, Options{})
	clips := s.run(c, 0, 20*sec, 10, still)
	clips = append(clips, s.run(c, 50*sec, 60*sec, 10, still)...)
	clips = append(clips, c.FlushAt(60*sec)...)
	if len(clips) != 2 || clips[0].Start != 0 || clips[0].End != 20*sec || clips[1].Start != 50*sec || clips[1].End != 60*sec {
		t.Fatalf("got %v", spans(clips))
	}
	checkClips(t, clips, Options{})
}

func TestFlushAtDistrustsTheHeader(t *testing.T) {
	for _, end := range []time.Duration{-sec, 0, 5 * sec, time.Hour} {
		s := newScene(64, 36, 0)
		c := mustCutter(t, Options{})
		s.run(c, 0, 6*sec, 10, still)
		clips := c.FlushAt(end)
		if len(clips) != 1 || clips[0].End != 6*sec {
			t.Errorf("end %v: got %v", end, spans(clips))
		}
	}
}

func TestFlushWithoutFrames(t *testing.T) {
	c := mustCutter(t, Options{})
	if got := c.Flush(); got != nil {
		t.Fatalf("got %v", spans(got))
	}
	s := newScene(64, 36, 0)
	s.run(c, 0, sec, 10, still)
	if got := c.Flush(); len(got) != 1 {
		t.Fatalf("got %v", spans(got))
	}
	if got := c.Flush(); got != nil {
		t.Fatalf("a second flush gave %v", spans(got))
	}
	if got := append(s.run(c, 2*sec, 3*sec, 10, still), c.Flush()...); len(got) != 1 || got[0].Start != 2*sec {
		t.Fatalf("after a flush: got %v", spans(got))
	}
}

func TestCloseGivesFramesBack(t *testing.T) {
	s := newScene(64, 36, 0)
	c := mustCutter(t, Options{})
	for _, k := range s.run(c, 0, 8500*time.Millisecond, 10, moving) {
		k.Release()
	}
	if s.pool.Lent() == 0 {
		t.Fatal("nothing was kept")
	}
	c.Close()
	if n := s.pool.Lent(); n != 0 {
		t.Fatalf("%d frames were not given back", n)
	}
	if got := c.Flush(); got != nil {
		t.Fatalf("flush after close gave %v", spans(got))
	}
}

func TestKeepsFewFrames(t *testing.T) {
	s := newScene(64, 36, 3)
	c := mustCutter(t, Options{})
	most := 0
	for i := range 25 * 90 {
		f := s.frame(looks{mover: i/500%2 == 1, offset: time.Duration(i) * 40 * time.Millisecond})
		for _, k := range c.Push(f) {
			k.Release()
		}
		f.Release()
		most = max(most, s.pool.Lent())
	}
	if most > 2*DefaultMaxFrames {
		t.Fatalf("%d frames kept at once, want at most two windows of %d", most, DefaultMaxFrames)
	}
}

func TestFramesOutOfOrderAreLeftOut(t *testing.T) {
	s := newScene(64, 36, 0)
	c := mustCutter(t, Options{})
	c.Push(nil)
	c.Push(&frame.Frame{Width: 4, Height: 4, Pix: make([]byte, 5)})
	for _, at := range []time.Duration{-sec, 0, 0, sec, sec / 2, 2 * sec} {
		f := s.frame(looks{offset: at})
		c.Push(f)
		f.Release()
	}
	if got := c.Dropped(); got != 5 {
		t.Errorf("dropped %d, want 5", got)
	}
	clips := c.Flush()
	if len(clips) != 1 || len(clips[0].Frames) != 3 {
		t.Fatalf("got %v", spans(clips))
	}
}

func TestBestAvoidsBlackAndBlurred(t *testing.T) {
	tests := map[string]struct {
		what func(at time.Duration) looks
		want func(f *frame.Frame) bool
	}{
		"black but for a moment": {
			what: func(at time.Duration) looks { return looks{dark: at < 2500*time.Millisecond} },
			want: func(f *frame.Frame) bool { return f.Offset >= 2500*time.Millisecond },
		},
		"blurred but for a moment": {
			what: func(at time.Duration) looks { return looks{blur: at < 2900*time.Millisecond} },
			want: func(f *frame.Frame) bool { return f.Offset >= 2900*time.Millisecond },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScene(320, 180, 0)
			// One window, whatever happens in it.
			w := &window{}
			o, _ := Options{}.withDefaults()
			var smp sampler
			var pic lowRes
			for i := range 40 {
				l := tt.what(time.Duration(i) * 100 * time.Millisecond)
				l.offset = time.Duration(i) * 100 * time.Millisecond
				f := s.frame(l)
				smp.read(f, &pic)
				if i == 0 {
					w.begin(f, &pic, o)
				} else {
					w.offer(f, &pic)
				}
			}
			if k := w.kept[best(w.kept)]; !tt.want(k.frame) {
				t.Errorf("chose the frame at %v", k.frame.Offset)
			}
		})
	}
}

func TestThumbnailSize(t *testing.T) {
	for _, tt := range []struct{ w, h, wantW, wantH int }{
		{512, 288, 512, 288}, {288, 512, 288, 512}, {1024, 576, 512, 288}, {1, 1, 1, 1},
		{3000, 2, 512, 1}, {1, 9000, 1, 4096}, {640, 9000, 291, 4096}, {7680, 4320, 512, 288},
	} {
		f := &frame.Frame{Pix: bytes.Repeat([]byte{10, 120, 240}, tt.w*tt.h), Width: tt.w, Height: tt.h}
		var th thumbnailer
		img, err := jpeg.Decode(bytes.NewReader(th.encode(f)))
		if err != nil {
			t.Errorf("%dx%d: %v", tt.w, tt.h, err)
			continue
		}
		if b := img.Bounds(); b.Dx() != tt.wantW || b.Dy() != tt.wantH {
			t.Errorf("%dx%d: thumbnail is %dx%d, want %dx%d", tt.w, tt.h, b.Dx(), b.Dy(), tt.wantW, tt.wantH)
		}
		r, g, b, _ := img.At(0, 0).RGBA()
		if abs(float64(r>>8)-10) > 4 || abs(float64(g>>8)-120) > 4 || abs(float64(b>>8)-240) > 4 {
			t.Errorf("%dx%d: colour is %d %d %d", tt.w, tt.h, r>>8, g>>8, b>>8)
		}
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	for _, o := range []Options{
		{Window: sec}, {Window: 11 * sec}, {Window: -sec}, {MaxFrames: -1}, {MaxFrames: 65},
		{StillEvery: sec}, {StillEvery: -sec}, {MotionThreshold: -0.1}, {MotionThreshold: 1},
	} {
		if _, err := NewCutter(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func mustCutter(t testing.TB, o Options) *Cutter {
	t.Helper()
	c, err := NewCutter(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// fataler is what testing.T and rapid.T share.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

// checkClips holds what is true of the clips of any source.
func checkClips(t fataler, clips []Clip, o Options) {
	t.Helper()
	o, err := o.withDefaults()
	if err != nil {
		t.Fatalf("%v", err)
	}
	for i, k := range clips {
		if k.End <= k.Start {
			t.Fatalf("clip %d ends at %v, before its start %v", i, k.End, k.Start)
		}
		if i > 0 && k.Start < clips[i-1].End {
			t.Fatalf("clip %d starts at %v, before the end of the one before, %v", i, k.Start, clips[i-1].End)
		}
		if n := len(k.Frames); n < 1 || n > o.MaxFrames {
			t.Fatalf("clip %d has %d frames", i, n)
		}
		if k.Best < 0 || k.Best >= len(k.Frames) {
			t.Fatalf("clip %d: best is %d of %d", i, k.Best, len(k.Frames))
		}
		if k.Frames[0].Offset != k.Start {
			t.Fatalf("clip %d starts at %v, its first frame is at %v", i, k.Start, k.Frames[0].Offset)
		}
		for j, f := range k.Frames {
			if f.Offset < k.Start || f.Offset >= k.End || j > 0 && f.Offset <= k.Frames[j-1].Offset {
				t.Fatalf("clip %d [%v %v): frame %d at %v", i, k.Start, k.End, j, f.Offset)
			}
		}
		if k.Motion < 0 || k.Motion > 1 || k.Motion != k.Motion {
			t.Fatalf("clip %d: motion %v", i, k.Motion)
		}
		if len(k.Thumbnail) == 0 {
			t.Fatalf("clip %d has no thumbnail", i)
		}
	}
}

func spans(clips []Clip) []span {
	var out []span
	for _, k := range clips {
		out = append(out, span{k.Start.Seconds(), k.End.Seconds(), k.Still, len(k.Frames)})
	}
	return out
}

func abs(x float64) float64 { return max(x, -x) }
