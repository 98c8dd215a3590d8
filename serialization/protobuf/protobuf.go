// Package protobuf is the codec of Protocol Buffers messages.
package protobuf

import (
	"fmt"
	"reflect"

	"google.golang.org/protobuf/proto"

	"github.com/parley-go/parley/serialization"
)

// ContentType is what encoded messages carry.
const ContentType = "application/x-protobuf"

var messageType = reflect.TypeFor[proto.Message]()

type codec struct{}

// Codec returns the codec of application/x-protobuf. It takes exactly the
// types that implement proto.Message, generated ones above all, and reads
// application/protobuf as well. Fields that the reader does not know are kept;
// nesting is bounded by the protobuf library (10000 levels).
func Codec() serialization.Codec { return codec{} }

func (codec) ContentType() string { return ContentType }

func (codec) Aliases() []string {
	return []string{"application/protobuf", "application/vnd.google.protobuf"}
}

// Handles reports whether t, or a pointer to it, is a proto.Message.
func (codec) Handles(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	return t.Implements(messageType) || reflect.PointerTo(t).Implements(messageType)
}

func (codec) Encode(v any) ([]byte, error) {
	m, ok := message(v)
	if !ok {
		return nil, fmt.Errorf("protobuf: wanted a proto.Message, got %T", v)
	}
	body, err := proto.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("protobuf: encode %T: %w", v, err)
	}
	if body == nil {
		body = []byte{}
	}
	return body, nil
}

// message returns v as a message; a message given by value is copied.
func message(v any) (proto.Message, bool) {
	if m, ok := v.(proto.Message); ok {
		return m, true
	}
	t := reflect.TypeOf(v)
	if t == nil || !reflect.PointerTo(t).Implements(messageType) {
		return nil, false
	}
	p := reflect.New(t)
	p.Elem().Set(reflect.ValueOf(v))
	m, ok := p.Interface().(proto.Message)
	return m, ok
}

func (codec) Decode(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return &serialization.Error{Wanted: "another content type", Got: ContentType}
	}
	if err := proto.Unmarshal(data, m); err != nil {
		return &serialization.Error{Wanted: "a Protocol Buffers message", Got: "other bytes", Err: err}
	}
	return nil
}
