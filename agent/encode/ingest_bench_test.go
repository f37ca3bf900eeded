package encode_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gembahq/gemba/agent"
	"github.com/gembahq/gemba/agent/decode"
	"github.com/gembahq/gemba/agent/encode"
	"github.com/gembahq/gemba/agent/frame"
	"github.com/gembahq/gemba/agent/ledger"
	"github.com/gembahq/gemba/index"
)

// BenchmarkIngestOfSamples takes the sample footage in at full decode, and in
// the same run does its parts by themselves: decoding and scaling the same
// frames, and the bare vision model on as many pictures. parts/ingest is the sum
// of the parts' times over the time of the whole: 1 means that cutting, scaling
// to the model's size, thumbnails and the index cost nothing beside them.
func BenchmarkIngestOfSamples(b *testing.B) {
	files, err := filepath.Glob("../../testdata/footage/*.mp4")
	if err != nil || len(files) == 0 {
		b.Fatalf("no sample footage: %v", err)
	}
	enc := benchEncoder(b)
	var decoding, model, whole time.Duration
	var footage float64
	for b.Loop() {
		began := time.Now()
		for _, f := range files {
			drain(b, f, decode.Options{MaxFPS: ingestFPS, Pool: frame.NewPool()})
		}
		decoding += time.Since(began)

		began = time.Now()
		report, pictures := ingest(b, enc, files, decode.Full)
		whole += time.Since(began)
		footage += report.SecondsOfFootage

		began = time.Now()
		if err := enc.RunBlank(b.Context(), pictures); err != nil {
			b.Fatal(err)
		}
		model += time.Since(began)
	}
	b.ReportMetric((decoding+model).Seconds()/whole.Seconds(), "parts/ingest")
	b.ReportMetric(decoding.Seconds()/float64(b.N), "decode-s")
	b.ReportMetric(model.Seconds()/float64(b.N), "model-s")
	b.ReportMetric(whole.Seconds()/float64(b.N), "ingest-s")
	b.ReportMetric(footage/whole.Seconds(), "footage-s/s")
}

// BenchmarkCamerasCarried takes in a minute of 1080p H.264 with a key frame every
// 2 s, key frames only, as a live camera is watched. Footage seconds per second
// are the number of such cameras that this machine carries.
func BenchmarkCamerasCarried(b *testing.B) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		b.Skip("making the camera's footage needs the ffmpeg command")
	}
	file := filepath.Join(b.TempDir(), "camera.mp4")
	cmd := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-stream_loop", "1", "-i", "../../testdata/footage/car-detection.mp4",
		"-t", "60", "-vf", "scale=1920:1080,fps=15", "-c:v", "libx264", "-preset", "veryfast", "-g", "30", "-keyint_min", "30", "-sc_threshold", "0", "-an", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("make footage: %v: %s", err, out)
	}
	enc := benchEncoder(b)
	var whole time.Duration
	var footage float64
	for b.Loop() {
		began := time.Now()
		report, _ := ingest(b, enc, []string{file}, decode.KeyFrames)
		whole += time.Since(began)
		footage += report.SecondsOfFootage
	}
	b.ReportMetric(footage/whole.Seconds(), "cameras")
}

// ingestFPS is what an Importer looks at by default.
const ingestFPS = 10

func benchEncoder(b *testing.B) *encode.Encoder {
	b.Helper()
	pack, err := encode.OpenPack("../../packaging/pack")
	if err != nil {
		b.Fatal(err)
	}
	enc, err := encode.New(pack, encode.Options{Provider: encode.CPU})
	if errors.Is(err, encode.ErrRuntime) {
		b.Skipf("no ONNX Runtime: %v", err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { enc.Close() })
	return enc
}

func drain(b *testing.B, file string, o decode.Options) {
	b.Helper()
	r, err := decode.Open(b.Context(), file, o)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for {
		f, err := r.Next(b.Context())
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
	}
}

// ingest imports files into a new index and tells how many pictures the vision
// model saw.
func ingest(b *testing.B, enc *encode.Encoder, files []string, mode decode.Mode) (agent.ImportReport, int) {
	b.Helper()
	dir, err := os.MkdirTemp(b.TempDir(), "data")
	if err != nil {
		b.Fatal(err)
	}
	hash := enc.Pack().Hash()
	store, err := index.Open(b.Context(), index.Options{Dir: dir, PackHash: hash, Dims: enc.Pack().Manifest().Dims})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	known, err := ledger.Open(filepath.Join(dir, "sources"))
	if err != nil {
		b.Fatal(err)
	}
	defer known.Close()
	counter := &counted{Encoder: enc}
	im, err := agent.NewImporter(agent.Deps{Store: store, Encoder: counter, Ledger: known, PackHash: hash, MaxFPS: ingestFPS})
	if err != nil {
		b.Fatal(err)
	}
	report, err := im.Import(b.Context(), agent.ImportRequest{Paths: files, Camera: "bench", Mode: mode}, nil)
	if err != nil {
		b.Fatal(err)
	}
	if len(report.Failed) > 0 {
		b.Fatalf("not taken in: %v", report.Failed)
	}
	return report, int(counter.frames.Load()) * enc.Views()
}

// counted counts the frames that an encoder is given.
type counted struct {
	*encode.Encoder
	frames atomic.Int64
}

func (c *counted) EncodeClips(ctx context.Context, clips [][]*frame.Frame) ([]encode.ClipEmbedding, error) {
	for _, frames := range clips {
		c.frames.Add(int64(len(frames)))
	}
	return c.Encoder.EncodeClips(ctx, clips)
}
