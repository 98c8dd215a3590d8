package parley

import (
	"context"
	"slices"
)

// Handler takes a message and gives its answer. A nil answer has no value.
//
// Around a subscriber m is what was received and the answer is what the
// function returned. Around a publisher m is what is to be sent, with Address
// and Exchange set to its destination, and the answer is the reply that a
// waiting request got, nil for everything else. What follows the message, items
// of a stream and the answers to a [Gather], passes no Handler: see [StreamFrom].
type Handler func(ctx context.Context, m *Message) (*Message, error)

// Middleware wraps handling or sending; it is a [HandleMiddleware], a
// [SendMiddleware], or an [OperationMiddleware] for both. Of several, the first
// one given is the outermost; an app's are outside its routers'.
type Middleware interface{ middleware() }

// HandleMiddleware wraps the handling of every message of a subscriber:
// decoding, validation, the function and the encoding of its result. It sees
// every failure of these. It is called once for each subscriber when the app
// compiles its registrations, and the Handler it returns is called concurrently.
type HandleMiddleware func(next Handler) Handler

// SendMiddleware wraps the sending of messages: publish, request, forwarded
// results, and [Reply]. Other replies are part of handling. In a batch, and of a
// [Stream] or a [Gather], next returns when the message is on its way, elsewhere
// when its outcome is known. It is called once for each publisher, and the
// Handler it returns is called concurrently.
type SendMiddleware func(next Handler) Handler

// OperationMiddleware wraps handling and sending, and is told what it wraps:
// around a subscriber the Action of op is [Receive], around a publisher, each
// [PublishTo] and [Reply] it is [Send]. For the rest it is a [HandleMiddleware] or a
// [SendMiddleware]. To leave an operation alone it returns next.
type OperationMiddleware func(op Operation, next Handler) Handler

func (HandleMiddleware) middleware()    {}
func (SendMiddleware) middleware()      {}
func (OperationMiddleware) middleware() {}

// absent reports whether m is nil, or a nil function of one of the kinds.
func absent(m Middleware) bool {
	switch m := m.(type) {
	case HandleMiddleware:
		return m == nil
	case SendMiddleware:
		return m == nil
	case OperationMiddleware:
		return m == nil
	default:
		return m == nil
	}
}

// around returns m as it wraps op, nil when it does not concern op.
func around(op *Operation, m Middleware) func(Handler) Handler {
	switch m := m.(type) {
	case HandleMiddleware:
		if op.Action == Receive {
			return m
		}
	case SendMiddleware:
		if op.Action == Send {
			return m
		}
	case OperationMiddleware:
		return func(next Handler) Handler { return m(*op, next) }
	}
	return nil
}

// chain wraps h in what of all concerns op, the first one outermost, and reports
// whether there was any.
func chain(h Handler, op Operation, all []Middleware) (wrapped Handler, found bool) {
	for _, m := range slices.Backward(all) {
		if wrap := around(&op, m); wrap != nil {
			h, found = wrap(h), true
		}
	}
	return h, found
}
