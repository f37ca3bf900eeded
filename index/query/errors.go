package query

import (
	"errors"
	"fmt"
)

// InvalidError says which field of a request is wrong and what would be right.
// It is the caller's mistake: asking again without a change fails again.
type InvalidError struct {
	Field  string // JSON name of the field
	Reason string // a sentence for the person who asked
}

func (e *InvalidError) Error() string {
	return e.Field + ": " + e.Reason
}

func invalid(field, format string, args ...any) *InvalidError {
	return &InvalidError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

var (
	// ErrCursorExpired is returned for a cursor whose result list is no longer
	// held: too old, pushed out by newer searches, or from before a restart.
	// Asking the question again gives a fresh first page.
	ErrCursorExpired = errors.New("the result list of this cursor is no longer kept; repeat the search without a cursor")

	// ErrNoTextModel is returned for a question in words when no text encoder
	// was given. Filters and like_clip still work.
	ErrNoTextModel = errors.New("no model is loaded that understands words; filters still work")
)
