package binder

import (
	"reflect"
	"strconv"
)

// signature is what the types of a handler say.
type signature struct {
	hasContext bool
	// in is nil when there is no input.
	in reflect.Type
	// params are the further parameters; firstParam is the first one's position.
	params     []reflect.Type
	firstParam int
	// out is nil when there is no result beside the error.
	out      reflect.Type
	hasError bool
	// stream says that there are many results; nil for one or none. seen counts
	// the parameters while it is looked for.
	stream *streamed
	seen   int
	// sequence says that the input is one, and in the type of its items; nil for
	// one or none.
	sequence *sequenced
	// later says that the answer comes later, of type promised, nil without a
	// value.
	later    bool
	promised reflect.Type
}

// readsNothing reports whether there is no input, or [NoBody] in its place.
func (s signature) readsNothing() bool {
	if s.in == nil {
		return true
	}
	base, _ := pointee(s.in)
	return base == noBodyType
}

// result returns the type of the result, of one of them where there are many.
func (s signature) result() reflect.Type {
	if s.stream != nil {
		return s.stream.element
	}
	if s.later {
		return s.promised
	}
	return s.out
}

// readSignature sorts the parameters and results of a function type. Context
// and error are recognised by identity: what merely implements them is refused.
func (c *compiler) readSignature(t reflect.Type) signature {
	c.signature = t.String()
	var s signature
	if t.IsVariadic() {
		c.fault("a fixed number of parameters", "a variadic one", "take a slice instead of ...")
		return s
	}
	c.readParameters(t, &s)
	c.readResults(t, &s)
	c.readStream(&s)
	c.readSequence(&s)
	c.readPromise(&s)
	return s
}

func (c *compiler) readParameters(t reflect.Type, s *signature) {
	i := 0
	if t.NumIn() > 0 && t.In(0) == contextType {
		s.hasContext = true
		i = 1
	}
	for ; i < t.NumIn(); i++ {
		p := t.In(i)
		switch {
		case p == contextType:
			c.fault("context.Context as first parameter", "it as "+ordinal(i)+" one", "move it to the front")
		case p.Implements(contextType):
			c.fault("context.Context itself", p.String()+" as "+ordinal(i)+" parameter", "declare it as context.Context")
		case s.in == nil:
			s.in, s.firstParam = p, i+1
		default:
			s.params = append(s.params, p)
		}
	}
}

func (c *compiler) readResults(t reflect.Type, s *signature) {
	n := t.NumOut()
	if n > 2 {
		c.fault("at most a result and an error", strconv.Itoa(n)+" results", "return one struct")
		return
	}
	if n == 0 {
		return
	}
	last := t.Out(n - 1)
	s.hasError = last == errorType
	if n == 2 && !s.hasError {
		c.fault("error as last result", last.String(), lastHint(t))
	}
	if n == 1 && s.hasError {
		return
	}
	s.out = t.Out(0)
	if s.out.Implements(errorType) {
		c.fault("error itself, as last result only", s.out.String()+" as "+ordinal(0)+" result", lastHint(t))
		s.out = nil
	}
}

// lastHint says how to repair an error result of the wrong type or place.
func lastHint(t reflect.Type) string {
	if t.Out(0) == errorType {
		return "put the error behind the result"
	}
	if last := t.Out(t.NumOut() - 1); last.Implements(errorType) {
		return "declare it as error: a nil " + last.String() + " would not be a nil error"
	}
	return "return one struct and an error"
}

// ordinal names a position, counted from 0.
func ordinal(i int) string {
	names := []string{"first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth"}
	if i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i+1) + "th"
}

// decodable refuses types that no message can be decoded into.
func (c *compiler) decodable(t reflect.Type, what string) bool {
	const whole = "use *parley.Message to get the whole message"
	base, depth := pointee(t)
	switch {
	case base == messageType && depth != 1:
		c.fault(what+" as *parley.Message", t.String(), "use exactly one *")
	case c.wire.refused[base], c.wire.refused[reflect.PointerTo(base)],
		c.wire.natives[base] != nil, c.wire.natives[reflect.PointerTo(base)] != nil:
		c.fault(what+" of a type that a message can be decoded into", t.String(), whole)
	case base.Kind() == reflect.Interface && base.NumMethod() > 0:
		c.fault(what+" of a concrete type", t.String(), "name the type that implements it, or use any")
	case base.Implements(envelopedType):
		c.fault(what+" of a type that a message can be decoded into", t.String(), "a response is a result only")
	case plainly(base):
		return true
	default:
		c.fault(what+" of a type that a message can be decoded into", t.String(), whole)
	}
	return false
}

// encodable refuses results that no message can be made of.
func (c *compiler) encodable(t reflect.Type) bool {
	base, _ := pointee(t)
	switch {
	case isIterator(base):
		c.fault("a value that can be encoded", t.String(), "only the result as a whole may be an iterator, iter.Seq2[T, error] or iter.Seq[T]")
	case base == noBodyType:
		c.fault("a result that has a value", t.String(), "leave the result out")
	case t.Implements(envelopedType):
		inner, ok := envelopeValue(base)
		return !ok || inner.Kind() == reflect.Interface || c.encodable(inner)
	case c.wire.natives[base] != nil, base.Kind() == reflect.Interface, plainly(base):
		return true
	default:
		c.fault("a result that can be encoded", t.String(), "return data: a struct, map, slice, string, number or message")
	}
	return false
}

// envelopeValue returns the type of the value inside an enveloped result.
func envelopeValue(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	f, ok := t.FieldByName("Value")
	return f.Type, ok
}

// plainly reports whether values of t have an encoded form at all. It looks
// through elements, not into structs: their codec has rules of its own.
func plainly(t reflect.Type) bool {
	const mostLevels = 16
	for range mostLevels {
		t, _ = pointee(t)
		if t == messageType || selfCoding(t) {
			return true
		}
		switch t.Kind() {
		case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Pointer:
			return false
		case reflect.Slice, reflect.Array, reflect.Map:
			t = t.Elem()
		default:
			return true
		}
	}
	return true
}
