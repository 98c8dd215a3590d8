package parley

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parley-go/parley/transport"
)

// Outcomes of sending. Test for them with errors.Is; an error may be several
// of them at once.
var (
	// ErrNoRoute: no queue took the message, it was not stored.
	ErrNoRoute = transport.ErrNoRoute
	// ErrRefused: the broker refused the message, it was not stored. Trying
	// later is safe.
	ErrRefused = transport.ErrRefused
	// ErrBlocked: the broker blocks publishers and the time was up. Not sent.
	ErrBlocked = transport.ErrBlocked
	// ErrNotSent: the message did not leave. Trying again is safe.
	ErrNotSent = transport.ErrNotSent
	// ErrOutcomeUnknown: the message left, and what became of it is not known.
	ErrOutcomeUnknown = transport.ErrOutcomeUnknown
	// ErrExpired: the time was up before the request was sent or handled.
	ErrExpired = errors.New("expired")
	// ErrTimeout: no reply came in time. It is joined with
	// context.DeadlineExceeded, and with ErrOutcomeUnknown once the request
	// was sent.
	ErrTimeout = errors.New("timeout")
	// ErrStopped: the app was stopped.
	ErrStopped = errors.New("the app is stopped")
	// ErrNotStarted: the app was not started yet.
	ErrNotStarted = errors.New("the app is not started")
	// ErrNoValue: the answer has no value and the wanted type cannot be nil.
	ErrNoValue = errors.New("the answer has no value")
)

// Error is an error that a handler returns on purpose: its code, message and
// details travel to a waiting parley caller. What it wraps does not.
type Error struct {
	code    Code
	message string
	details []any
	cause   error
}

// NewError returns an error whose code and text the caller will see.
func NewError(code Code, text string) *Error {
	return &Error{code: code, message: text}
}

// WithDetail returns a copy of e with v added to the details. v travels as JSON.
func (e *Error) WithDetail(v any) *Error {
	c := *e
	c.details = append(append([]any(nil), e.details...), v)
	return &c
}

// WithCause returns a copy of e that wraps cause, which is logged where the
// handler runs and never travels.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// Code returns the code.
func (e *Error) Code() Code { return e.code }

// Message returns the text that the caller sees.
func (e *Error) Message() string { return e.message }

// Error returns the code, the text and the cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.code, e.message, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.code, e.message)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// RemoteError is an error reply: what the handler on the other side said.
type RemoteError struct {
	// Code classifies the error. It may be one that this package does not know.
	Code Code
	// Message is the handler's text, or a neutral one.
	Message string
	// Details are the handler's details, each as JSON; nil when there are none.
	Details []json.RawMessage
}

// Error returns the code and the message.
func (e *RemoteError) Error() string {
	return fmt.Sprintf("remote error: %s: %s", e.Code, e.Message)
}

// Is reports whether target is an [*Error] with the same code, so that
// errors.Is(err, parley.NewError(parley.CodeNotFound, "")) asks for a code.
func (e *RemoteError) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.code == e.Code
}

// CallError is how a request failed: which one, and why.
type CallError struct {
	// Address is where the request was sent.
	Address string
	// CorrelationID identifies it on the wire and in the server's log.
	CorrelationID string
	// Err is the reason.
	Err error
}

// Error names the request and the reason.
func (e *CallError) Error() string {
	return fmt.Sprintf("parley: request to %q (correlation id %s): %v", e.Address, e.CorrelationID, e.Err)
}

// Unwrap returns the reason.
func (e *CallError) Unwrap() error { return e.Err }

// RegistrationError is one fault of a declaration.
type RegistrationError struct {
	// Subject is what was declared and where, such as
	// `subscriber "orders.place" (main.go:14)`.
	Subject string
	// Err says what was wanted, what was got, and how to put it right.
	Err error
}

// Error names the declaration and its fault.
func (e *RegistrationError) Error() string {
	return fmt.Sprintf("parley: %s: %v", e.Subject, e.Err)
}

// Unwrap returns the fault.
func (e *RegistrationError) Unwrap() error { return e.Err }
