package parley

import (
	"context"
	"fmt"
	"reflect"
	"slices"
)

// Declarer is what publishers, clients and [Replies] are declared in: an [App]
// or a [Router].
type Declarer interface {
	// Publisher declares that messages are sent to address.
	Publisher(address string, opts ...SendOption) *Publisher
	receive(d *declaration)
}

// Client is a publisher whose requests and answers have types. Its methods may
// be called concurrently, in handlers too.
//
// Code that calls a service needs no Client to be tested: it takes an interface
// of its own, with the methods that it uses, which a Client has and a fake of a
// few lines as well.
//
//	type Placer interface {
//		Call(ctx context.Context, o Order, opts ...parley.SendOption) (Receipt, error)
//	}
type Client[In, Out any] struct{ publisher *Publisher }

// NewClient declares that in, an app or a router, sends requests of type In to
// address and reads their answers as Out. It is a declaration like
// [App.Publisher], with a [Payload]: faults are told by [App.Err], and
// [App.Operations] shows both types. opts are the defaults of its calls.
//
// With [NoBody] as Out the answer is waited for and not read; with it as In the
// request has no body.
func NewClient[In, Out any](in Declarer, address string, opts ...SendOption) *Client[In, Out] {
	return &Client[In, Out]{in.Publisher(address, append(slices.Clip(opts), Payload[In](), answer[Out]())...)}
}

// answer declares what the answers to a publisher's requests are read as.
func answer[T any]() SendOption {
	t := reflect.TypeFor[T]()
	return sendOption{fmt.Sprintf("the answer %s", t), func(s *sendSettings) { s.answer = t }}
}

// Call sends in and waits for the answer, see [Request].
func (c *Client[In, Out]) Call(ctx context.Context, in In, opts ...SendOption) (Out, error) {
	return Request[Out](ctx, c.publisher, in, opts...)
}

// Go sends in at once and returns without waiting, see [Go].
func (c *Client[In, Out]) Go(ctx context.Context, in In, opts ...SendOption) *Call[Out] {
	return Go[Out](ctx, c.publisher, in, opts...)
}

// Send sends in and waits for no answer but that it is stored, see
// [Publisher.Publish]. With [ReplyTo] another subscriber gets the answer.
func (c *Client[In, Out]) Send(ctx context.Context, in In, opts ...SendOption) error {
	return c.publisher.Publish(ctx, in, opts...)
}

// Address returns the address as it was declared, without the prefixes of
// routers.
func (c *Client[In, Out]) Address() string { return c.publisher.Address() }
