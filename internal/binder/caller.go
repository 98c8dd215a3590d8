package binder

import (
	"context"
	"reflect"

	"github.com/parley-go/parley/transport"
)

// caller calls one function whose input is behind a pointer.
type caller interface {
	// newInput returns a pointer to a fresh input, nil when there is none.
	newInput() any
	// call returns nil for out when the function has no result or a nil
	// interface as one.
	call(ctx context.Context, in any, params []reflect.Value) (out any, err error)
}

// reflectCaller calls any legal function.
type reflectCaller struct {
	fn         reflect.Value
	in         reflect.Type
	hasContext bool
	hasOut     bool
	hasError   bool
}

func newReflectCaller(fn reflect.Value, s signature) *reflectCaller {
	return &reflectCaller{fn, s.in, s.hasContext, s.out != nil, s.hasError}
}

func (r *reflectCaller) newInput() any {
	if r.in == nil {
		return nil
	}
	return reflect.New(r.in).Interface()
}

func (r *reflectCaller) call(ctx context.Context, in any, params []reflect.Value) (any, error) {
	args := make([]reflect.Value, 0, 8)
	if r.hasContext {
		args = append(args, reflect.ValueOf(&ctx).Elem())
	}
	if r.in != nil {
		args = append(args, reflect.ValueOf(in).Elem())
	}
	args = append(args, params...)
	results := r.fn.Call(args)
	if r.hasError {
		if err, _ := results[len(results)-1].Interface().(error); err != nil {
			return nil, err
		}
	}
	if !r.hasOut {
		return nil, nil
	}
	return results[0].Interface(), nil
}

// Typed is a handler whose types the compiler checked. [Compile] takes it in
// place of the function and then calls it without reflection.
type Typed interface {
	caller
	// Function returns the function itself.
	Function() any
}

// Func returns fn as a handler that is called without reflection.
func Func[In, Out any](fn func(context.Context, In) (Out, error)) Typed {
	return typedCaller[In, Out]{fn}
}

type typedCaller[In, Out any] struct {
	fn func(context.Context, In) (Out, error)
}

// Function returns the function itself.
func (t typedCaller[In, Out]) Function() any { return t.fn }

func (typedCaller[In, Out]) newInput() any { return new(In) }

func (t typedCaller[In, Out]) call(ctx context.Context, in any, _ []reflect.Value) (any, error) {
	p, _ := in.(*In) // made by newInput
	out, err := t.fn(ctx, *p)
	if err != nil {
		return nil, err
	}
	return out, nil
}

// direct returns the function behind fn and, where one is known, a caller of
// it that needs no reflection. The listed signatures are the ones that pay for
// reflection with a large part of their time: nothing is decoded or encoded.
func direct(fn any) (any, caller) {
	switch f := fn.(type) {
	case Typed:
		return f.Function(), f
	case func(context.Context, string) (string, error):
		return directly(f)
	case func(context.Context, []byte) ([]byte, error):
		return directly(f)
	case func(context.Context, *transport.Message) (*transport.Message, error):
		return directly(f)
	default:
		return fn, nil
	}
}

func directly[In, Out any](fn func(context.Context, In) (Out, error)) (any, caller) {
	if fn == nil {
		return fn, nil
	}
	return fn, typedCaller[In, Out]{fn}
}
