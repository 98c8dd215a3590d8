package binder

import (
	"errors"

	"github.com/parley-go/parley/serialization"
)

// ErrEmpty says that a message carries no value where the reader's type has no
// way to say so: it is neither pointer, slice, map nor interface.
var ErrEmpty = errors.New("no value")

// InputError says which part of a message does not fit its reader. Its text
// names neither Go types nor the values found: it may be shown to the sender.
type InputError struct {
	// Part is "body", "header x-tenant", "path tenant", or "input" for a rule
	// about several parts together.
	Part string
	// Field is the path inside the body, such as "items[1].qty"; empty for the
	// whole part.
	Field string
	// Reason says what was wanted and what was found.
	Reason string
	// Err is the cause, for the reader's own log only.
	Err error
}

// Error returns part, field and reason in one line.
func (e *InputError) Error() string {
	if e.Field == "" {
		return e.Part + ": " + e.Reason
	}
	return e.Part + ": " + e.Field + ": " + e.Reason
}

// Unwrap returns Err.
func (e *InputError) Unwrap() error { return e.Err }

// inputError gives a codec's error its part.
func inputError(part string, err error) error {
	if e, ok := errors.AsType[*InputError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*serialization.Error](err); ok {
		return &InputError{Part: part, Field: e.Path, Reason: e.Reason(), Err: err}
	}
	if errors.Is(err, ErrEmpty) {
		return &InputError{Part: part, Reason: "wanted a value, got nothing", Err: err}
	}
	return &InputError{Part: part, Reason: "cannot be decoded", Err: err}
}

// SignatureError is one fault of a handler's signature.
type SignatureError struct {
	// Wanted is what would be legal.
	Wanted string
	// Got is what stands there and the whole signature.
	Got string
	// Hint says what to do; it may be empty.
	Hint string
}

// Error returns wanted, got and hint in one line.
func (e *SignatureError) Error() string {
	text := "wanted " + e.Wanted + ", got " + e.Got
	if e.Hint != "" {
		text += "; hint: " + e.Hint
	}
	return text
}
