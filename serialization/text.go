package serialization

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"unicode/utf8"
)

type textCodec struct{}

// Text returns the codec of text/plain. It takes strings and byte slices as
// they are, booleans and numbers in their usual notation, and types with
// MarshalText and UnmarshalText in theirs. Text is UTF-8; anything else, and
// anything structured, is refused.
func Text() Codec { return textCodec{} }

func (textCodec) ContentType() string { return "text/plain" }

func (textCodec) Encode(v any) ([]byte, error) {
	if m, ok := v.(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		return append([]byte{}, text...), err
	}
	switch r := reflect.ValueOf(v); kindOf(r) {
	case reflect.String:
		return []byte(r.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(nil, r.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(nil, r.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(nil, r.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return strconv.AppendFloat(nil, r.Float(), floatFormat(r.Float()), -1, r.Type().Bits()), nil
	case reflect.Slice:
		if r.Type().Elem().Kind() == reflect.Uint8 {
			return append([]byte{}, r.Bytes()...), nil
		}
	}
	return nil, fmt.Errorf("wanted a value with a text form, got %T", v)
}

// floatFormat writes numbers of ordinary size without an exponent, so that a
// whole one reads as an integer, too.
func floatFormat(f float64) byte {
	if a := math.Abs(f); a == 0 || a >= 1e-6 && a < 1e21 {
		return 'f'
	}
	return 'g'
}

func kindOf(v reflect.Value) reflect.Kind {
	if !v.IsValid() {
		return reflect.Invalid
	}
	return v.Kind()
}

func (textCodec) Decode(data []byte, v any) error {
	if !utf8.Valid(data) {
		return &Error{Wanted: "UTF-8 text", Got: "other bytes"}
	}
	switch p := v.(type) {
	case *string:
		*p = string(data)
		return nil
	case *any:
		*p = string(data)
		return nil
	case encoding.TextUnmarshaler:
		return refuseText(p.UnmarshalText(data), reflect.TypeOf(v).Elem())
	}
	return decodeText(string(data), reflect.ValueOf(v).Elem())
}

func decodeText(text string, v reflect.Value) error {
	t := v.Type()
	switch t.Kind() {
	case reflect.String:
		return decodeString(text, v)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return refuseText(err, t)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(text, 10, t.Bits())
		v.SetInt(i)
		return refuseText(err, t)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(text, 10, t.Bits())
		v.SetUint(u)
		return refuseText(err, t)
	case reflect.Float32, reflect.Float64:
		f, err := parseFloat(text, t.Bits())
		v.SetFloat(f)
		return refuseText(err, t)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(text))
			return nil
		}
	}
	return &Error{Wanted: wanted(t), Got: "plain text"}
}

// decodeString lets a type that reads only JSON read the text as a JSON string,
// so that plain text is no way around its checks.
func decodeString(text string, v reflect.Value) error {
	u, ok := v.Addr().Interface().(json.Unmarshaler)
	if !ok {
		v.SetString(text)
		return nil
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return refuseText(err, v.Type())
	}
	return refuseText(u.UnmarshalJSON(quoted), v.Type())
}

// parseFloat takes the numbers that JSON can carry, too: no infinity, no NaN.
func parseFloat(text string, bits int) (float64, error) {
	f, err := strconv.ParseFloat(text, bits)
	if err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
		return 0, strconv.ErrRange
	}
	return f, err
}

func refuseText(err error, t reflect.Type) error {
	if err == nil {
		return nil
	}
	return &Error{Wanted: wanted(t), Got: "other text", Err: err}
}

// IsText reports whether [Text] can decode into values of type t.
func IsText(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textUnmarshalerType) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8
	default:
		return false
	}
}
