package binder

import (
	"errors"
	"reflect"
	"slices"
	"strconv"
)

// Resolver supplies the parameters of one type.
type Resolver struct {
	provides reflect.Type
	site     string
	// fn makes a value for each message; where it is not valid, value is the
	// one for all.
	fn, value reflect.Value
	// takes are the types of fn's parameters.
	takes []reflect.Type
	// cleanup and err are the positions of fn's further results, 0 without.
	cleanup, err int
	// broken says that fn has faults.
	broken bool
}

// NewResolver returns the resolver that fn is:
//
//	func([context.Context], [*transport.Message], [PARAM…]) (T, [func(error) error], [error])
//
// Each PARAM is supplied by another resolver. The cleanup is called once with
// the outcome of the message, unless it came with an error; the error it returns
// takes the place of the outcome. site names the place of the registration in
// faults; a resolver without one is not suggested in them. reserved types can
// neither be provided nor taken.
//
// All faults are joined, each a [*SignatureError]. With them the resolver is nil
// when the type it provides is not known, otherwise handlers that need it are
// told that it is faulty.
func NewResolver(fn any, site string, reserved ...reflect.Type) (*Resolver, error) {
	c := &compiler{reserved: reserved}
	v := reflect.ValueOf(fn)
	if !c.isFunction(v, "a resolver function") {
		return nil, errors.Join(c.faults...)
	}
	t := v.Type()
	c.signature = t.String()
	r := &Resolver{site: site, fn: v}
	c.resolverParameters(t, r)
	c.resolverResults(t, r)
	r.broken = len(c.faults) > 0
	if r.provides == nil {
		r = nil
	}
	return r, errors.Join(c.faults...)
}

// Constant returns the resolver that supplies value, which is not nil and
// assignable to t, to every message. Its faults are like those of [NewResolver].
func Constant(t reflect.Type, value any, reserved ...reflect.Type) (*Resolver, error) {
	c := &compiler{reserved: reserved}
	v := reflect.ValueOf(value)
	switch {
	case t == nil:
		c.fault("the type of the parameter", "nil", "reflect.TypeFor[T]()")
	case !c.provides(t):
	case isNil(v):
		c.fault("a value of type "+t.String(), "nil", "")
	case !v.Type().AssignableTo(t):
		c.fault("a value of type "+t.String(), v.Type().String(), "")
	default:
		constant := reflect.New(t).Elem()
		constant.Set(v)
		return &Resolver{provides: t, value: constant}, nil
	}
	return nil, errors.Join(c.faults...)
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Chan, reflect.Func, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return v.IsNil()
	default:
		return false
	}
}

// Provides returns the type of the parameters that r supplies.
func (r *Resolver) Provides() reflect.Type { return r.provides }

// String names the type and the place of the registration.
func (r *Resolver) String() string {
	if r.site == "" {
		return r.provides.String()
	}
	return r.provides.String() + " (" + r.site + ")"
}

func (c *compiler) resolverParameters(t reflect.Type, r *Resolver) {
	if t.IsVariadic() {
		c.fault("a fixed number of parameters", "a variadic one", "take a slice instead of ...")
		return
	}
	behindContext := 0
	if t.NumIn() > 0 && t.In(0) == contextType {
		behindContext = 1
	}
	for i := range t.NumIn() {
		p := t.In(i)
		switch {
		case p == contextType && i > 0:
			c.fault("context.Context as first parameter", "it as "+ordinal(i)+" one", "move it to the front")
		case p == messagePointerType && i != behindContext:
			c.fault("*parley.Message before the resolved parameters", "it as "+ordinal(i)+" one", "move it behind the context")
		case p != contextType && p != messagePointerType && !c.resolvable(p):
			c.fault("a resolved type, context.Context or *parley.Message as "+ordinal(i)+" parameter", p.String(), "")
		}
		r.takes = append(r.takes, p)
	}
}

func (c *compiler) resolverResults(t reflect.Type, r *Resolver) {
	const wanted = "a value, then func(error) error, then error as results"
	n := t.NumOut()
	if n == 0 || n > 3 {
		c.fault(wanted, strconv.Itoa(n)+" results", "return what the parameter is to be")
		return
	}
	if c.provides(t.Out(0)) {
		r.provides = t.Out(0)
	}
	for i := 1; i < n; i++ {
		switch {
		case t.Out(i) == cleanupType && i == 1:
			r.cleanup = i
		case t.Out(i) == errorType && i == n-1:
			r.err = i
		default:
			c.fault(wanted, t.Out(i).String()+" as "+ordinal(i)+" one", "return one struct, and a cleanup of type func(error) error")
		}
	}
}

// provides refuses the types that no resolver may supply.
func (c *compiler) provides(t reflect.Type) bool {
	if c.resolvable(t) {
		return true
	}
	c.fault("a resolver for a type of your own", "one for "+t.String(), "parley itself gives handlers what they may have of its types")
	return false
}

// resolvable reports whether a type means nothing else in a handler.
func (c *compiler) resolvable(t reflect.Type) bool {
	base, _ := pointee(t)
	return !isPromise(base) && base != messageType && base != noBodyType && t != errorType && !t.Implements(contextType) && !slices.Contains(c.reserved, t)
}

// resolverOf returns the first resolver for t, nil when there is none.
func (c *compiler) resolverOf(t reflect.Type) *Resolver {
	i := slices.IndexFunc(c.Resolvers, func(r *Resolver) bool { return r.provides == t })
	if i < 0 {
		return nil
	}
	return c.Resolvers[i]
}
