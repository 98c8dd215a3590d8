// Package cbor is the codec of CBOR (RFC 8949).
package cbor

import (
	"errors"
	"reflect"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/parley-go/parley/serialization"
)

// ContentType is what encoded values carry.
const ContentType = "application/cbor"

// MaxNesting bounds how deep arrays, maps and tags of a received value may be
// nested.
const MaxNesting = 64

type codec struct {
	encode cbor.EncMode
	decode cbor.DecMode
}

// Codec returns the codec of application/cbor. Field names come from the cbor
// struct tag, else from the json one. Times are RFC 3339 text. Maps decode
// into an any as map[string]any; a repeated map key, a tag that the library
// does not know and nesting beyond [MaxNesting] are refused.
func Codec() serialization.Codec {
	// Both sets of options are constant and valid: the errors are nil.
	enc, _ := cbor.EncOptions{
		Time:    cbor.TimeRFC3339Nano,
		TimeTag: cbor.EncTagNone,
	}.EncMode()
	dec, _ := cbor.DecOptions{
		DupMapKey:       cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels: MaxNesting,
		DefaultMapType:  reflect.TypeFor[map[string]any](),
		UTF8:            cbor.UTF8RejectInvalid,
	}.DecMode()
	return codec{enc, dec}
}

func (codec) ContentType() string { return ContentType }

func (c codec) Encode(v any) ([]byte, error) { return c.encode.Marshal(v) }

// Null reports whether data is null or undefined.
func (codec) Null(data []byte) bool {
	return len(data) == 1 && (data[0] == 0xf6 || data[0] == 0xf7)
}

func (c codec) Decode(data []byte, v any) error {
	err := c.decode.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*cbor.UnmarshalTypeError](err); ok {
		// The library puts the Go type before the field's name.
		field := e.StructFieldName[strings.LastIndexByte(e.StructFieldName, '.')+1:]
		return &serialization.Error{Path: field, Wanted: "another type", Got: "CBOR " + e.CBORType, Err: err}
	}
	return &serialization.Error{Wanted: "CBOR that fits", Got: "other bytes", Err: err}
}
