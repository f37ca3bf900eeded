package encode

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// session is one model, loaded. Runs queue for its slots, so that the memory in
// use is bounded whatever the number of callers.
type session struct {
	file            string // path of the model
	inputs, outputs []string
	s               *ort.DynamicAdvancedSession
	slots           chan struct{}
	closed          chan struct{}
}

// newSession loads a model with options, which it takes over, for runs of
// `atOnce` callers at a time.
func newSession(file string, inputs, outputs []string, options *ort.SessionOptions, atOnce int) (*session, error) {
	defer options.Destroy()
	s, err := ort.NewDynamicAdvancedSession(file, inputs, outputs, options)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", filepath.Base(file), plain(err))
	}
	return &session{file: file, inputs: inputs, outputs: outputs, s: s, slots: make(chan struct{}, atOnce), closed: make(chan struct{})}, nil
}

// run runs the model and returns its outputs, [0] being the embedding. It ends
// soon after ctx does.
func (s *session) run(ctx context.Context, inputs ...ort.Value) ([]output, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.closed:
		return nil, ErrClosed
	}
	// Several of these can be ready at once, and which one is taken is chance.
	select {
	case <-s.closed:
		return nil, ErrClosed
	default:
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	// Not before the flag has been set may the options go away.
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		_ = options.Terminate() // fails only for options that are gone
	})
	values := make([]ort.Value, len(s.outputs))
	err = s.s.RunWithOptions(inputs, values, options)
	runtime.KeepAlive(inputs)
	if !stop() {
		<-stopped
	}
	defer func() {
		for _, v := range values {
			if v != nil {
				_ = v.Destroy()
			}
		}
	}()
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("run %s: %w", filepath.Base(s.file), plain(err))
	}
	out := make([]output, len(values))
	for i, v := range values {
		t, ok := v.(*ort.Tensor[float32])
		if !ok {
			return nil, fmt.Errorf("output %q of %s is no float32 tensor", s.outputs[i], filepath.Base(s.file))
		}
		// The binding has copied the data into Go memory.
		out[i] = output{shape: slices.Clone(t.GetShape()), data: t.GetData()}
	}
	return out, nil
}

// close waits for runs to end.
func (s *session) close() error {
	close(s.closed)
	for range cap(s.slots) {
		s.slots <- struct{}{}
	}
	return s.s.Destroy()
}

// output is one output of a model.
type output struct {
	shape ort.Shape
	data  []float32
}

// has tells whether the shape is exactly want.
func (o output) has(want ...int64) bool { return o.shape.Equals(ort.NewShape(want...)) }

// interfaceOf describes the inputs and outputs that a model file really has,
// for error messages.
func interfaceOf(file string) string {
	in, out, err := ort.GetInputOutputInfo(file)
	if err != nil {
		return "its inputs and outputs can't be read"
	}
	list := func(infos []ort.InputOutputInfo) string {
		var parts []string
		for _, i := range infos {
			parts = append(parts, fmt.Sprintf("%s %s %v", i.Name, typeName(i.DataType), []int64(i.Dimensions)))
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprintf("it has inputs %s and outputs %s", list(in), list(out))
}

func typeName(t ort.TensorElementDataType) string {
	return strings.ToLower(strings.TrimPrefix(t.String(), "ONNX_TENSOR_ELEMENT_DATA_TYPE_"))
}

// plain takes the binding's own words and paths off an error of the library.
func plain(err error) error {
	text := err.Error()
	if i := strings.LastIndex(text, "Error creating C session from file: "); i >= 0 {
		text = text[i+len("Error creating C session from file: "):]
	}
	text = strings.TrimPrefix(text, "Error running network: ")
	return errors.New(text)
}
