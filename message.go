package parley

import (
	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// Message is one message as it stands on the wire. A handler may take one and
// return one; an untyped request is answered with one.
type Message = transport.Message

// Headers are the application headers of a [Message].
type Headers = transport.Headers

// NoBody is the input of a handler that reads no body and has further
// parameters: func(ctx context.Context, _ parley.NoBody, user User) error. As
// the type of an answer nothing of it is read; sent, it is no value.
type NoBody = binder.NoBody

// Response is a result with properties of its message. A handler returns
// Response[T] in place of T; a zero field leaves what parley would set.
type Response[T any] struct {
	// Value is the result.
	Value T
	// Properties are set on the message where they are not zero: headers, id,
	// correlation id, type, expiration, priority, persistence, content
	// encoding. Body and content type come from Value.
	Properties Message
}

// Envelope returns the value and its properties.
func (r Response[T]) Envelope() (value any, properties *Message) { return r.Value, &r.Properties }
