package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/index"
	"github.com/gembahq/gemba/index/query"
	"github.com/gembahq/gemba/internal/vector"
)

// fakeLocal stands for model, footage and data folder. Its model understands
// colours: a photo's vector is its mean colour, a text's the sum of the colours
// it names.
type fakeLocal struct {
	dir        string
	modelError string
	failFiles  bool
	// noRefinement makes the pack one without a refinement.
	noRefinement bool
	requests     []query.Request
	imports      []agent.ImportRequest
	opened       []string
	closed       int
}

func (l *fakeLocal) OpenModel(context.Context, string) (model, error) {
	if l.modelError != "" {
		return nil, errors.New(l.modelError)
	}
	l.opened = append(l.opened, "model")
	return &fakeModel{l}, nil
}

func (l *fakeLocal) OpenFolder(_ context.Context, dataDir, _ string, write bool) (folder, error) {
	if l.modelError != "" {
		return nil, errors.New(l.modelError)
	}
	l.opened = append(l.opened, fmt.Sprintf("folder write=%t", write))
	return &fakeFolder{local: l, files: map[string]string{}}, nil
}

func (l *fakeLocal) OpenStore(context.Context, string, bool) (*index.Store, error) {
	return nil, errors.New("not here")
}

func (l *fakeLocal) PackDir(pack string) (string, error) {
	if pack == bundledPack {
		return filepath.Join(l.dir, "pack"), nil
	}
	return pack, nil
}

func (l *fakeLocal) CheckModel(context.Context, string) (string, error) {
	if l.modelError != "" {
		return "", errors.New(l.modelError)
	}
	return "test 1 on cpu", nil
}

func (l *fakeLocal) Probe(_ context.Context, url string) (decode.Info, decode.KeyframeInfo, error) {
	if strings.HasPrefix(url, "rtsp:") {
		return decode.Info{}, decode.KeyframeInfo{}, fmt.Errorf("open rtsp://camera: %w", decode.ErrUnauthorized)
	}
	info := decode.Info{Codec: "h264", Container: "mp4", Width: 768, Height: 432, FrameRate: 25, Duration: 30 * time.Second}
	keys := decode.KeyframeInfo{Count: 7, Packets: 377, Span: 15 * time.Second, Mean: 2 * time.Second, Max: 2500 * time.Millisecond}
	if url == "far.mp4" {
		info.CreationTime = time.Date(2026, 11, 20, 7, 0, 0, 0, time.UTC)
		keys = decode.KeyframeInfo{Count: 1, Packets: 377, Span: 15 * time.Second, Max: 15 * time.Second}
	}
	return info, keys, nil
}

type fakeModel struct{ local *fakeLocal }

var colours = map[string][]float32{"red": {1, 0, 0}, "green": {0, 1, 0}, "blue": {0, 0, 1}}

func (m *fakeModel) EncodeText(_ context.Context, text string) (query.Embedding, error) {
	v := make([]float32, 3)
	for word := range strings.FieldsSeq(text) {
		for i, x := range colours[strings.Trim(word, ".,")] {
			v[i] += x
		}
	}
	return query.Embedding{Vector: unit(v), Words: strings.Fields(text)}, nil
}

func (m *fakeModel) EncodePhotos(_ context.Context, photos []*frame.Frame) ([]encodedPhoto, error) {
	out := make([]encodedPhoto, len(photos))
	for i, p := range photos {
		v := make([]float32, 3)
		for k, b := range p.Pix {
			v[k%3] += float32(b) / 255
		}
		out[i] = encodedPhoto{Vector: unit(v), Hub: 0.1}
	}
	return out, nil
}

// EncodeFrames gives a clip the colour of its first frame.
func (m *fakeModel) EncodeFrames(ctx context.Context, clips [][]*frame.Frame) ([]encodedPhoto, error) {
	photos := make([]*frame.Frame, len(clips))
	for i, c := range clips {
		photos[i] = c[0]
	}
	return m.EncodePhotos(ctx, photos)
}

func (m *fakeModel) Calibration() query.Calibration {
	return query.Calibration{Dims: 3, Alpha: 0.5, AlphaWord: 0.2, Beta: 0.45, Confident: 3, Possible: 2}
}

