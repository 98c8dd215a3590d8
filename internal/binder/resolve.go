package binder

import (
	"context"
	"fmt"
	"reflect"

	"github.com/parley-go/parley/transport"
)

// PanicError is a recovered panic.
type PanicError struct {
	// Value is what panic was called with.
	Value any
	// Stack is the goroutine's, nil in the outcome that a cleanup sees.
	Stack []byte
}

// Error returns the value as text.
func (e *PanicError) Error() string {
	// Not by errors.Is, which calls methods of what the handler panicked with.
	if exit, ok := e.Value.(exitError); ok {
		return exit.Error()
	}
	return fmt.Sprintf("panic: %v", e.Value)
}

// Unwrap returns the value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// ErrExited is the value of a [*PanicError] of a handler that has not panicked: it
// never returns all the same. It is also the outcome that cleanups see then.
var ErrExited error = exitError{}

type exitError struct{}

func (exitError) Error() string {
	return "handler ended its goroutine (runtime.Goexit), as t.FailNow does"
}

var errExited = &PanicError{Value: ErrExited}

// attempt is one run of a plan with parameters.
type attempt struct {
	*Plan
	in   any
	call *calling
	// values are those of the slots, room is for arguments.
	values, room []reflect.Value
}

// resolveAndRun resolves the parameters, runs the handler and then the cleanups
// in reverse.
func (p *Plan) resolveAndRun(ctx context.Context, m *transport.Message, in any, c *calling) (*transport.Message, error) {
	n := len(p.resolution.slots)
	all := make([]reflect.Value, n+p.resolution.room)
	copy(all, p.resolution.slots)
	all[contextSlot] = reflect.ValueOf(&ctx).Elem()
	all[messageSlot] = reflect.ValueOf(m)
	a := attempt{Plan: p, in: in, call: c, values: all[:n:n], room: all[n:]}
	return a.from(ctx, p.resolution.steps)
}

// from takes the steps that are left, and then runs the handler.
func (a *attempt) from(ctx context.Context, steps []step) (*transport.Message, error) {
	for i := range steps {
		cleanup, err := a.take(&steps[i])
		if err != nil {
			return nil, err
		}
		if cleanup != nil {
			return a.within(ctx, cleanup, steps[i+1:])
		}
	}
	return a.run(ctx, a.in, a.args(a.resolution.params), a.call)
}

// within takes the steps that are left, and then calls cleanup. A panic goes on
// behind it, from where it began.
func (a *attempt) within(ctx context.Context, cleanup func(error) error, steps []step) (out *transport.Message, err error) {
	err = errExited
	defer func() {
		if v := recover(); v != nil {
			_ = cleanup(&PanicError{Value: v})
			panic(v)
		}
		if failed := cleanup(err); failed != nil {
			out, err = nil, failed
		}
	}()
	return a.from(ctx, steps)
}

// take calls one resolver and keeps its value.
func (a *attempt) take(s *step) (cleanup func(error) error, err error) {
	results := s.fn.Call(a.args(s.args))
	if s.err > 0 {
		if err, _ := results[s.err].Interface().(error); err != nil {
			return nil, err
		}
	}
	if s.cleanup > 0 {
		cleanup, _ = results[s.cleanup].Interface().(func(error) error)
	}
	a.values[s.slot] = results[0]
	return cleanup, nil
}

// args collects the values of slots. They are good until its next call.
func (a *attempt) args(slots []int) []reflect.Value {
	for i, slot := range slots {
		a.room[i] = a.values[slot]
	}
	return a.room[:len(slots)]
}
