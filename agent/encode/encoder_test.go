package encode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gembahq/gemba/agent/frame"
)

var (
	red  = [3]float64{255, 10, 10}
	blue = [3]float64{0, 30, 250}
	grey = [3]float64{90, 90, 90}
)

func TestEncodeClips(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	e := newEncoder(t, p)
	w := loadWeights(t)
	// A wide frame whose middle is blue and whose sides are red: the two views
	// see different things. 8 rows high, so that only columns are scaled.
	split := plainFrame(16, 8, blue)
	for i := range split.Pix {
		if x := i / 3 % 16; x < 4 || x >= 12 {
			split.Pix[i] = byte(red[i%3])
		}
	}
	got, err := e.EncodeClips(context.Background(), [][]*frame.Frame{
		{plainFrame(20, 10, red), plainFrame(9, 9, grey), plainFrame(20, 10, blue)},
		{split},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := make([]float64, 6)
	for _, c := range [][3]float64{red, grey, blue} {
		for i, x := range w.picture(c) {
			want[i] += x
		}
	}
	unit(want)
	if a := got[0]; !near(a.Vector, want, 1e-5) || !near(a.Plain, want, 1e-5) {
		t.Errorf("three colours: %v and %v, want %v", a.Vector, a.Plain, want)
	}
	if a := got[0]; a.TokenRows != 12 || a.TokenDims != 3 || len(a.Tokens) != 36 {
		t.Errorf("%d rows of %d tokens, %d values", a.TokenRows, a.TokenDims, len(a.Tokens))
	}
	for row, c := range [][3]float64{red, red, red, red, grey, grey, grey, grey, blue} {
		for i := range 3 {
			a := got[0]
			if v, want := float64(a.Tokens[row*3+i])*float64(a.TokenScale), (c[i]-127)/128; math.Abs(v-want) > float64(a.TokenScale)/2+1e-6 {
				t.Errorf("token row %d: value %d is %v, want %v", row, i, v, want)
			}
		}
	}
	// The centre view of the other clip is blue alone, the squashed one a mixture.
	a, center := got[1], w.picture(blue)
	for i := range want {
		want[i] = 2*float64(a.Vector[i]) - float64(a.Plain[i])
	}
	if !near(toFloat32(want), center, 1e-5) {
		t.Errorf("centre view %v, want %v", want, center)
	}
	if near(a.Plain, center, 0.01) || norm(a.Vector) > 0.9999 || math.Abs(norm(a.Plain)-1) > 1e-5 {
		t.Errorf("views agree: %v and %v", a.Vector, a.Plain)
	}
	for _, a := range got {
		if a.Hub != p.HubTerm(a.Vector) || a.Hub == 0 {
			t.Errorf("hub term %v, want %v", a.Hub, p.HubTerm(a.Vector))
		}
	}
}

// A clip's embedding doesn't depend on what it is encoded with.
func TestEncodeClipsAloneAndTogether(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	var clips [][]*frame.Frame
	for c := range 7 {
		var clip []*frame.Frame
		for i := range c + 1 {
			clip = append(clip, plainFrame(10+c, 12, [3]float64{float64(30 * c), float64(40 * i), 200}))
		}
		clips = append(clips, clip)
	}
	all, err := e.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	for c := range clips {
		one, err := e.EncodeClips(context.Background(), clips[c:c+1])
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one[0].Vector, all[c].Vector) || !slices.Equal(one[0].Tokens, all[c].Tokens) || one[0].TokenScale != all[c].TokenScale {
			t.Errorf("clip %d differs alone", c)
		}
	}
	if none, err := e.EncodeClips(context.Background(), nil); err != nil || len(none) != 0 {
		t.Errorf("no clips: %v, %v", none, err)
	}
}

func TestOneViewWithoutTokens(t *testing.T) {
	dir := copyPack(t)
	edit(t, dir, func(m map[string]any) {
		at(m, "image")["views"] = []string{"squash"}
		delete(m, "tokens")
		delete(at(m, "image", "outputs"), "tokens")
		delete(at(m, "text", "outputs"), "tokens")
	})
	e := newEncoder(t, openPack(t, dir))
	got, err := e.EncodeClips(context.Background(), [][]*frame.Frame{{plainFrame(8, 8, red)}})
	if err != nil {
		t.Fatal(err)
	}
	if a := got[0]; a.Plain != nil || a.TokenRows != 0 || len(a.Tokens) != 0 || len(a.Vector) != 6 {
		t.Errorf("%+v", a)
	}
	if a, err := e.EncodeText(context.Background(), "a dog"); err != nil || a.Tokens != nil || len(a.Vector) != 6 {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestEncodeClipsRefuses(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	good := []*frame.Frame{plainFrame(8, 8, red)}
	for name, c := range map[string]struct {
		clips [][]*frame.Frame
		says  string
	}{
		"no frames":    {[][]*frame.Frame{good, {}}, "clip 1 has no frames"},
		"nil frame":    {[][]*frame.Frame{{good[0], nil}}, "frame 1 of clip 0"},
		"short frame":  {[][]*frame.Frame{{{Width: 8, Height: 8, Pix: make([]byte, 191)}}}, "frame 0 of clip 0"},
		"empty frame":  {[][]*frame.Frame{{{}}}, "frame 0 of clip 0"},
		"monster size": {[][]*frame.Frame{{{Width: 70000, Height: 1, Pix: make([]byte, 210000)}}}, "70000 x 1"},
	} {
		if _, err := e.EncodeClips(context.Background(), c.clips); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.EncodeClips(ctx, [][]*frame.Frame{good}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := e.EncodeText(ctx, "a dog"); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled text: %v", err)
	}
	if _, err := e.EncodeClips(context.Background(), [][]*frame.Frame{good}); err != nil {
		t.Errorf("after all that: %v", err)
	}
}

func TestClose(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	e, err := New(p, Options{Library: ortLibrary(t), Provider: CPU, Threads: 1, Logger: quiet})
	if err != nil {
		t.Fatal(err)
	}
	clips := [][]*frame.Frame{{plainFrame(8, 8, red)}}
	// Callers that are at work while it closes get an answer or ErrClosed.
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				var err error
				if i%2 == 0 {
					_, err = e.EncodeClips(context.Background(), clips)
				} else {
					_, err = e.EncodeText(context.Background(), fmt.Sprint("dog ", i, " ", n))
				}
				if err != nil {
					if !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := e.EncodeClips(context.Background(), clips); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	first, second := newEncoder(t, p), newEncoder(t, p)
	clips := [][]*frame.Frame{{plainFrame(8, 8, red), plainFrame(10, 8, blue)}, {plainFrame(8, 9, grey)}}
	want, err := first.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 6 {
		e := []*Encoder{first, second}[i%2]
		wg.Go(func() {
			for n := range 30 {
				got, err := e.EncodeClips(context.Background(), clips)
				if err != nil || !slices.Equal(got[0].Vector, want[0].Vector) || !slices.Equal(got[1].Tokens, want[1].Tokens) {
					t.Errorf("another answer: %v", err)
				}
				if _, err := e.EncodeText(context.Background(), fmt.Sprint("a dog ", n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestModelsThatDoNotFit(t *testing.T) {
	ortLibrary(t)
	good := read(t, "testdata/tiny/vision.onnx")
	for _, c := range []struct {
		name, file string
		data       []byte
		change     func(m map[string]any)
		says       []string
	}{
		{"garbage", "vision.onnx", []byte("this is no model"), nil, []string{"load vision.onnx"}},
		{"truncated", "vision.onnx", good[:len(good)/2], nil, []string{"load vision.onnx"}},
		{"empty", "vision.onnx", nil, nil, []string{"load vision.onnx"}},
		{"garbage text", "text.onnx", []byte("this is no model"), nil, []string{"load text.onnx"}},
		{"other input", "vision.onnx", read(t, "testdata/models/other_input.onnx"), nil, []string{"vision.onnx", "expected input pixels float32 [n 3 8 8]", "it has inputs image float [-1 3 8 8]"}},
		{"other dims", "vision.onnx", read(t, "testdata/models/wide.onnx"), nil, []string{"vision.onnx", "output embedding is [2 7]", "expected [2 6]", "embedding float [-1 7]"}},
		{"other cells", "vision.onnx", read(t, "testdata/models/more_cells.onnx"), nil, []string{"vision.onnx", "output tokens is [2 16 3]", "expected [2 4 3]"}},
		{"not unit", "vision.onnx", read(t, "testdata/models/not_unit.onnx"), nil, []string{"vision.onnx", "output embedding has length", "expected unit length"}},
		{"double", "vision.onnx", read(t, "testdata/models/double.onnx"), nil, []string{"vision.onnx", `output "embedding"`, "no float32", "embedding double [-1 6]"}},
		{"one picture only", "vision.onnx", read(t, "testdata/models/one_picture.onnx"), nil, []string{"vision.onnx", "expected input pixels float32 [n 3 8 8]", "pixels float [1 3 8 8]"}},
		{"other size", "", nil, func(m map[string]any) { at(m, "image")["width"] = 9 }, []string{"expected input pixels float32 [n 3 8 9]", "pixels float [-1 3 8 8]"}},
		{"other output", "", nil, func(m map[string]any) { at(m, "image", "outputs")["embedding"] = "vector" }, []string{"vector", "outputs embedding float [-1 6], tokens float [-1 4 3]"}},
		{"other text input", "", nil, func(m map[string]any) { at(m, "text", "inputs")["mask"] = "mask" }, []string{"text.onnx", "expected inputs input_ids, mask int64", "attention_mask int64"}},
		{"text model as vision", "vision.onnx", read(t, "testdata/tiny/text.onnx"), nil, []string{"vision.onnx", "it has inputs input_ids int64"}},
		{"other text tokens", "", nil, func(m map[string]any) { at(m, "tokens")["dims"] = 2; at(m, "tokens")["cells"] = []int{2, 3} }, []string{"text.onnx", "output tokens is [1 3 3]", "expected [1 3 2]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := copyPack(t)
			if c.file != "" {
				put(t, dir, c.file, c.data)
			}
			if c.change != nil {
				edit(t, dir, c.change)
			}
			e, err := New(openPack(t, dir), Options{Library: ortLibrary(t), Provider: CPU, Threads: 1, Logger: quiet})
			if err == nil {
				_ = e.Close()
			}
			if !errors.Is(err, ErrModel) {
				t.Fatalf("%v is no ErrModel", err)
			}
			for _, says := range c.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("%q does not say %q", err, says)
				}
			}
		})
	}
}

func TestProviders(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	for _, c := range []struct {
		provider, level, says string
	}{
		{"", "INFO", "models loaded"}, {Auto, "INFO", "models loaded"}, {CPU, "INFO", "models loaded"},
		{CUDA, "WARN", "cuda does not work, falling back to"}, {TensorRT, "WARN", "tensorrt does not work, falling back to"},
	} {
		var log bytes.Buffer
		e, err := New(p, Options{Library: ortLibrary(t), Provider: c.provider, Threads: 1, CacheDir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "provider="+e.Provider()) {
			t.Errorf("%s: log %q", c.provider, log.String())
		}
		if e.Provider() == CPU || c.level == "INFO" {
			if !strings.Contains(log.String(), "level="+c.level) || !strings.Contains(log.String(), c.says) {
				t.Errorf("%s: log %q", c.provider, log.String())
			}
		}
		if c.provider == CPU && e.Provider() != CPU {
			t.Errorf("asked for the CPU, got %s", e.Provider())
		}
		if _, err := e.EncodeClips(context.Background(), [][]*frame.Frame{{plainFrame(8, 8, red)}}); err != nil {
			t.Errorf("%s: %v", c.provider, err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(p, Options{Provider: "npu", Logger: quiet}); err == nil || !strings.Contains(err.Error(), "auto, tensorrt, cuda or cpu") {
		t.Errorf("provider npu: %v", err)
	}
}

func TestCandidates(t *testing.T) {
	for asked, want := range map[string][]string{
		"": {TensorRT, CUDA, CPU}, Auto: {TensorRT, CUDA, CPU}, TensorRT: {TensorRT, CUDA, CPU}, CUDA: {CUDA, CPU}, CPU: {CPU},
	} {
		if got, err := candidates(asked); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v, %v", asked, got, err)
		}
	}
}

func TestFirstWorking(t *testing.T) {
	broken := errors.New("no device")
	for _, c := range []struct {
		works  string // "": nothing does
		failed []string
	}{
		{TensorRT, nil},
		{CUDA, []string{"tensorrt: no device"}},
		{CPU, []string{"tensorrt: no device", "cuda: no device"}},
		{"", []string{"tensorrt: no device", "cuda: no device", "cpu: no device"}},
	} {
		var tried []string
		got, failed, err := firstWorking([]string{TensorRT, CUDA, CPU}, func(provider string) error {
			tried = append(tried, provider)
			if provider == c.works {
				return nil
			}
			return broken
		})
		if got != c.works || !slices.Equal(failed, c.failed) || (err != nil) != (c.works == "") || c.works != "" && tried[len(tried)-1] != c.works {
			t.Errorf("%q works: got %q after %v, failed %q, %v", c.works, got, tried, failed, err)
		}
	}
}

// Whoever waits for the model or is being served gets away when he gives up.
func TestCancelWhileWaitingAndRunning(t *testing.T) {
	e := newEncoder(t, openPack(t, "testdata/tiny"))
	var many []*frame.Frame
	for range 20_000 {
		many = append(many, plainFrame(8, 8, red))
	}
	e.vision.slots <- struct{}{} // as during another caller's run
	ctx, cancel := context.WithCancel(context.Background())
	answer := make(chan error)
	go func() {
		_, err := e.EncodeClips(ctx, [][]*frame.Frame{many[:1]})
		answer <- err
	}()
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("waiting: %v", err)
	}
	<-e.vision.slots

	ctx, cancel = context.WithCancel(context.Background())
	go func() {
		_, err := e.EncodeClips(ctx, [][]*frame.Frame{many})
		answer <- err
	}()
	for len(e.vision.slots) == 0 { // until it has begun
		runtime.Gosched()
	}
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("running: %v", err)
	}
	if _, err := e.EncodeClips(context.Background(), [][]*frame.Frame{many[:3]}); err != nil {
		t.Errorf("after that: %v", err)
	}
}

func TestTensorRTOptions(t *testing.T) {
	p := openPack(t, "testdata/tiny")
	dir := t.TempDir()
	o, err := tensorRTOptions(p, 16, dir)
	if err != nil {
		t.Fatal(err)
	}
	if o["trt_profile_min_shapes"] != "pixels:1x3x8x8" || o["trt_profile_max_shapes"] != "pixels:16x3x8x8" {
		t.Errorf("shapes %v", o)
	}
	cache := o["trt_engine_cache_path"]
	if info, err := os.Stat(cache); err != nil || !info.IsDir() || filepath.Dir(cache) != dir || !strings.Contains(cache, fmt.Sprintf("%x", p.hash[:8])) {
		t.Errorf("engines are kept in %q: %v", cache, err)
	}
	if o, err = tensorRTOptions(p, 16, ""); err != nil || o["trt_engine_cache_enable"] != "" {
		t.Errorf("without a folder: %v, %v", o, err)
	}
	if _, err = tensorRTOptions(p, 16, "testdata/tiny/manifest.json"); err == nil {
		t.Error("a file taken for a folder")
	}
}

func TestQuantise(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, c := range []struct {
		in    []float32
		scale float32
		want  []int8
	}{
		{[]float32{1.27, -1.27, 0, 0.1, -0.1}, 0.01, []int8{127, -127, 0, 10, -10}},
		{[]float32{0, 0}, 0, []int8{0, 0}},
		{nil, 0, []int8{}},
		{[]float32{-2.54, nan, inf, -inf}, 0.02, []int8{-127, 0, 0, 0}},
	} {
		scale, got := quantise(c.in)
		if math.Abs(float64(scale-c.scale)) > 1e-7 || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v", c.in, scale, got)
		}
	}
}

func TestFramesThatCancelOut(t *testing.T) {
	v := []float64{0, 0}
	if unit(v); v[0] != 0 || v[1] != 0 {
		t.Errorf("unit of nothing is %v", v)
	}
	s := newClipSum(openPack(t, "testdata/tiny"), 1, 2)
	for _, bad := range [][]float32{make([]float32, 6), {float32(math.NaN()), 0, 0, 0, 0, 0}, {2, 0, 0, 0, 0, 0}} {
		if err := s.add(0, bad); !errors.Is(err, ErrModel) {
			t.Errorf("%v was taken: %v", bad, err)
		}
	}
}
