package binder

import (
	"errors"
	"reflect"
)

// Config is what a handler is compiled with.
type Config struct {
	// Wire decodes inputs and encodes results. Nil is NewWire(nil).
	Wire *Wire
	// PathNames are the parameters of the address template, in order.
	PathNames []string
	// Check compiles the validation of a type; nil, or a nil result, when there
	// is nothing to check. The check gets a value of type t, for a struct a
	// pointer to it. Its error should be an *InputError; another one becomes
	// the reason of one and must be fit for the sender.
	Check func(t reflect.Type) func(v any) error
	// Resolvers supply parameters; the first one of a type is taken.
	Resolvers []*Resolver
	// ParamHint says how else a parameter without a resolver could be supplied.
	ParamHint string
}

// compiler reads one signature and collects its faults.
type compiler struct {
	Config
	wire *Wire
	// reserved types are parley's, see [NewResolver].
	reserved []reflect.Type
	// signature is the handler's type as text, for faults.
	signature string
	faults    []error
}

func (c *compiler) fault(wanted, got, hint string) {
	if c.signature != "" {
		got += " in " + c.signature
	}
	c.faults = append(c.faults, &SignatureError{Wanted: wanted, Got: got, Hint: hint})
}

// Compile checks the signature of fn and returns a plan to call it. All faults
// are joined, each a *SignatureError.
func Compile(fn any, config Config) (*Plan, error) {
	c := &compiler{Config: config, wire: config.Wire}
	if c.wire == nil {
		c.wire = NewWire(nil)
	}
	fn, caller := direct(fn)
	v := reflect.ValueOf(fn)
	if !c.isFunction(v, "a handler function") {
		return nil, errors.Join(c.faults...)
	}
	s := c.readSignature(v.Type())
	p := &Plan{wire: c.wire, caller: caller, noBody: s.readsNothing(), stream: s.stream, sequence: s.sequence}
	if caller == nil || len(s.params) > 0 || s.pushes() || s.sequence != nil {
		p.caller = newReflectCaller(v, s)
	}
	c.compileInput(p, s)
	c.compileParams(p, s)
	c.compileResult(p, s)
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	p.description = describe(s, p)
	return p, nil
}

// isFunction refuses what cannot be called.
func (c *compiler) isFunction(v reflect.Value, wanted string) bool {
	switch {
	case !v.IsValid():
		c.fault(wanted, "nil", "name a function, such as PlaceOrder")
	case v.Kind() != reflect.Func:
		c.fault(wanted, v.Type().String(), "give the function itself, not its result")
	case v.IsNil():
		c.fault(wanted, "a nil "+v.Type().String(), "set it before it is registered")
	default:
		return true
	}
	return false
}

// compileInput prepares decoding and validating IN.
func (c *compiler) compileInput(p *Plan, s signature) {
	if p.noBody {
		return
	}
	base, _ := pointee(s.in)
	part := partBody
	if isAnnotated(base) {
		part = "input"
		p.annotated = c.compileAnnotated(s.in)
	} else if c.decodable(s.in, "the input") {
		p.decoder = c.wire.decoderOf(s.in)
	}
	if c.Check != nil && base != messageType {
		p.check = checkOf(s.in, c.Check(base), part)
	}
}

// checkOf adapts the check of a type to pointers to it. The result takes a
// pointer to t; it is nil when check is.
func checkOf(t reflect.Type, check func(any) error, part string) func(any) error {
	if check == nil {
		return nil
	}
	base, depth := pointee(t)
	refuse := func(err error) error {
		if err == nil {
			return nil
		}
		if e, ok := errors.AsType[*InputError](err); ok {
			return e
		}
		return &InputError{Part: part, Reason: err.Error(), Err: err}
	}
	if depth == 0 && base.Kind() == reflect.Struct {
		return func(dst any) error { return refuse(check(dst)) }
	}
	return func(dst any) error {
		v := reflect.ValueOf(dst).Elem()
		for range depth {
			if v.IsNil() {
				return nil
			}
			v = v.Elem()
		}
		if base.Kind() == reflect.Struct {
			v = v.Addr()
		}
		return refuse(check(v.Interface()))
	}
}

// compileResult prepares encoding OUT.
func (c *compiler) compileResult(p *Plan, s signature) {
	out := s.result()
	if out == nil || !c.encodable(out) || out.Kind() == reflect.Interface {
		return
	}
	p.encoder = c.wire.encoderOf(out)
}
