package parley

import "context"

// handling is the context of one handler. It knows the message and the app.
type handling struct {
	lazyDeadline
	message *Message
	app     *App
	// delivery settles the message by hand; nil without [Manual].
	delivery *Delivery
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
