package parley

import (
	"context"
	"sync"
	"time"
)

// handling is the context of one handler. It knows the message and the app, and
// it ends at a deadline. A timer is set only once somebody waits for that:
// most handlers never ask, and a context with a timer costs half a microsecond.
type handling struct {
	// Context is that of the delivery.
	context.Context
	message *Message
	app     *App
	// deadline is zero for none.
	deadline time.Time

	mu sync.Mutex
	// bounded is Context with the timer, nil until Done is called.
	bounded context.Context
	cancel  context.CancelFunc
	over    bool
}

type messageKey struct{}

// Deadline returns the earlier of the handler's deadline and its parent's.
func (h *handling) Deadline() (time.Time, bool) {
	outer, ok := h.Context.Deadline()
	if h.deadline.IsZero() || (ok && outer.Before(h.deadline)) {
		return outer, ok
	}
	return h.deadline, true
}

// Done sets the timer.
func (h *handling) Done() <-chan struct{} {
	if h.deadline.IsZero() {
		return h.Context.Done()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.bounded == nil {
		h.bounded, h.cancel = context.WithDeadline(h.Context, h.deadline)
		if h.over {
			h.cancel()
		}
	}
	return h.bounded.Done()
}

// Err needs no timer.
func (h *handling) Err() error {
	if h.deadline.IsZero() {
		return h.Context.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.bounded != nil:
		return h.bounded.Err()
	case h.over:
		return context.Canceled
	case h.Context.Err() != nil:
		return h.Context.Err()
	case !time.Now().Before(h.deadline):
		return context.DeadlineExceeded
	}
	return nil
}

// Value knows the handling itself, and is otherwise that of the context whose
// end Done tells.
func (h *handling) Value(key any) any {
	if key == (messageKey{}) {
		return h
	}
	h.mu.Lock()
	inner := h.bounded
	h.mu.Unlock()
	if inner == nil {
		inner = h.Context
	}
	return inner.Value(key)
}

// end releases the timer when nobody is served any more.
func (h *handling) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	if h.cancel != nil {
		h.cancel()
	}
}

// MessageFrom returns the message that is being handled in ctx, for logging
// and for middleware that was not given it.
func MessageFrom(ctx context.Context) (*Message, bool) {
	h, ok := ctx.Value(messageKey{}).(*handling)
	if !ok {
		return nil, false
	}
	return h.message, true
}
