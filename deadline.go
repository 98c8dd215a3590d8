package parley

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// lazyDeadline is a context with a deadline whose timer is set only once
// somebody waits for it: most handlers and transports never ask, and the timer
// would cost half a microsecond for each message.
type lazyDeadline struct {
	// Context is the parent.
	context.Context
	// deadline is zero for none of its own.
	deadline time.Time
	// cause is told by context.Cause when the deadline has passed; may be nil.
	cause error

	mu sync.Mutex
	// bounded is Context with the timer, nil until Done is called.
	bounded context.Context
	cancel  context.CancelFunc
	over    bool
}

// Deadline returns the earlier of its own deadline and its parent's.
func (l *lazyDeadline) Deadline() (time.Time, bool) {
	outer, ok := l.Context.Deadline()
	if l.deadline.IsZero() || (ok && outer.Before(l.deadline)) {
		return outer, ok
	}
	return l.deadline, true
}

// Done sets the timer.
func (l *lazyDeadline) Done() <-chan struct{} {
	if l.deadline.IsZero() {
		return l.Context.Done()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bounded == nil {
		l.bounded, l.cancel = context.WithDeadlineCause(l.Context, l.deadline, l.cause)
		if l.over {
			l.cancel()
		}
	}
	return l.bounded.Done()
}

// Err needs no timer.
func (l *lazyDeadline) Err() error {
	if l.deadline.IsZero() {
		return l.Context.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.bounded != nil:
		return l.bounded.Err()
	case l.over:
		return context.Canceled
	case l.Context.Err() != nil:
		return l.Context.Err()
	case !time.Now().Before(l.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value is that of the context whose end Done tells, so that what is derived
// from this one finds its parent.
func (l *lazyDeadline) Value(key any) any {
	l.mu.Lock()
	inner := l.bounded
	l.mu.Unlock()
	if inner == nil {
		inner = l.Context
	}
	return inner.Value(key)
}

// ended returns the context that says why a wait has ended: the parent when its
// end came, which reaches what is derived from it only a moment later.
func (l *lazyDeadline) ended() context.Context {
	if l.Context.Err() != nil {
		return l.Context
	}
	return l
}

// end releases the timer. Nobody is served any more.
func (l *lazyDeadline) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	if l.cancel != nil {
		l.cancel()
	}
}

// inTime refuses what is too late to be sent, on every transport alike.
func inTime(ctx context.Context) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= 0 {
		return fmt.Errorf("%w: %w: %w", ErrNotSent, ErrExpired, context.DeadlineExceeded)
	}
	return nil
}
