package preprocess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// maxDifference is how far a byte may be from Pillow's: not at all.
const maxDifference = 0

func TestEqualToPillow(t *testing.T) {
	var cases []struct {
		Width, Height      int
		Kind, Filter, View string
		To                 [2]int
	}
	text, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/expected.bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		name := fmt.Sprintf("%dx%d to %v, %s, %s, %s", c.Width, c.Height, c.To, c.Kind, c.Filter, c.View)
		p := newPreprocessor(t, c.Filter, c.To[0], c.To[1], c.View)
		got := make([]byte, p.Len())
		if err := p.RGB(got, 0, synthetic(c.Width, c.Height, c.Kind), c.Width, c.Height); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		worst, at := 0, 0
		for i := range got {
			if d := max(int(got[i])-int(want[i]), int(want[i])-int(got[i])); d > worst {
				worst, at = d, i
			}
		}
		if worst > maxDifference {
			t.Errorf("%s: byte %d is %d, Pillow has %d", name, at, got[at], want[at])
		}
		want = want[len(got):]
	}
	if len(want) != 0 || len(cases) < 60 {
		t.Errorf("%d cases, %d bytes left", len(cases), len(want))
	}
}

func TestTensorNormalisesIntoPlanes(t *testing.T) {
	p, err := New(Config{Width: 4, Height: 3, Mean: [3]float32{127, 100, 0}, Std: [3]float32{128, 50, 255}, Views: []string{"squash"}})
	if err != nil {
		t.Fatal(err)
	}
	pix := synthetic(4, 3, "noise")
	dst := make([]float32, p.Len())
	if err := p.Tensor(dst, 0, pix, 4, 3); err != nil {
		t.Fatal(err)
	}
	mean, std := []float32{127, 100, 0}, []float32{128, 50, 255}
	for i := range 12 {
		for c := range 3 {
			if got, want := dst[c*12+i], (float32(pix[3*i+c])-mean[c])/std[c]; got != want {
				t.Fatalf("pixel %d channel %d: %v, want %v", i, c, got, want)
			}
		}
	}
}

// Flipping the picture and flipping the view is no change.
func TestMirrorOfMirroredFrame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(1, 90).Draw(t, "w"), rapid.IntRange(1, 90).Draw(t, "h")
		filter := rapid.SampledFrom([]string{"bilinear-antialias", "bicubic-antialias"}).Draw(t, "filter")
		view := rapid.SampledFrom([]string{"squash", "center", "zoom-40"}).Draw(t, "view")
		pix := synthetic(w, h, "noise")
		flipped := make([]byte, len(pix))
		for y := range h {
			for x := range w {
				copy(flipped[(y*w+x)*3:][:3], pix[(y*w+w-1-x)*3:])
			}
		}
		p := newPreprocessor(t, filter, 32, 24, view, "mirror-"+view)
		a, b := make([]byte, p.Len()), make([]byte, p.Len())
		if err := p.RGB(a, 1, pix, w, h); err != nil {
			t.Fatal(err)
		}
		if err := p.RGB(b, 0, flipped, w, h); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			t.Fatal("the mirrored view of a frame is not the view of the mirrored frame")
		}
	})
}

