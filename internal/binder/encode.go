package binder

import (
	"fmt"
	"reflect"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

const (
	textPlain       = "text/plain"
	applicationJSON = "application/json"
)

// encoder is what a wire knows about sending values of one type.
type encoder struct {
	wire   *Wire
	goType reflect.Type
	// encode returns nil for no value.
	encode func(v any) (*transport.Message, error)

	codec serialization.Codec
	enum  *enumCheck
}

func (w *Wire) newEncoder(t reflect.Type) *encoder {
	e := &encoder{wire: w, goType: t, enum: enumCheckOf(t)}
	e.encode = e.pick()
	return e
}

// passed are the types that [Wire.encode] knows without a plan.
func passed(t reflect.Type) bool {
	return t == stringType || t == bytesType || t == rawMessageType || t == reflect.PointerTo(messageType)
}

// pick chooses the way for the type, which is never an interface.
func (e *encoder) pick() func(any) (*transport.Message, error) {
	t := e.goType
	base, depth := pointee(t)
	switch {
	case passed(t):
		return e.wire.encode
	case e.wire.natives[t] != nil:
		return e.native
	case t.Implements(envelopedType):
		return e.enveloped
	case base == messageType && depth == 0:
		return messageByValue
	case depth > 0 && e.byElement(base, depth):
		return e.element
	}
	e.codec = e.wire.codecs.For(t)
	switch s := shapeOf(base); {
	case depth > 0:
		return e.pointer
	case s == rawText && e.codec.ContentType() == textPlain:
		return e.text
	case s == rawBytes && e.codec.ContentType() == "":
		return e.bytes
	case pointerOnlyMarshaler(t):
		return e.addressed
	case t.Kind() == reflect.Slice || t.Kind() == reflect.Map:
		return e.collection
	default:
		return e.value
	}
}

// byElement reports whether a pointer is encoded as what it points to: all
// pointers but those whose value a codec takes.
func (e *encoder) byElement(base reflect.Type, depth int) bool {
	if depth > 1 || base.Kind() == reflect.Interface || e.wire.natives[base] != nil {
		return true
	}
	return shapeOf(base) != structured || base.Implements(envelopedType) ||
		base.Kind() == reflect.Slice || base.Kind() == reflect.Map
}

// pointerOnlyMarshaler reports whether only a pointer to t marshals itself, as
// encoding/json would not notice for a value.
func pointerOnlyMarshaler(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return !t.Implements(jsonMarshalerType) && p.Implements(jsonMarshalerType) ||
		!t.Implements(textMarshalerType) && p.Implements(textMarshalerType)
}

func (e *encoder) native(v any) (*transport.Message, error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil, nil
	}
	return e.wire.natives[e.goType].Convert(v)
}

func (e *encoder) enveloped(v any) (*transport.Message, error) {
	if r := reflect.ValueOf(v); r.Kind() == reflect.Pointer && r.IsNil() {
		return nil, nil
	}
	value, properties := v.(Enveloped).Envelope()
	m, err := e.wire.encode(value)
	if err != nil || properties == nil {
		return m, err
	}
	if m == nil {
		m = &transport.Message{}
	}
	return overlay(m, properties), nil
}

func messageByValue(v any) (*transport.Message, error) {
	m := v.(transport.Message)
	return &m, nil
}

func (e *encoder) element(v any) (*transport.Message, error) {
	r := reflect.ValueOf(v)
	if r.IsNil() {
		return nil, nil
	}
	return e.wire.encode(r.Elem().Interface())
}

func (e *encoder) pointer(v any) (*transport.Message, error) {
	if reflect.ValueOf(v).IsNil() {
		return nil, nil
	}
	return e.value(v)
}

func (e *encoder) text(v any) (*transport.Message, error) {
	r := reflect.ValueOf(v)
	if err := e.allowed(r); err != nil {
		return nil, err
	}
	return &transport.Message{ContentType: textPlain, Body: []byte(r.String())}, nil
}

func (e *encoder) bytes(v any) (*transport.Message, error) {
	r := reflect.ValueOf(v)
	if err := e.allowed(r); err != nil {
		return nil, err
	}
	return bytesMessage("", r.Bytes()), nil
}

// collection sends a nil slice or map as an empty one: "null" would read as no
// value. One that marshals itself decides for itself.
func (e *encoder) collection(v any) (*transport.Message, error) {
	r := reflect.ValueOf(v)
	if !r.IsNil() || selfCoding(e.goType) {
		return e.value(v)
	}
	if r.Kind() == reflect.Map {
		return e.value(reflect.MakeMap(e.goType).Interface())
	}
	return e.value(reflect.MakeSlice(e.goType, 0, 0).Interface())
}

func (e *encoder) addressed(v any) (*transport.Message, error) {
	p := reflect.New(e.goType)
	p.Elem().Set(reflect.ValueOf(v))
	return e.value(p.Interface())
}

func (e *encoder) value(v any) (*transport.Message, error) {
	body, err := e.codec.Encode(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s as %s: %w", e.goType, e.codec.ContentType(), err)
	}
	// After encoding, which refuses values that contain themselves.
	if e.enum != nil {
		if err := e.allowed(reflect.ValueOf(v)); err != nil {
			return nil, err
		}
	}
	return &transport.Message{ContentType: e.codec.ContentType(), Body: body}, nil
}

func (e *encoder) allowed(v reflect.Value) error {
	if e.enum == nil {
		return nil
	}
	if err := e.enum.check(v); err != nil {
		return fmt.Errorf("encode %s: %w", e.goType, err)
	}
	return nil
}

// overlay returns m with everything that is set in properties.
func overlay(m, properties *transport.Message) *transport.Message {
	out := properties.Clone()
	if out.Body == nil {
		out.Body = m.Body
		out.ContentEncoding = pick(out.ContentEncoding, m.ContentEncoding)
	}
	out.ContentType = pick(out.ContentType, m.ContentType)
	out.ID = pick(out.ID, m.ID)
	out.CorrelationID = pick(out.CorrelationID, m.CorrelationID)
	out.ReplyTo = pick(out.ReplyTo, m.ReplyTo)
	out.Type = pick(out.Type, m.Type)
	out.AppID = pick(out.AppID, m.AppID)
	out.UserID = pick(out.UserID, m.UserID)
	out.Expiration = pick(out.Expiration, m.Expiration)
	out.Priority = pick(out.Priority, m.Priority)
	out.Persistence = pick(out.Persistence, m.Persistence)
	if out.Timestamp.IsZero() {
		out.Timestamp = m.Timestamp
	}
	for name, value := range m.Headers {
		if _, set := out.Headers[name]; !set {
			out.SetHeader(name, value)
		}
	}
	return out
}

// pick returns the first value unless it is zero.
func pick[T comparable](first, second T) T {
	var zero T
	if first == zero {
		return second
	}
	return first
}
