package encode

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	_ "image/jpeg"
	_ "image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/gembahq/gemba/agent/encode/preprocess"
	"github.com/gembahq/gemba/agent/encode/tokenizer"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/internal/npy"
	"github.com/gembahq/gemba/internal/vector"
)

const (
	bundled = "../../packaging/pack"
	oracle  = "testdata/oracle"
)

// How near the answers must be to the recipe's, as cosines.
const (
	// To those of the same files under Python, from the same pixels or words.
	same = 0.999
	// The same, from pictures that two JPEG decoders read: they differ in the
	// last bits, which the quantised model makes more of.
	sameJPEG = 0.98
	// To those of the graphs before they were quantised, on average: what int8
	// costs.
	quantised = 0.98
)

// oracleIndex is testdata/oracle/index.json.
type oracleIndex struct {
	PackFiles    map[string]string `json:"pack_files"`
	Views        []string
	Pictures     []string
	PixelsSHA256 map[string]string `json:"pixels_sha256"`
	Clip         []string
}

// openOracle opens the bundled pack and the recipe's answers for it.
func openOracle(t *testing.T) (*Pack, oracleIndex) {
	t.Helper()
	if !hasManifest(bundled) {
		t.Skip("the bundled pack is not here")
	}
	p := openPack(t, bundled)
	var o oracleIndex
	if err := json.Unmarshal(read(t, filepath.Join(oracle, "index.json")), &o); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{p.manifest.Image.File, p.manifest.Text.File, p.manifest.Text.Tokenizer, p.manifest.Hub.File} {
		if o.PackFiles[name] != p.manifest.Files[name].SHA256 {
			t.Fatalf("the answers in %s were made with another %s: run python -m gemba_pack.oracle", oracle, name)
		}
	}
	return p, o
}

func TestGoldenPixels(t *testing.T) {
	_, o := openOracle(t)
	for key, want := range o.PixelsSHA256 {
		name, view, _ := strings.Cut(key, " ")
		p, err := preprocess.New(preprocess.Config{Width: 224, Height: 224, Std: [3]float32{1, 1, 1}, Views: []string{view}})
		if err != nil {
			t.Fatal(err)
		}
		f := loadPicture(t, name)
		got := make([]byte, p.Len())
		if err := p.RGB(got, 0, f.Pix, f.Width, f.Height); err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(got); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s: other pixels than the recipe's", key)
		}
	}
	if len(o.PixelsSHA256) < 12 {
		t.Errorf("only %d views compared", len(o.PixelsSHA256))
	}
}

func TestGoldenPictures(t *testing.T) {
	p, o := openOracle(t)
	if len(o.Pictures) < 50 || !slices.Equal(o.Views, p.manifest.Image.Views) {
		t.Fatalf("%d pictures, views %v", len(o.Pictures), o.Views)
	}
	e := newEncoder(t, p)
	frames := map[string]*frame.Frame{}
	var clips [][]*frame.Frame
	for _, name := range o.Pictures {
		frames[name] = loadPicture(t, name)
		clips = append(clips, []*frame.Frame{frames[name]})
	}
	got, err := e.EncodeClips(context.Background(), clips)
	if err != nil {
		t.Fatal(err)
	}
	dims, views, tokens := p.manifest.Dims, len(o.Views), p.manifest.Tokens
	for _, kind := range []string{"pack", "float32"} {
		want := loadArray(t, "embeddings_"+kind+".npy", len(o.Pictures), views, dims)
		wantTokens := loadArray(t, "tokens_"+kind+".npy", len(o.Pictures), tokens.Rows(), tokens.Dims)
		sums, worst := [3]float64{}, [3]float64{1, 1, 1}
		for i, a := range got {
			mean := make([]float32, dims)
			for v := range views {
				for d, x := range want[(i*views+v)*dims:][:dims] {
					mean[d] += x / float32(views)
				}
			}
			plain := a.Plain
			if plain == nil {
				plain = a.Vector
			}
			values := make([]float32, len(a.Tokens))
			for j, c := range a.Tokens {
				values[j] = float32(c) * a.TokenScale
			}
			n := tokens.Rows() * tokens.Dims
			cosines := [3]float64{cosine(a.Vector, mean), cosine(plain, want[i*views*dims:][:dims]), cosine(values, wantTokens[i*n:][:n])}
			least := sameJPEG
			if filepath.Ext(o.Pictures[i]) == ".png" {
				least = same
			}
			for k, c := range cosines {
				sums[k] += c / float64(len(got))
				worst[k] = min(worst[k], c)
				if kind == "pack" && c < least {
					t.Errorf("%s: cosines of vector, plain vector and tokens are %.5f, want %v", o.Pictures[i], cosines, least)
					break
				}
			}
			if d := math.Abs(norm(a.Vector) - norm(mean)); kind == "pack" && least == same && d > 0.001 {
				t.Errorf("%s: length %.5f, want %.5f", o.Pictures[i], norm(a.Vector), norm(mean))
			}
		}
		t.Logf("%s: cosines of vectors, plain vectors and tokens: mean %.5f, least %.5f", kind, sums, worst)
		if kind == "float32" && min(sums[0], sums[1], sums[2]) < quantised {
			t.Errorf("the quantised model is too far from the recipe's: mean cosines %.5f, want %v", sums, quantised)
		}
	}

	var clip []*frame.Frame
	for _, name := range o.Clip {
		clip = append(clip, frames[name])
	}
	one, err := e.EncodeClips(context.Background(), [][]*frame.Frame{clip})
	if err != nil {
		t.Fatal(err)
	}
	if c := cosine(one[0].Vector, loadArray(t, "clip_pack.npy", 1, dims)); c < sameJPEG {
		t.Errorf("a clip of %d frames: cosine %.5f", len(clip), c)
	}
	if hub := loadArray(t, "hub_pack.npy", 1); math.Abs(float64(one[0].Hub-hub[0])) > 0.005 {
		t.Errorf("hub term %.5f, want %.5f", one[0].Hub, hub[0])
	}
}

