package encode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/gembahq/gemba/internal/vector"
)

// How many pictures the vision model sees at a time. On a CPU larger batches are
// no faster and only need more memory (see BenchmarkVisionBatch); accelerators
// want more.
const (
	batchCPU         = 4
	batchAccelerator = 16
)

// Options say how to run a pack.
type Options struct {
	// Library is the path of libonnxruntime.so; "": see findLibrary.
	Library string
	// Provider is auto, tensorrt, cuda or cpu; "" is auto.
	Provider string
	// Threads is the number of threads of one inference; 0: one per core.
	Threads int
	// Logger takes the line that says which provider is used; nil: slog's.
	Logger *slog.Logger
	// CacheDir keeps what a provider builds for this device; "": nothing is kept.
	CacheDir string
}

// Encoder runs a pack's models. It is safe for concurrent use; texts never wait
// for clips.
type Encoder struct {
	pack     *Pack
	provider string
	threads  int
	batch    int
	vision   *session
	text     *session
	buffers  sync.Pool // *[]float32, the pixels of one batch
	answers  *textCache
	closing  sync.Once
	closeErr error
}

// New loads the models of p with the first provider that works, from the one
// asked for down to the CPU: whatever step fails (the library lacks it, no
// device, a first inference with wrong results), the next one is tried from
// scratch. It logs one line about the outcome, a warning if a provider was
// asked for by name and couldn't be had. Text always runs on the CPU: questions
// are short, and an answer takes about a millisecond.
//
// Errors wrap ErrRuntime or ErrModel and name the file.
func New(p *Pack, o Options) (*Encoder, error) {
	log := o.Logger
	if log == nil {
		log = slog.Default()
	}
	providers, err := candidates(o.Provider)
	if err != nil {
		return nil, err
	}
	path, err := findLibrary(o.Library)
	if err != nil {
		return nil, err
	}
	if err := loadLibrary(path); err != nil {
		return nil, err
	}
	e := &Encoder{pack: p, threads: o.Threads, answers: newTextCache(64)}
	if e.threads < 1 {
		e.threads = runtime.GOMAXPROCS(0)
	}
	e.buffers.New = func() any {
		b := make([]float32, e.batch*p.pre.Len())
		return &b
	}
	if err := e.openText(); err != nil {
		return nil, err
	}
	var failed []string
	e.provider, failed, err = firstWorking(providers, func(provider string) error {
		return e.openVision(provider, o.CacheDir, log)
	})
	if err != nil {
		return nil, errors.Join(err, e.text.close())
	}
	attrs := []any{"provider", e.provider, "threads", e.threads, "pack", p.manifest.Name + " " + p.manifest.Version, "onnxruntime", ort.GetVersion()}
	if len(failed) > 0 {
		attrs = append(attrs, "unavailable", strings.Join(failed, "; "))
	}
	if asked := providers[0]; o.Provider != "" && o.Provider != Auto && asked != e.provider {
		log.Warn(fmt.Sprintf("the configured provider %s does not work, falling back to %s: clips are encoded much slower", asked, e.provider), attrs...)
	} else {
		log.Info("models loaded", attrs...)
	}
	return e, nil
}

// Provider is the execution provider that the vision model really uses:
// tensorrt, cuda or cpu.
func (e *Encoder) Provider() string { return e.provider }

// Pack is the pack that the encoder runs.
func (e *Encoder) Pack() *Pack { return e.pack }

// Close waits for running calls, then frees the models. Later calls return
// ErrClosed. Closing twice is fine.
func (e *Encoder) Close() error {
	e.closing.Do(func() { e.closeErr = errors.Join(e.vision.close(), e.text.close()) })
	return e.closeErr
}

