package encode

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"
)

// The execution providers, by the names of the configuration.
const (
	Auto     = "auto" // the first of the following that works
	TensorRT = "tensorrt"
	CUDA     = "cuda"
	CPU      = "cpu"
)

// candidates are the providers to try, in order: what was asked for, then
// everything below it. The CPU is always last.
func candidates(asked string) ([]string, error) {
	order := []string{TensorRT, CUDA, CPU}
	if asked == "" || asked == Auto {
		return order, nil
	}
	for i, p := range order {
		if p == asked {
			return order[i:], nil
		}
	}
	return nil, fmt.Errorf("unknown provider %q: use auto, tensorrt, cuda or cpu", asked)
}

// firstWorking opens providers in turn until one succeeds, and tells why those
// before it didn't. The error of the last one counts for all: it is the CPU's.
func firstWorking(providers []string, open func(provider string) error) (works string, failed []string, err error) {
	for _, provider := range providers {
		if err = open(provider); err == nil {
			return provider, failed, nil
		}
		failed = append(failed, fmt.Sprintf("%s: %v", provider, err))
	}
	return "", failed, err
}

// sessionOptions are fresh options for one attempt with one provider; a failed
// attempt can leave options half filled, so they are never used twice. The
// caller destroys them.
func sessionOptions(provider string, threads int, tensorRT map[string]string) (_ *ort.SessionOptions, err error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Destroy())
		}
	}()
	for _, set := range []func() error{
		func() error { return o.SetIntraOpNumThreads(threads) },
		func() error { return o.SetInterOpNumThreads(1) },
		func() error { return o.SetExecutionMode(ort.ExecutionModeSequential) },
		func() error { return o.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll) },
		func() error { return o.SetLogSeverityLevel(ort.LoggingLevelFatal) },
		// Threads that wait for work sleep: cameras and searches share the cores.
		func() error { return o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0") },
		// The arena keeps the memory of the largest batch (some 25 MB a picture
		// with the bundled pack) instead of asking the system for it at every
		// run, which would cost two thirds more time.
		func() error { return o.SetCpuMemArena(true) },
	} {
		if err := set(); err != nil {
			return nil, err
		}
	}
	switch provider {
	case TensorRT:
		err = appendTensorRT(o, tensorRT)
	case CUDA:
		err = appendCUDA(o)
	}
	return o, err
}

func appendTensorRT(o *ort.SessionOptions, options map[string]string) error {
	p, err := ort.NewTensorRTProviderOptions()
	if err != nil {
		return err
	}
	defer p.Destroy()
	if err := p.Update(options); err != nil {
		return err
	}
	if err := o.AppendExecutionProviderTensorRT(p); err != nil {
		return err
	}
	// What TensorRT can't run goes to CUDA before it goes to the CPU. That CUDA
	// is missing is no reason to give TensorRT up.
	_ = appendCUDA(o)
	return nil
}

func appendCUDA(o *ort.SessionOptions) error {
	p, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return err
	}
	defer p.Destroy()
	if err := p.Update(map[string]string{"device_id": "0", "arena_extend_strategy": "kSameAsRequested", "cudnn_conv_algo_search": "HEURISTIC"}); err != nil {
		return err
	}
	return o.AppendExecutionProviderCUDA(p)
}

// tensorRTOptions let one engine serve all batches up to batch and keep built
// engines under cacheDir, per pack. TensorRT itself tells engines of other
// versions and devices apart.
func tensorRTOptions(p *Pack, batch int, cacheDir string) (map[string]string, error) {
	i := p.manifest.Image
	shape := func(n int) string { return fmt.Sprintf("%s:%dx3x%dx%d", i.Input, n, i.Height, i.Width) }
	o := map[string]string{
		"device_id":              "0",
		"trt_fp16_enable":        "1",
		"trt_max_workspace_size": strconv.Itoa(1 << 30),
		"trt_profile_min_shapes": shape(1),
		"trt_profile_opt_shapes": shape(batch),
		"trt_profile_max_shapes": shape(batch),
	}
	if cacheDir == "" {
		return o, nil
	}
	dir := filepath.Join(cacheDir, fmt.Sprintf("tensorrt-%x", p.hash[:8]))
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("make the folder for TensorRT engines: %w", err)
	}
	o["trt_engine_cache_enable"], o["trt_engine_cache_path"] = "1", dir
	o["trt_timing_cache_enable"], o["trt_timing_cache_path"] = "1", dir
	return o, nil
}
