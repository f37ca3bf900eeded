package packimport

import "errors"

// Errors that callers may want to tell apart. All come wrapped with the file
// and what to do.
var (
	// ErrFolder: the folder lacks a file, or one is damaged.
	ErrFolder = errors.New("not a complete model")
	// ErrUnsupported: the model is fine but wants something that gemba can't do.
	ErrUnsupported = errors.New("model not supported")
	// ErrLicense: nothing says under which terms the model may be used.
	ErrLicense = errors.New("licence unknown")
)
