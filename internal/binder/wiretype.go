package binder

import (
	"errors"
	"reflect"
)

// ContentType returns what values of type t are sent as: "" for bytes, for what
// is known only by its value, for messages, and for nil.
func (w *Wire) ContentType(t reflect.Type) string {
	if t == nil {
		return ""
	}
	base, depth := pointee(t)
	switch {
	case base.Kind() == reflect.Interface, base == messageType, base == noBodyType, w.natives[t] != nil, w.natives[base] != nil:
		return ""
	case t == stringType:
		return textPlain
	case t == bytesType:
		return ""
	case t == rawMessageType:
		return applicationJSON
	case t.Implements(envelopedType):
		value, _ := envelopeValue(base)
		return w.ContentType(value)
	}
	e := w.encoderOf(t)
	if e.codec == nil && depth > 0 {
		return w.ContentType(t.Elem())
	}
	return e.codec.ContentType()
}

// CheckTypes returns what is wrong with types of values to be sent and to be
// read, each a [*SignatureError]; nil types are right.
func (w *Wire) CheckTypes(sent, read reflect.Type) error {
	c := &compiler{wire: w}
	if sent != nil && sent != noBodyType && !(&compiler{wire: w}).encodable(sent) {
		c.fault("a payload that can be encoded", sent.String(), "send data: a struct, map, slice, string, number or message")
	}
	if read != nil {
		c.decodable(read, "an answer")
	}
	return errors.Join(c.faults...)
}
