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
// waiting request got, nil for everything else.
type Handler func(ctx context.Context, m *Message) (*Message, error)

// Middleware wraps handling or sending; it is a [HandleMiddleware] or a
// [SendMiddleware]. Of several, the first one given is the outermost; an app's
// are outside its routers'.
type Middleware interface{ middleware() }

// HandleMiddleware wraps the handling of every message of a subscriber:
// decoding, validation, the function and the encoding of its result. It sees
// every failure of these. It is called once for each subscriber when the app
// compiles its registrations, and the Handler it returns is called concurrently.
type HandleMiddleware func(next Handler) Handler

// SendMiddleware wraps the sending of messages: publish, request and forwarded
// results. Replies are part of handling. In a batch, next returns when
// the message is on its way, elsewhere when its outcome is known. It is called
// once for each publisher, and the Handler it returns is called concurrently.
type SendMiddleware func(next Handler) Handler

func (HandleMiddleware) middleware() {}
func (SendMiddleware) middleware()   {}

// chain wraps h in the middleware of type M, the first one outermost.
func chain[M interface {
	~func(Handler) Handler
	Middleware
}](h Handler, all []Middleware,
) Handler {
	for i := len(all) - 1; i >= 0; i-- {
		if m, ok := all[i].(M); ok {
			h = m(h)
		}
	}
	return h
}

// has reports whether any of all is of type M.
func has[M Middleware](all []Middleware) bool {
	return slices.ContainsFunc(all, func(m Middleware) bool {
		_, ok := m.(M)
		return ok
	})
}
