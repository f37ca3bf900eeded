package clip

import (
	"bytes"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gembahq/gemba/agent/frame"
)

// footage is a drawn source: a sequence of scenes with their own frame rates,
// with pauses between.
func footage(t *rapid.T) ([]looks, Options) {
	o := Options{
		Window:     time.Duration(rapid.IntRange(2000, 10000).Draw(t, "window")) * time.Millisecond,
		MaxFrames:  rapid.IntRange(1, 10).Draw(t, "frames"),
		StillEvery: time.Duration(rapid.IntRange(10, 90).Draw(t, "still")) * time.Second,
	}
	var out []looks
	var at time.Duration
	for range rapid.IntRange(1, 4).Draw(t, "scenes") {
		l := looks{
			room:  rapid.IntRange(0, 2).Draw(t, "room"),
			mover: rapid.Bool().Draw(t, "mover"),
			dark:  rapid.IntRange(0, 9).Draw(t, "dark") == 0,
		}
		step := time.Duration(rapid.IntRange(40, 3000).Draw(t, "step")) * time.Millisecond
		jitter := rapid.IntRange(0, 3).Draw(t, "jitter")
		for i := range rapid.IntRange(1, 40).Draw(t, "n") {
			l.offset = at
			out = append(out, l)
			at += step + time.Duration(i*7919%(jitter*10+1))*time.Millisecond
		}
		at += time.Duration(rapid.SampledFrom([]int{0, 0, 0, 5, 40, 400}).Draw(t, "pause")) * time.Second
	}
	return out, o
}

// longestPause is the longest pause of footage that may become its usual step,
// and so lie within a clip; the one of 400 s may not.
const longestPause = 43*time.Second + 100*time.Millisecond

func TestClipsOfAnyFootage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, o := footage(t)
		s := newScene(32, 18, 0)
		clips := cutAll(t, s, all, o)
		checkClips(t, clips, o)

		// Every frame lies in exactly one clip: nothing of the footage is
		// uncovered, and no clip spans a pause that is longer than the rule.
		i := 0
		for _, l := range all {
			for i < len(clips) && clips[i].End <= l.offset {
				i++
			}
			if i == len(clips) || l.offset < clips[i].Start {
				t.Fatalf("the frame at %v lies in no clip: %v", l.offset, spans(clips))
			}
		}
		for _, k := range clips {
			limit := o.Window + longestPause + shortest
			if k.Still {
				limit = o.StillEvery + longestPause + shortest
			}
			if k.End-k.Start > max(limit, 4*3030*time.Millisecond) {
				t.Fatalf("clip of %v, window is %v: %v", k.End-k.Start, o.Window, spans(clips))
			}
		}

		// The same footage gives the same clips.
		again := cutAll(t, s, all, o)
		if len(again) != len(clips) {
			t.Fatalf("%d clips, then %d", len(clips), len(again))
		}
		for i, k := range again {
			w := clips[i]
			if k.Start != w.Start || k.End != w.End || k.Best != w.Best || k.Still != w.Still || k.Motion != w.Motion || !bytes.Equal(k.Thumbnail, w.Thumbnail) {
				t.Fatalf("clip %d differs in a second run", i)
			}
		}
		for _, k := range append(clips, again...) {
			k.Release()
		}
		if n := s.pool.Lent(); n != 0 {
			t.Fatalf("%d frames were not given back", n)
		}
	})
}

func cutAll(t *rapid.T, s *scene, all []looks, o Options) []Clip {
	c, err := NewCutter(o)
	if err != nil {
		t.Fatal(err)
	}
	var clips []Clip
	for _, l := range all {
		f := s.frame(l)
		clips = append(clips, c.Push(f)...)
		f.Release()
	}
	return append(clips, c.Flush()...)
}

// What was cut must not depend on what comes long after: the clips of a source
// that is read only in part are the first clips of the whole.
func TestClipsOfAPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all, o := footage(t)
		s := newScene(32, 18, 0)
		n := rapid.IntRange(1, len(all)).Draw(t, "part")
		whole, part := cutAll(t, s, all, o), cutAll(t, s, all[:n], o)
		// Only the last two can differ: one is cut short, one took the tail.
		for i := range len(part) - 2 {
			if part[i].Start != whole[i].Start || part[i].End != whole[i].End {
				t.Fatalf("clip %d is [%v %v) of the part, [%v %v) of the whole", i, part[i].Start, part[i].End, whole[i].Start, whole[i].End)
			}
		}
	})
}

func FuzzCutter(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 1, 0, 0, 200, 1, 1, 0, 100, 20})
	f.Add([]byte{64, 36, 0, 40, 9, 64, 36, 0, 40, 200, 36, 64, 255, 255, 0, 64, 36, 0, 1, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		pool := frame.NewPool()
		c := mustCutter(t, Options{})
		var clips []Clip
		var at time.Duration
		for ; len(data) >= 5 && len(clips) < 50; data = data[5:] {
			fr := pool.Get(int(data[0]), int(data[1]))
			at += time.Duration(int16(data[2])<<8|int16(data[3])) * time.Millisecond
			fr.Offset = at
			for i := range fr.Pix {
				fr.Pix[i] = data[4] + byte(i)*(data[4]&7)
			}
			clips = append(clips, c.Push(fr)...)
			fr.Release()
		}
		clips = append(clips, c.Flush()...)
		checkClips(t, clips, Options{})
		for _, k := range clips {
			k.Release()
		}
		if n := pool.Lent(); n != 0 {
			t.Fatalf("%d frames were not given back", n)
		}
	})
}
