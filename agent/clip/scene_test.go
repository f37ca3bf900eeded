package clip

import (
	"math/rand/v2"
	"time"

	"github.com/gembahq/gemba/agent/frame"
)

// scene makes frames of a made-up camera: a textured background, noise, and a
// square that goes round while something moves.
type scene struct {
	pool  *frame.Pool
	w, h  int
	noise int // amplitude of sensor noise, grey levels
	rng   *rand.Rand
}

func newScene(w, h, noise int) *scene {
	return &scene{pool: frame.NewPool(), w: w, h: h, noise: noise, rng: rand.New(rand.NewPCG(1, 2))}
}

// look describes one picture.
type looks struct {
	room   int  // which background
	mover  bool // a square is there, placed by the time
	door   bool // a square is there and stays
	dark   bool
	blur   bool
	offset time.Duration
}

func (s *scene) frame(l looks) *frame.Frame {
	f := s.pool.Get(s.w, s.h)
	f.Offset = l.offset
	size := max(s.w/8, 1)
	left := int(l.offset.Milliseconds()) * s.w / 4000 % max(s.w-size, 1)
	top := s.h / 3
	for y := range s.h {
		for x := range s.w {
			v := 40 + (x*97/s.w+y*53/s.h*(l.room+1)+l.room*61)%160
			if !l.blur && (x/4+y/4)%2 == 0 {
				v += 12
			}
			if l.mover && x >= left && x < left+size && y >= top && y < top+size {
				v = 250
			}
			if l.door && x < s.w/6 && y > s.h/2 {
				v = 230
			}
			if l.dark {
				v = 4
			}
			if s.noise > 0 {
				v += s.rng.IntN(2*s.noise+1) - s.noise
			}
			v = min(max(v, 0), 255)
			i := 3 * (y*s.w + x)
			f.Pix[i], f.Pix[i+1], f.Pix[i+2] = byte(v), byte(v), byte(v)
		}
	}
	return f
}

// run pushes frames at a rate for a time and collects the clips.
func (s *scene) run(c *Cutter, from, to time.Duration, fps float64, what func(at time.Duration) looks) []Clip {
	var out []Clip
	for i := 0; ; i++ {
		at := from + time.Duration(float64(i)*float64(time.Second)/fps)
		if at >= to {
			return out
		}
		l := what(at)
		l.offset = at
		f := s.frame(l)
		out = append(out, c.Push(f)...)
		f.Release()
	}
}
