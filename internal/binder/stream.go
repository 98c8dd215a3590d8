package binder

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/parley-go/parley/transport"
)

// Sink takes the values of a handler with many results.
type Sink interface {
	// Send takes one value, encoded, and owns it from then on. An error ends the
	// handler's results: an iterator yields no further value.
	Send(ctx context.Context, m *transport.Message) error
}

// Outlet is a parameter through which a handler pushes its results. It is
// implemented by the pointer to the parameter's type.
type Outlet interface {
	// Element is the type of the values.
	Element() reflect.Type
	// Attach sets where they go. push may be called concurrently.
	Attach(push func(ctx context.Context, v any) error)
}

// streamed is how a handler gives many results: as an iterator or through an
// outlet.
type streamed struct {
	// element is the type of one.
	element reflect.Type
	// failing says that the iterator yields an error beside each value.
	failing bool
	// outlet is the parameter's type, nil for an iterator; at is its place among
	// the parameters behind the input.
	outlet reflect.Type
	at     int
}

// errNoSink ends a handler with many results that nobody takes.
var errNoSink = errors.New("a handler with many results was called for one")

// CallStream is [Plan.Call] for a handler with many results, or with a sequence
// as input.
//
// Each of many results goes to the sink before the handler goes on. The error is
// the one that the handler returned or yielded, or that of the sink or of
// encoding a value, whichever came first. Cleanups run after the last value.
//
// Each item of a sequence is decoded and validated when the handler asks for
// it; of a message that is no stream before the handler is called. Where the
// handler cannot see that the sequence broke off, that is the error in place of
// all that it returns.
func (p *Plan) CallStream(ctx context.Context, m *transport.Message, path []string, ends Ends) (*transport.Message, error) {
	return p.serve(ctx, m, path, &calling{Ends: ends})
}

// Streams reports whether the handler has many results.
func (p *Plan) Streams() bool { return p.stream != nil }

// runStream calls the handler and hands on what it yields or pushes.
func (p *Plan) runStream(ctx context.Context, in any, params []reflect.Value, sink Sink) error {
	if sink == nil {
		return errNoSink
	}
	if p.stream.outlet != nil {
		params = slices.Insert(params, p.stream.at, p.outlet(sink))
	}
	out, err := p.caller.call(ctx, in, params)
	if err != nil || p.stream.outlet != nil {
		return err
	}
	return p.iterate(ctx, reflect.ValueOf(out), sink)
}

// outlet returns the parameter, attached to sink.
func (p *Plan) outlet(sink Sink) reflect.Value {
	v := reflect.New(p.stream.outlet)
	outlet, _ := v.Interface().(Outlet) // the signature said so
	outlet.Attach(func(ctx context.Context, value any) error {
		m, err := p.item(value)
		if err != nil {
			return err
		}
		return sink.Send(ctx, m)
	})
	return v.Elem()
}

// iterate runs an iterator to its end, or until sink takes no more. A nil one
// has no values.
func (p *Plan) iterate(ctx context.Context, iterator reflect.Value, sink Sink) (err error) {
	if iterator.IsNil() {
		return nil
	}
	take := func(v reflect.Value) bool {
		if err != nil {
			return false
		}
		var m *transport.Message
		if m, err = p.item(v.Interface()); err == nil {
			err = sink.Send(ctx, m)
		}
		return err == nil
	}
	if !p.stream.failing {
		iterator.Seq()(take)
		return err
	}
	iterator.Seq2()(func(v, failed reflect.Value) bool {
		if failure, _ := failed.Interface().(error); failure != nil && err == nil {
			err = failure
		}
		return take(v)
	})
	return err
}

// item encodes one value. No value is an empty message.
func (p *Plan) item(v any) (*transport.Message, error) {
	var m *transport.Message
	var err error
	if p.encoder != nil && v != nil {
		m, err = p.encoder.encode(v)
	} else {
		m, err = p.wire.encode(v)
	}
	if m == nil && err == nil {
		m = &transport.Message{}
	}
	return m, err
}

// isIterator recognises iter.Seq and iter.Seq2, and nothing wider.
func isIterator(t reflect.Type) bool {
	return t.Kind() == reflect.Func && t.PkgPath() == "iter" && strings.HasPrefix(t.Name(), "Seq")
}

// isOutlet reports whether a parameter of that type is an [Outlet].
func isOutlet(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(outletType)
}

// pushes reports whether the results go through an outlet.
func (s signature) pushes() bool { return s.stream != nil && s.stream.outlet != nil }

// readStream finds out whether a handler has many results, and takes an outlet
// from its parameters.
func (c *compiler) readStream(s *signature) {
	if s.in != nil && isOutlet(s.in) {
		c.fault("the input as first parameter", s.in.String(), "put the input before it, parley.NoBody when there is none")
		return
	}
	s.params = slices.DeleteFunc(s.params, func(t reflect.Type) bool { return c.takeOutlet(t, s) })
	if s.out == nil || !isIterator(s.out) {
		if s.stream != nil && s.out != nil {
			c.fault("no result but an error beside "+s.stream.outlet.String(), s.out.String(), "send every value through the parameter")
		}
		return
	}
	if s.stream != nil {
		c.fault("an iterator or a parameter to send through", "both", "leave one of them out")
		return
	}
	yield := s.out.In(0)
	s.stream = &streamed{element: yield.In(0), failing: yield.NumIn() == 2}
	if s.stream.failing && yield.In(1) != errorType {
		c.fault("iter.Seq2[T, error] or iter.Seq[T]", s.out.String(), "put both into one struct")
	}
}

// takeOutlet keeps the outlet of a handler, which must be one.
func (c *compiler) takeOutlet(t reflect.Type, s *signature) bool {
	at := s.seen
	s.seen++
	if !isOutlet(t) {
		return false
	}
	if s.stream != nil {
		c.fault("one parameter to send through", "a second one, "+t.String(), "send one type")
		return true
	}
	outlet, _ := reflect.New(t).Interface().(Outlet)
	s.stream = &streamed{element: outlet.Element(), outlet: t, at: at}
	return true
}
