package binder

import (
	"context"
	"reflect"

	"github.com/parley-go/parley/transport"
)

// Ends are what the streams of a handler hang on.
type Ends struct {
	// Sink takes the results of a handler with many.
	Sink Sink
	// Source gives the items of a handler whose input is a sequence. Without one
	// the message itself is a sequence of one item, of none when it is empty.
	Source Source
}

// Source gives the items of a sequence. Its methods are called by one goroutine
// at a time.
type Source interface {
	// Next waits for the next item, and returns nil behind the last one. After
	// an error it is not called again.
	Next(ctx context.Context) (*transport.Message, error)
	// Broken is told of an error that ends a sequence before the eyes of a
	// handler that cannot see it: of Next, or of an item that does not fit.
	Broken(err error)
}

// sequenced is an input of many items.
type sequenced struct {
	// form is the iterator's type.
	form reflect.Type
	// failing says that it yields an error beside each item.
	failing bool
}

// Receives reports whether the handler's input is a sequence.
func (p *Plan) Receives() bool { return p.sequence != nil }

// readSequence finds out whether the input is a sequence; the input is then the
// type of one item.
func (c *compiler) readSequence(s *signature) {
	if s.in == nil || !isIterator(s.in) {
		return
	}
	yield := s.in.In(0)
	s.sequence = &sequenced{form: s.in, failing: yield.NumIn() == 2}
	if s.sequence.failing && yield.In(1) != errorType {
		c.fault("iter.Seq2[T, error] or iter.Seq[T]", s.in.String(), "put both into one struct")
	}
	s.in = yield.In(0)
	switch base, _ := pointee(s.in); {
	case base == noBodyType:
		c.fault("items that have a value", s.sequence.form.String(), "take parley.NoBody itself where nothing is read")
	case isIterator(base):
		c.fault("items that are no sequences", s.sequence.form.String(), "take one iterator")
	}
}

// calling is one call of a handler with streams.
type calling struct {
	Ends
	// items are nil for an input that is no sequence.
	items *items
}

func (c *calling) sink() Sink {
	if c == nil {
		return nil
	}
	return c.Sink
}

// unseen is why the input broke off without the handler seeing it.
func (c *calling) unseen() error {
	if c == nil || c.items == nil {
		return nil
	}
	return c.items.unseen
}

// items are the input of one call. They can be ranged over once: another loop
// goes on where the last one stopped.
type items struct {
	*Plan
	ctx    context.Context
	path   []string
	source Source
	// ready is the one item of a message that is no stream, nil when it is used.
	ready any
	// over says that nothing more comes; err is why, nil for the end.
	over bool
	err  error
	// unseen is err where the handler has no way to see it.
	unseen error
}

// begin makes the items of a call, which is a stream where there is a source.
func (p *Plan) begin(ctx context.Context, m *transport.Message, path []string, source Source) (*items, error) {
	i := &items{Plan: p, ctx: ctx, path: path, source: source}
	if source != nil {
		return i, nil
	}
	if p.isNothing(m) {
		i.over = true
		return i, nil
	}
	var err error
	i.ready, err = p.input(m, path)
	return i, err
}

// isNothing reports whether m is a sequence of no items.
func (p *Plan) isNothing(m *transport.Message) bool {
	if p.decoder == nil && p.annotated.body == nil || p.decoder != nil && p.decoder.shape == wholeMessage {
		return false
	}
	return len(m.Body) == 0 && m.ContentType == ""
}

// next returns a pointer to the next item; nil behind the last one.
func (i *items) next() any {
	if item := i.ready; item != nil {
		i.ready, i.over = nil, true
		return item
	}
	if i.over {
		return nil
	}
	m, err := i.source.Next(i.ctx)
	if m != nil && err == nil {
		var item any
		if item, err = i.input(m, i.path); err == nil {
			return item
		}
	}
	i.over, i.err = true, err
	if err != nil && !i.sequence.failing {
		i.unseen = err
		i.source.Broken(err)
	}
	return nil
}

// argument returns a pointer to the iterator that the handler gets.
func (i *items) argument() any {
	p := reflect.New(i.sequence.form)
	p.Elem().Set(reflect.MakeFunc(i.sequence.form, func(args []reflect.Value) []reflect.Value {
		i.yield(args[0])
		return nil
	}))
	return p.Interface()
}

// yield runs one loop over the items.
func (i *items) yield(body reflect.Value) {
	none := reflect.Zero(errorType)
	for {
		item := i.next()
		if item == nil {
			break
		}
		args := []reflect.Value{reflect.ValueOf(item).Elem()}
		if i.sequence.failing {
			args = append(args, none)
		}
		if !body.Call(args)[0].Bool() {
			return
		}
	}
	if i.err != nil && i.sequence.failing {
		failed := reflect.New(errorType).Elem()
		failed.Set(reflect.ValueOf(i.err))
		body.Call([]reflect.Value{reflect.Zero(i.sequence.form.In(0).In(0)), failed})
	}
}