func TestGoldenSentences(t *testing.T) {
	p, _ := openOracle(t)
	e := newEncoder(t, p)
	lines := strings.Split(strings.TrimSuffix(string(read(t, filepath.Join(oracle, "sentences.txt"))), "\n"), "\n")
	if len(lines) < 50 {
		t.Fatalf("%d sentences", len(lines))
	}
	dims := p.manifest.Dims
	// The recipe ran the sentences as one batch. That shows in a model that is
	// quantised as it runs, so here they are compared as one batch too.
	want := loadArray(t, "sentences_pack.npy", len(lines), dims)
	got := textBatch(t, e, lines)
	worst := 1.0
	for i, line := range lines {
		c := cosine(got[i*dims:][:dims], want[i*dims:][:dims])
		if worst = min(worst, c); c < same {
			t.Errorf("%q: cosine %.5f, want %v", line, c, same)
		}
	}
	t.Logf("pack: least cosine %.5f", worst)

	want = loadArray(t, "sentences_float32.npy", len(lines), dims)
	worst, sum := 1.0, 0.0
	for i, line := range lines {
		a, err := e.EncodeText(context.Background(), line)
		if err != nil {
			t.Fatal(err)
		}
		c := cosine(a.Vector, want[i*dims:][:dims])
		worst, sum = min(worst, c), sum+c
	}
	mean := sum / float64(len(lines))
	t.Logf("float32: mean cosine %.5f, least %.5f", mean, worst)
	if mean < quantised {
		t.Errorf("the quantised model is too far from the recipe's: mean cosine %.5f, want %v", mean, quantised)
	}
}

// textBatch runs all lines at once, padded as the recipe pads.
func textBatch(t *testing.T, e *Encoder, lines []string) []float32 {
	t.Helper()
	rows, longest := make([][]int, len(lines)), 0
	for i, line := range lines {
		rows[i] = e.pack.tokenizer.Encode(line, e.pack.manifest.Text.MaxLength).IDs
		longest = max(longest, len(rows[i]))
	}
	ids, mask := make([]int64, len(lines)*longest), make([]int64, len(lines)*longest)
	for i, row := range rows {
		for j, id := range row {
			ids[i*longest+j], mask[i*longest+j] = int64(id), 1
		}
	}
	var inputs []ort.Value
	for _, data := range [][]int64{ids, mask} {
		v, err := ort.NewTensor(ort.NewShape(int64(len(lines)), int64(longest)), data)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Destroy()
		inputs = append(inputs, v)
	}
	out, err := e.text.run(context.Background(), inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return out[0].data
}

// The bundled tokenizer gives the token numbers of the Python library.
func TestGoldenTokens(t *testing.T) {
	if !hasManifest(bundled) {
		t.Skip("the bundled pack is not here")
	}
	m, err := ParseManifest(read(t, filepath.Join(bundled, manifestName)))
	if err != nil {
		t.Fatal(err)
	}
	tk, err := tokenizer.Parse(read(t, filepath.Join(bundled, m.Text.Tokenizer)))
	if err != nil {
		t.Fatal(err)
	}
	var want [][]int
	if err := json.Unmarshal(read(t, "testdata/tokenizer/ids.json"), &want); err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(bytes.NewReader(read(t, "testdata/tokenizer/lines.txt")))
	s.Buffer(nil, 1<<20)
	n, bad := 0, 0
	for ; s.Scan(); n++ {
		var line string
		if err := json.Unmarshal(s.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if got := tk.Encode(line, m.Text.MaxLength).IDs; n < len(want) && !slices.Equal(got, want[n]) {
			if bad++; bad < 10 {
				t.Errorf("%.60q: %v, want %v", line, got, want[n])
			}
		}
	}
	if n != len(want) || n < 2000 || bad > 0 {
		t.Errorf("%d lines, %d answers, %d differ", n, len(want), bad)
	}
}

func loadPicture(t *testing.T, name string) *frame.Frame {
	t.Helper()
	file, err := os.Open(filepath.Join(oracle, "pictures", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	img, _, err := image.Decode(file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	b := img.Bounds()
	f := &frame.Frame{Width: b.Dx(), Height: b.Dy()}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			f.Pix = append(f.Pix, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return f
}

func loadArray(t *testing.T, name string, shape ...int) []float32 {
	t.Helper()
	file, err := os.Open(filepath.Join(oracle, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	a, err := npy.Read[float32](file)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !slices.Equal(a.Shape, shape) {
		t.Fatalf("%s: shape %v, want %v", name, a.Shape, shape)
	}
	return a.Data
}

func cosine(a, b []float32) float64 {
	return float64(vector.Dot(a, b)) / (norm(a) * norm(b))
}
