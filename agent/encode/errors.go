package encode

import "errors"

// Errors that callers may want to tell apart. All come wrapped with the name of
// the file or clip and what to do.
var (
	// ErrPack: a pack is incomplete, damaged or not meant for this program.
	ErrPack = errors.New("unusable pack")
	// ErrRuntime: the ONNX Runtime library is missing, too old or none at all.
	ErrRuntime = errors.New("ONNX Runtime not available")
	// ErrModel: a model doesn't load or isn't what the manifest says.
	ErrModel = errors.New("unusable model")
	// ErrInput: a clip has no frames, or a frame isn't a picture.
	ErrInput = errors.New("nothing to encode")
	// ErrNoWords: a text has no word in it.
	ErrNoWords = errors.New("the text has no words")
	// ErrClosed: the encoder was closed.
	ErrClosed = errors.New("encoder is closed")
)
