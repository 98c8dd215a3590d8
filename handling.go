package parley

import "context"

// handling is the context of one handler. It knows the message and the app.
type handling struct {
	lazyDeadline
	message *Message
	app     *App
	attempt Attempt
	// waiting says that somebody waits for the answer.
	waiting bool
	// delivery settles the message by hand; nil without [Manual].
	delivery *Delivery
	// serving is what the handler is called for.
	serving *delivery
	// writer takes the items of a stream; nil where nobody wants any.
	writer *writer
}

type messageKey struct{}

// Value knows the handling itself.
func (h *handling) Value(key any) any {
	if key == (messageKey{}) {
		return h
	}
	return h.lazyDeadline.Value(key)
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

// Attempt is one run of a handler.
type Attempt struct {
	// Number counts the runs for the message, this one included, from 1. Those of
	// earlier deliveries are counted where [Retry] postponed the message, and
	// nowhere else.
	Number int
	// InDelivery counts those of this delivery alone: above 1 the run follows
	// a failed one at once.
	InDelivery int
}

// AttemptFrom returns which run of its handler ctx belongs to, for logging and
// for middleware around handling.
func AttemptFrom(ctx context.Context) (Attempt, bool) {
	h, ok := ctx.Value(messageKey{}).(*handling)
	if !ok {
		return Attempt{}, false
	}
	return h.attempt, true
}

// Waiting reports whether somebody waits for the answer to a message: in
// middleware around sending, that the message is a request of this app that
// waits; in a handler and in middleware around handling, that the caller of the
// message at hand does.
func Waiting(ctx context.Context) bool {
	if out, ok := ctx.Value(outgoingKey{}).(*outgoing); ok {
		return out.wait != nil || out.stream != nil
	}
	h, ok := ctx.Value(messageKey{}).(*handling)
	return ok && h.waiting
}
