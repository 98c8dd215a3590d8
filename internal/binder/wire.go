package binder

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/transport"
)

// Enveloped is a result that brings properties of its own message.
type Enveloped interface {
	// Envelope returns the value to encode and the properties to send it with:
	// everything that is set in them wins over what the value's encoding sets.
	// Nil properties set nothing.
	Envelope() (value any, properties *transport.Message)
}

// Wire turns values into messages and back. It keeps what it learned about a
// type for ever and is safe for concurrent use.
type Wire struct {
	codecs  *serialization.Registry
	natives map[reflect.Type]transport.NativeMessages
	refused map[reflect.Type]bool

	encoders planCache[encoder]
	decoders planCache[decoder]
}

// NewWire returns a wire that uses codecs, and natives to convert messages of
// brokers' own libraries. A nil registry is one with the built-in codecs.
func NewWire(codecs *serialization.Registry, natives ...transport.NativeMessages) *Wire {
	if codecs == nil {
		codecs = serialization.NewRegistry()
	}
	w := &Wire{
		codecs:  codecs,
		natives: make(map[reflect.Type]transport.NativeMessages),
		refused: make(map[reflect.Type]bool),
	}
	for _, n := range natives {
		for _, v := range n.Outputs() {
			w.natives[reflect.TypeOf(v)] = n
		}
		for _, v := range n.RefusedInputs() {
			w.refused[reflect.TypeOf(v)] = true
		}
	}
	return w
}

// Encode returns v as a message. No value (nil, a nil pointer, a nil []byte, a
// [NoBody]) is a message without body and content type. A *transport.Message is returned as
// it is; every other result is fresh, but may share the bytes of v. Values of
// types with an Enum method that are not among its values are refused.
func (w *Wire) Encode(v any) (*transport.Message, error) {
	m, err := w.encode(v)
	if m == nil && err == nil {
		m = &transport.Message{}
	}
	return m, err
}

// encode is Encode with nil for no value.
func (w *Wire) encode(v any) (*transport.Message, error) {
	switch v := v.(type) {
	case nil, NoBody:
		return nil, nil
	case *transport.Message:
		return v, nil
	case string:
		return &transport.Message{ContentType: textPlain, Body: []byte(v)}, nil
	case []byte:
		return bytesMessage("", v), nil
	case json.RawMessage:
		return bytesMessage(applicationJSON, v), nil
	}
	return w.encoderOf(reflect.TypeOf(v)).encode(v)
}

func bytesMessage(contentType string, body []byte) *transport.Message {
	if body == nil {
		return nil
	}
	return &transport.Message{ContentType: contentType, Body: body}
}

func (w *Wire) encoderOf(t reflect.Type) *encoder {
	return w.encoders.of(t, w.newEncoder)
}

// Decode reads the value of m into dst, a non-nil pointer. The type of *dst and
// the content type of m decide how; see the package serialization for the
// codecs. Into a [NoBody] nothing is read. A message without a value sets what can be nil to nil and is
// [ErrEmpty] for other types. What does not fit is an [*InputError]; *dst may
// then be half filled. Byte slices share the body of m.
func (w *Wire) Decode(m *transport.Message, dst any) error {
	if p, ok := dst.(**transport.Message); ok {
		*p = m
		return nil
	}
	if _, ok := dst.(*NoBody); ok {
		return nil
	}
	t := reflect.TypeOf(dst)
	if t == nil || t.Kind() != reflect.Pointer || reflect.ValueOf(dst).IsNil() {
		return fmt.Errorf("decode: wanted a non-nil pointer, got %T", dst)
	}
	return w.decoderOf(t.Elem()).decode(m, dst)
}

func (w *Wire) decoderOf(t reflect.Type) *decoder {
	return w.decoders.of(t, w.newDecoder)
}

// planCache keeps one plan per type. Two goroutines may make the same plan at
// once; one of the two is kept.
type planCache[P any] struct{ plans sync.Map }

func (c *planCache[P]) of(t reflect.Type, compile func(reflect.Type) *P) *P {
	kept, ok := c.plans.Load(t)
	if !ok {
		kept, _ = c.plans.LoadOrStore(t, compile(t))
	}
	p, _ := kept.(*P)
	return p
}
