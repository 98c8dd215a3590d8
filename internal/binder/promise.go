package binder

import (
	"reflect"
	"slices"
)

// Promise is a parameter by which a handler takes it upon itself to answer
// later. It is implemented by the pointer to the parameter's type P.
type Promise interface {
	// Element is the type of the answer.
	Element() reflect.Type
	// Maker returns a func(context.Context) (P, error) that makes the one for the
	// message that is handled in the context.
	Maker() any
}

// Promises reports whether the handler answers later.
func (p *Plan) Promises() bool { return p.description.Later }

// isPromise reports whether a parameter of that type is a [Promise].
func isPromise(t reflect.Type) bool {
	return t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(promiseType)
}

// readPromise finds out whether a handler answers later.
func (c *compiler) readPromise(s *signature) {
	if s.in != nil && isPromise(s.in) {
		c.fault("the input as first parameter", s.in.String(), "put the input before it, parley.NoBody when there is none")
		return
	}
	i := slices.IndexFunc(s.params, isPromise)
	if i < 0 {
		return
	}
	t := s.params[i]
	switch {
	case slices.ContainsFunc(s.params[i+1:], isPromise):
		c.fault("one parameter to answer by", "a second one besides "+t.String(), "a message has one answer")
	case s.stream != nil:
		c.fault("a stream or an answer that comes later", "both", "leave "+t.String()+" out")
	case s.sequence != nil:
		c.fault("a single input for an answer that comes later", "a sequence, whose sender waits at its end", "leave "+t.String()+" out")
	case s.out != nil:
		c.fault("no result but an error beside "+t.String(), s.out.String(), "leave one of them out")
	}
	promise, _ := reflect.New(t).Interface().(Promise)
	s.later, s.promised = true, promise.Element()
	if s.promised == noBodyType {
		s.promised = nil
	}
	c.Resolvers = append(slices.Clip(c.Resolvers), &Resolver{
		provides: t, fn: reflect.ValueOf(promise.Maker()), takes: []reflect.Type{contextType}, err: 1,
	})
}
