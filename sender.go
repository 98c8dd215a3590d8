package parley

import (
	"context"
	"errors"
	"reflect"
)

// Sender sends a stream of values from within a handler: the push form of an
// iterator as result. A handler takes it as a further parameter:
//
//	func(ctx context.Context, q Query, parts parley.Sender[Part]) error
//
// The stream ends when the handler returns, with its error if there is one.
type Sender[T any] struct {
	push func(ctx context.Context, v any) error
}

// Send sends v as soon as the reader has room for it, and returns when it is on
// its way. An error says why nothing is sent any more: the reader has left,
// time is up, or ctx has ended; the handler should return. It may be called
// concurrently, until the handler returns.
func (s Sender[T]) Send(ctx context.Context, v T) error {
	if s.push == nil {
		return errors.New("parley: a Sender is given to a handler, not made")
	}
	return s.push(ctx, v)
}

// Element returns the type of the values; it is for parley itself.
func (*Sender[T]) Element() reflect.Type { return reflect.TypeFor[T]() }

// Attach sets where the values go; it is for parley itself.
func (s *Sender[T]) Attach(push func(ctx context.Context, v any) error) { s.push = push }
