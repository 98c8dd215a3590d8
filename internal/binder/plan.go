package binder

import (
	"context"
	"reflect"

	"github.com/parley-go/parley/transport"
)

// Plan calls one handler. It does not change and is safe for concurrent use.
type Plan struct {
	wire   *Wire
	caller caller
	// noBody says that nothing of the message is read for the input. Otherwise
	// one of annotated and decoder is set.
	noBody    bool
	annotated *annotated
	decoder   *decoder
	// check validates an input; nil when there is nothing to validate. It takes
	// a pointer to the input's type.
	check func(dst any) error
	// resolution is how the parameters come about.
	resolution resolution
	// encoder is nil for interface results, whose type is known only then.
	encoder *encoder
	// stream is how many results come about; nil for one or none.
	stream *streamed
	// sequence is how many items the input is; nil for one or none.
	sequence    *sequenced
	description Description
}

// Call decodes and validates m, resolves the parameters, calls the handler,
// encodes its result and runs the cleanups in reverse with the outcome. path
// holds the values of the address parameters in the order of the config's
// PathNames. What does not fit is an [*InputError] and the handler did not run;
// an error of the handler or a resolver is returned as it is. A nil message
// with a nil error is no value. A panic of the handler or a resolver passes
// through, after the cleanups, which see it as a [*PanicError].
func (p *Plan) Call(ctx context.Context, m *transport.Message, path []string) (*transport.Message, error) {
	if p.sequence != nil {
		return p.CallStream(ctx, m, path, Ends{})
	}
	return p.serve(ctx, m, path, nil)
}

// serve is Call; c is nil for a handler without streams.
func (p *Plan) serve(ctx context.Context, m *transport.Message, path []string, c *calling) (*transport.Message, error) {
	in, err := p.arguments(ctx, m, path, c)
	if err != nil {
		return nil, err
	}
	if len(p.resolution.params) == 0 {
		return p.run(ctx, in, nil, c)
	}
	return p.resolveAndRun(ctx, m, in, c)
}

// arguments returns a pointer to what the handler gets as input.
func (p *Plan) arguments(ctx context.Context, m *transport.Message, path []string, c *calling) (any, error) {
	if p.sequence == nil {
		return p.input(m, path)
	}
	var err error
	if c.items, err = p.begin(ctx, m, path, c.Source); err != nil {
		return nil, err
	}
	return c.items.argument(), nil
}

// Check decodes and validates m as [Plan.Call] does, as one item where the input
// is a sequence, and calls nothing.
func (p *Plan) Check(m *transport.Message, path []string) error {
	_, err := p.input(m, path)
	return err
}

// input returns a pointer to the decoded and validated input, or item of it.
func (p *Plan) input(m *transport.Message, path []string) (any, error) {
	dst := p.caller.newInput()
	var err error
	switch {
	case p.noBody:
		return dst, nil
	case p.annotated != nil:
		err = p.annotated.bind(m, path, dst)
	default:
		err = p.decode(m, dst)
	}
	if err != nil {
		return nil, err
	}
	if p.check != nil {
		if err := p.check(dst); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

func (p *Plan) decode(m *transport.Message, dst any) error {
	if whole, ok := dst.(**transport.Message); ok {
		*whole = m
		return nil
	}
	if err := p.decoder.decode(m, dst); err != nil {
		return inputError(partBody, err)
	}
	return nil
}

// run calls the handler and encodes what it returns. A result that was made of
// half an input is none.
func (p *Plan) run(ctx context.Context, in any, params []reflect.Value, c *calling) (*transport.Message, error) {
	out, err := p.runOnce(ctx, in, params, c)
	if unseen := c.unseen(); unseen != nil {
		return nil, unseen
	}
	return out, err
}

func (p *Plan) runOnce(ctx context.Context, in any, params []reflect.Value, c *calling) (*transport.Message, error) {
	if p.stream != nil {
		return nil, p.runStream(ctx, in, params, c.sink())
	}
	out, err := p.caller.call(ctx, in, params)
	if err != nil {
		return nil, err
	}
	if out == nil {
		return nil, nil
	}
	if p.encoder != nil {
		return p.encoder.encode(out)
	}
	return p.wire.encode(out)
}

// Describe returns what the signature says. The slices are shared: do not
// change them.
func (p *Plan) Describe() Description { return p.description }