func TestRefusesWhatDoesNotFit(t *testing.T) {
	p := newPreprocessor(t, "bilinear-antialias", 8, 8, "squash")
	for _, c := range []struct {
		name       string
		dst, bytes int
		view, w, h int
	}{
		{"short tensor", 10, 300, 0, 10, 10},
		{"short frame", 192, 299, 0, 10, 10},
		{"long frame", 192, 301, 0, 10, 10},
		{"no width", 192, 0, 0, 0, 10},
		{"negative", 192, 300, 0, -10, -10},
		{"size overflows", 192, 0, 0, 1 << 62, 4},
		{"no such view", 192, 300, 1, 10, 10},
		{"negative view", 192, 300, -1, 10, 10},
	} {
		if err := p.Tensor(make([]float32, c.dst), c.view, make([]byte, c.bytes), c.w, c.h); err == nil {
			t.Errorf("%s: accepted", c.name)
		}
	}
	good := Config{Width: 8, Height: 8, Std: [3]float32{1, 1, 1}, Views: []string{"squash"}}
	for says, change := range map[string]func(*Config){
		"no views":    func(c *Config) { c.Views = nil },
		"std":         func(c *Config) { c.Std[1] = 0 },
		"0 x 8":       func(c *Config) { c.Width = 0 },
		"8 x 5000":    func(c *Config) { c.Height = 5000 },
		`"squish"`:    func(c *Config) { c.Views = []string{"squish"} },
		`"zoom-7"`:    func(c *Config) { c.Views = []string{"zoom-7"} },
		`"zoom-"`:     func(c *Config) { c.Views = []string{"zoom-"} },
		`"zoom-9999"`: func(c *Config) { c.Views = []string{"mirror-zoom-8", "zoom-9999"} },
	} {
		c := good
		change(&c)
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("config error %v does not say %q", err, says)
		}
	}
	if _, err := ParseFilter("nearest"); err == nil {
		t.Error("filter nearest accepted")
	}
}

func TestManySizesStayBounded(t *testing.T) {
	p := newPreprocessor(t, "bilinear-antialias", 8, 8, "squash")
	dst := make([]byte, p.Len())
	for w := 1; w < 3*maxPlans; w++ {
		if err := p.RGB(dst, 0, make([]byte, w*5*3), w, 5); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.plans) > maxPlans {
		t.Errorf("%d plans kept", len(p.plans))
	}
}

func TestConcurrentUse(t *testing.T) {
	p := newPreprocessor(t, "bilinear-antialias", 32, 32, "squash", "mirror-center")
	pix := synthetic(100, 75, "noise")
	want := make([]byte, p.Len())
	if err := p.RGB(want, 1, pix, 100, 75); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got := make([]byte, p.Len())
			for i := range 20 {
				other := synthetic(50+i, 40, "ramp")
				if err := p.RGB(got, 0, other, 50+i, 40); err != nil {
					t.Error(err)
				}
				if err := p.RGB(got, 1, pix, 100, 75); err != nil || !bytes.Equal(got, want) {
					t.Error("another result", err)
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkTensor(b *testing.B) {
	for _, c := range []struct {
		filter, view string
		w, h         int
	}{
		{"bilinear-antialias", "squash", 512, 288},
		{"bilinear-antialias", "center", 512, 288},
		{"bilinear-antialias", "squash", 1920, 1080},
		{"bicubic-antialias", "squash", 512, 288},
	} {
		b.Run(fmt.Sprintf("%s/%s/%dx%d", c.filter, c.view, c.w, c.h), func(b *testing.B) {
			p := newPreprocessor(b, c.filter, 224, 224, c.view)
			pix, dst := synthetic(c.w, c.h, "noise"), make([]float32, p.Len())
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Tensor(dst, 0, pix, c.w, c.h); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type fataler interface{ Fatal(...any) }

func newPreprocessor(t fataler, filter string, w, h int, views ...string) *Preprocessor {
	f, err := ParseFilter(filter)
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(Config{Width: w, Height: h, Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}, Filter: f, Views: views})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// synthetic is frame() of testdata/gen.py.
func synthetic(w, h int, kind string) []byte {
	pix := make([]byte, w*h*3)
	for i := range pix {
		if kind == "noise" {
			v := uint32(i) * 2654435761 >> 15
			v = (v ^ v>>7) % 1024
			switch {
			case v < 256:
				v = 0
			case v < 512:
				v = 255
			}
			pix[i] = byte(v)
			continue
		}
		y, x, c := i/3/w, i/3%w, i%3
		pix[i] = byte((x*255/max(w-1, 1)*(c+1) + y*255/max(h-1, 1)*(3-c)) / 4)
	}
	return pix
}