func (m *fakeModel) Refiner() query.Refiner {
	if m.local.noRefinement {
		return nil
	}
	return fakeRefiner{}
}

func (m *fakeModel) Close() error { m.local.closed++; return nil }

// fakeRefiner turns what it is given upside down.
type fakeRefiner struct{}

func (fakeRefiner) Refine(_ context.Context, _ query.RefineQuery, candidates []query.Candidate) ([]query.Refined, error) {
	out := make([]query.Refined, len(candidates))
	for i, c := range candidates {
		out[i].Score = -c.FirstStage
	}
	return out, nil
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return []float32{0.57735026, 0.57735026, 0.57735026}
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// fakeFolder finds a file by the colour in its name.
type fakeFolder struct {
	local *fakeLocal
	files map[string]string // camera to file name
}

func (f *fakeFolder) Import(_ context.Context, r agent.ImportRequest, progress func(agent.Progress)) (agent.ImportReport, error) {
	f.local.imports = append(f.local.imports, r)
	progress(agent.Progress{File: r.Paths[0], Files: len(r.Paths), Fraction: 0.5, Clips: 1})
	report := cannedImport(r.Paths)
	for _, p := range r.Paths {
		if strings.HasPrefix(filepath.Base(p), "broken") {
			report.Clips -= 3
			report.Failed = append(report.Failed, agent.Failure{Path: p, Error: "the file is empty"})
			continue
		}
		f.files[r.Camera] = filepath.Base(p)
	}
	if f.local.failFiles {
		return report, errors.New("the disk is full: make room and import again; what is indexed stays")
	}
	return report, nil
}

// Search gives two items a page, so that readers must turn pages.
func (f *fakeFolder) Search(ctx context.Context, r query.Request) (*query.Response, error) {
	f.local.requests = append(f.local.requests, r)
	if len(r.Cameras) > 0 && r.Cameras[0] == "nowhere" {
		return nil, &query.InvalidError{Field: "cameras", Reason: `there is no camera "nowhere"; there are: gate`}
	}
	if len(f.files) == 0 {
		return cannedAnswer(r.Query), nil
	}
	m := &fakeModel{f.local}
	q, err := m.EncodeText(ctx, r.Query)
	if err != nil {
		return nil, err
	}
	var all []query.Result
	for camera, file := range f.files {
		v, err := m.EncodeText(ctx, strings.TrimSuffix(file, filepath.Ext(file)))
		if err != nil {
			return nil, err
		}
		s := vector.Dot(q.Vector, v.Vector)
		all = append(all, query.Result{Camera: camera, Score: s, Z: float64(s) * 4})
	}
	slices.SortFunc(all, func(a, b query.Result) int {
		if a.Score != b.Score {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Camera, b.Camera)
	})
	from := 0
	if r.Cursor != "" {
		fmt.Sscan(r.Cursor, &from)
	}
	to := min(from+2, len(all))
	res := &query.Response{Items: all[from:to], NoMatch: all[0].Z < 3}
	if to < len(all) {
		res.NextCursor = fmt.Sprint(to)
	}
	return res, nil
}

func (f *fakeFolder) Footage(_ context.Context, clipID string) string {
	return "/srv/" + clipID + ".mp4 at 4s"
}

func (f *fakeFolder) Close() error { f.local.closed++; return nil }

// writeFiles makes matrices, annotations and configurations to be read.
func writeFiles(t *testing.T, dir string) {
	t.Helper()
	files := map[string]string{
		"S.npy":                             npyFile("(2, 3)", []float64{0.9, 0.5, 0.1, 0.1, 0.8, 0.3}),
		"worse.npy":                         npyFile("(2, 3)", []float64{0.1, 0.5, 0.9, 0.8, 0.1, 0.3}),
		"R.npy":                             npyFile("(2, 3)", []float64{1, 0.5, 0, 0, 1, 0.25}),
		"zero.npy":                          npyFile("(2, 3)", []float64{1, 0.5, 0, 0, 0, 0}),
		"nan.npy":                           npyFile("(2, 3)", []float64{1, math.NaN(), 0, 0, 0, 0}),
		"turned.npy":                        npyFile("(3, 2)", []float64{1, 0, 0, 1, 0, 1}),
		"text.npy":                          "this is no array",
		"good.yaml":                         "version: 1\nsite: plant-7\ndata_dir: " + dir + "\n",
		"bad.yaml":                          "version: 1\nsites: plant-7\nhttp: {listen: 0.0.0.0:8470}\n",
		"clips.csv":                         "",
		"ek100/x.txt":                       "",
		"ek100/EPIC_100_retrieval_test.csv": "narration_id,narration,verb_class,all_noun_classes\na,take plate,0,[2]\nb,put cup,1,\"[3, 4]\"\n",
		"ek100/EPIC_100_retrieval_test_sentence.csv": "narration_id,narration\na,take plate\nb,put cup\na,take the plate\n",
	}
	writeAll(t, dir, files)
}

func writeAll(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// npyFile is a float64 array as NumPy writes it.
func npyFile(shape string, values []float64) string {
	header := "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + ", }"
	for (10+len(header)+1)%64 != 0 {
		header += " "
	}
	header += "\n"
	var b strings.Builder
	b.WriteString("\x93NUMPY\x01\x00")
	b.WriteByte(byte(len(header)))
	b.WriteByte(byte(len(header) >> 8))
	b.WriteString(header)
	for _, v := range values {
		bits := math.Float64bits(v)
		for k := range 8 {
			b.WriteByte(byte(bits >> (8 * k)))
		}
	}
	return b.String()
}

// writePhotos makes pictures of one colour each, with captions and labels.
func writePhotos(t *testing.T, dir string) {
	t.Helper()
	for name, c := range map[string]color.Color{
		"s/red.png": color.RGBA{250, 10, 10, 255}, "s/green.png": color.RGBA{10, 250, 10, 255}, "s/blue.png": color.RGBA{10, 10, 250, 255},
	} {
		path := filepath.Join(dir, "photos", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		img := image.NewRGBA(image.Rect(0, 0, 8, 6))
		for i := range 48 {
			img.Set(i%8, i/8, c)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	writeAll(t, dir, map[string]string{
		"captions.csv": "image,split,caption\ns/red.png,val,A red thing on a table\ns/green.png,val,\"A green thing, near\"\ns/blue.png,val,A red thing by mistake\ns/blue.png,val,A red thing again\ns/red.png,val,A red thing again\ns/gone.png,train,A thing that is not there\n",
		"labels.csv":   "image,split,source,labels\ns/red.png,val,s,red x1|thing x1\ns/green.png,val,s,green x2|thing x1\ns/blue.png,val,s,green x1|thing x1\n",
		"bad.csv":      "image,split,caption\n../red.png,val,A red thing\n,val,\n",
	})
}

// writeFootage makes files that the fake importer knows by name.
func writeFootage(t *testing.T, dir string) {
	t.Helper()
	writeAll(t, dir, map[string]string{
		"footage/red.mp4": "x", "footage/deep/green.mkv": "x", "footage/blue.ts": "x", "footage/.hidden.mp4": "x", "footage/notes.txt": "x",
		"elsewhere/red green.mp4": "x",
		"broken/broken.mp4":       "x", "broken/red.mp4": "x",
		"truth.csv":       "query,relevant\na red car,red.mp4\na green car,deep/green.mkv|blue.ts\nred and green,linked/red green.mp4\nsomething grey,\n",
		"small-truth.csv": "query,relevant\na red car,red.mp4|broken.mp4\n",
		"wrong-truth.csv": "query,relevant\na red car,gone.mp4\n",
	})
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "footage", "linked")); err != nil {
		t.Fatal(err)
	}
}

func writePack(t *testing.T, dir string) {
	t.Helper()
	writeAll(t, dir, map[string]string{
		"a.bin": "hello",
		"manifest.json": `{"format": 1, "name": "gemba-test", "version": "0.1.0", "license": "Apache-2.0", "provenance": "made for a test", "dims": 3,
 "files": {"a.bin": {"bytes": 5, "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"}, "b.bin": {"bytes": 7, "sha256": "00"}}, "quality": {"flickr8k_r1": 0.23}}
`,
	})
}