// openVision loads the vision model with one provider and proves it with two
// pictures.
func (e *Encoder) openVision(provider, cacheDir string, log *slog.Logger) (err error) {
	spec := e.pack.manifest.Image
	e.batch = batchAccelerator
	if provider == CPU {
		e.batch = batchCPU
	}
	if spec.Batch > 0 {
		e.batch = spec.Batch
	}
	var engine map[string]string
	if provider == TensorRT {
		if engine, err = tensorRTOptions(e.pack, e.batch, cacheDir); err != nil {
			return err
		}
	}
	options, err := sessionOptions(provider, e.threads, engine)
	if err != nil {
		return err
	}
	if provider == TensorRT {
		log.Info("preparing TensorRT: with a new pack, device or library this takes minutes", "cache", engine["trt_engine_cache_path"])
	}
	outputs := []string{spec.Outputs.Embedding}
	if spec.Outputs.Tokens != "" {
		outputs = append(outputs, spec.Outputs.Tokens)
	}
	file := filepath.Join(e.pack.dir, spec.File)
	s, err := newSession(file, []string{spec.Input}, outputs, options, 1)
	if err != nil {
		return fmt.Errorf("%w: %w: copy the pack again, or use one made for this version of gemba", ErrModel, err)
	}
	e.vision = s
	if err := e.probeVision(); err != nil {
		return errors.Join(e.mismatch(file, err), s.close())
	}
	return nil
}

func (e *Encoder) openText() error {
	spec := e.pack.manifest.Text
	options, err := sessionOptions(CPU, e.threads, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRuntime, err)
	}
	inputs, outputs := spec.Inputs.names(), []string{spec.Outputs.Embedding}
	if spec.Outputs.Tokens != "" {
		outputs = append(outputs, spec.Outputs.Tokens)
	}
	file := filepath.Join(e.pack.dir, spec.File)
	s, err := newSession(file, inputs, outputs, options, 2)
	if err != nil {
		return fmt.Errorf("%w: %w: copy the pack again, or use one made for this version of gemba", ErrModel, err)
	}
	e.text = s
	if err := e.probeText(); err != nil {
		return errors.Join(e.mismatch(file, err), s.close())
	}
	return nil
}

// mismatch says what a model has where it is not what the manifest says.
func (e *Encoder) mismatch(file string, err error) error {
	return fmt.Errorf("%w: %s is not what %s says: %w; %s", ErrModel, filepath.Base(file), manifestName, err, interfaceOf(file))
}

// probeVision runs two equal grey pictures: names, types and shapes are right if
// the model accepts them and answers as the manifest says.
func (e *Encoder) probeVision() error {
	m := e.pack.manifest
	n := min(2, e.batch)
	pixels := make([]float32, n*e.pack.pre.Len())
	out, err := e.runVision(context.Background(), pixels, n)
	if err != nil {
		return fmt.Errorf("expected input %s float32 [n 3 %d %d]: %w", m.Image.Input, m.Image.Height, m.Image.Width, err)
	}
	first, second := out[0].data[:m.Dims], out[0].data[(n-1)*m.Dims:]
	if err := checkUnit(m.Image.Outputs.Embedding, first); err != nil {
		return err
	}
	// An accelerator may round differently by place in the batch, no more.
	if d := vector.Dot(first, second); d < 0.999 {
		return fmt.Errorf("output %s differs for equal pictures of one batch (cosine %.3f)", m.Image.Outputs.Embedding, d)
	}
	return nil
}

// probeText runs the shortest text.
func (e *Encoder) probeText() error {
	spec := e.pack.manifest.Text
	ids := e.pack.tokenizer.Encode("a", spec.MaxLength).IDs
	if len(ids) == 0 {
		return fmt.Errorf("%s makes nothing of a text", spec.Tokenizer)
	}
	out, err := e.runText(context.Background(), ids)
	if err != nil {
		return fmt.Errorf("expected inputs %s int64 [b length]: %w", strings.Join(spec.Inputs.names(), ", "), err)
	}
	return checkUnit(spec.Outputs.Embedding, out[0].data)
}

// normalize makes each row of dims values unit. Rows of length 0, and what isn't
// finite, stay, for checkUnit to find.
func normalize(rows []float32, dims int) {
	for ; len(rows) >= dims; rows = rows[dims:] {
		if n := norm(rows[:dims]); n > 0 {
			for i := range rows[:dims] {
				rows[i] = float32(float64(rows[i]) / n)
			}
		}
	}
}

func checkUnit(name string, v []float32) error {
	if n := norm(v); !(math.Abs(n-1) < 0.01) {
		return fmt.Errorf("output %s has length %.4g, expected unit length", name, n)
	}
	return nil
}
