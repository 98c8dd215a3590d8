package transport

import (
	"context"
	"errors"
	"fmt"
)

// Outcomes of a publication. Test for them with errors.Is.
var (
	// ErrNoRoute: no queue took the message. It was not stored.
	ErrNoRoute = errors.New("no route")
	// ErrRefused: the broker refused the message (nack), for example because
	// the queue is full. It was not stored; trying later is safe.
	ErrRefused = errors.New("refused by the broker")
	// ErrBlocked: the broker blocks publishers (memory or disk alarm) and ctx
	// ended first. It was not sent.
	ErrBlocked = errors.New("publishing is blocked by the broker")
	// ErrNotSent: the message did not leave. Trying again is safe.
	ErrNotSent = errors.New("not sent")
	// ErrOutcomeUnknown: the message left and its outcome is not known.
	// Trying again may make a duplicate.
	ErrOutcomeUnknown = errors.New("outcome unknown")
	// ErrClosed: the connection was closed by its owner.
	ErrClosed = errors.New("connection is closed")
	// ErrSessionLost is the cause of a handler's cancelled context when its
	// delivery can no longer be settled; the broker will deliver it again.
	ErrSessionLost = errors.New("session lost")
)

// PermanentError marks a failure that waiting cannot cure: a refused login, a
// queue that exists with other arguments, a missing permission.
type PermanentError struct {
	// Err says what was wanted, what was found, and what to do about it.
	Err error
}

// Error returns the text of Err.
func (e *PermanentError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *PermanentError) Unwrap() error { return e.Err }

// Wait waits for the outcome of c. When ctx ends first the outcome is unknown:
// the error is [ErrOutcomeUnknown] and the cause of ctx.
func Wait(ctx context.Context, c Confirmation) error {
	select {
	case <-c.Done():
		return c.Err()
	default:
	}
	select {
	case <-c.Done():
		return c.Err()
	case <-ctx.Done():
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, context.Cause(ctx))
	}
}
