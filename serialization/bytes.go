package serialization

import (
	"fmt"
	"reflect"
	"unicode/utf8"
)

type bytesCodec struct{}

// Bytes returns the codec of bytes as they are. Such a message carries no
// content type; application/octet-stream is understood too. It takes byte
// slices and strings, the latter in UTF-8.
func Bytes() Codec { return bytesCodec{} }

func (bytesCodec) ContentType() string { return "" }

func (bytesCodec) Aliases() []string { return []string{"application/octet-stream"} }

func (bytesCodec) Encode(v any) ([]byte, error) {
	r := reflect.ValueOf(v)
	switch kindOf(r) {
	case reflect.String:
		return []byte(r.String()), nil
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return append([]byte{}, r.Bytes()...), nil
		}
	}
	return nil, fmt.Errorf("wanted a byte slice or a string, got %T", v)
}

func (bytesCodec) Decode(data []byte, v any) error {
	if p, ok := v.(*any); ok {
		*p = append([]byte{}, data...)
		return nil
	}
	r := reflect.ValueOf(v).Elem()
	if t := r.Type(); t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		r.SetBytes(append([]byte{}, data...))
		return nil
	}
	if r.Kind() != reflect.String || selfDecoding(r.Type()) {
		return &Error{Wanted: wanted(r.Type()), Got: "bytes without a known form"}
	}
	if !utf8.Valid(data) {
		return &Error{Wanted: "UTF-8 text", Got: "other bytes"}
	}
	r.SetString(string(data))
	return nil
}
