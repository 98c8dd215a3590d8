package binder

import (
	"context"
	"encoding"
	"encoding/json"
	"reflect"

	"github.com/parley-go/parley/transport"
)

var (
	bytesType           = reflect.TypeFor[[]byte]()
	cleanupType         = reflect.TypeFor[func(error) error]()
	contextType         = reflect.TypeFor[context.Context]()
	errorType           = reflect.TypeFor[error]()
	envelopedType       = reflect.TypeFor[Enveloped]()
	messageType         = reflect.TypeFor[transport.Message]()
	messagePointerType  = reflect.TypeFor[*transport.Message]()
	outletType          = reflect.TypeFor[Outlet]()
	promiseType         = reflect.TypeFor[Promise]()
	noBodyType          = reflect.TypeFor[NoBody]()
	rawMessageType      = reflect.TypeFor[json.RawMessage]()
	stringType          = reflect.TypeFor[string]()
	jsonMarshalerType   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// shape is how values of a type stand in a body.
type shape uint8

const (
	// structured values are a codec's business.
	structured shape = iota
	// rawBytes are byte slices: the body as it is.
	rawBytes
	// rawText are strings: the body as it is, in UTF-8.
	rawText
	// dynamic is any: the message says what it holds.
	dynamic
	// wholeMessage is transport.Message itself.
	wholeMessage
)

// shapeOf classifies a type that is not a pointer.
func shapeOf(t reflect.Type) shape {
	switch {
	case t == messageType:
		return wholeMessage
	case t == rawMessageType:
		return rawBytes
	case selfCoding(t):
		return structured
	case t.Kind() == reflect.String:
		return rawText
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8:
		return rawBytes
	case t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return dynamic
	default:
		return structured
	}
}

// selfCoding reports whether t or a pointer to it has a method that reads or
// writes its encoded form.
func selfCoding(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonMarshalerType) || p.Implements(jsonUnmarshalerType) ||
		p.Implements(textMarshalerType) || p.Implements(textUnmarshalerType)
}

// maxPointers bounds the pointers before a value. A type may be a pointer to
// itself.
const maxPointers = 8

// pointee strips the pointers of t and counts them. Of a type with more than
// maxPointers a pointer is left.
func pointee(t reflect.Type) (reflect.Type, int) {
	depth := 0
	for t.Kind() == reflect.Pointer && depth < maxPointers {
		t = t.Elem()
		depth++
	}
	return t, depth
}

// nilable reports whether values of t can say that there is no value.
func nilable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	default:
		return false
	}
}
