package serialization

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
)

type jsonCodec struct{}

// JSON returns the codec of application/json. It follows encoding/json:
// unknown fields are ignored, of repeated keys the last one counts, a number
// outside the range of its field is refused, and data nested deeper than 10000
// levels is refused.
func JSON() Codec { return jsonCodec{} }

func (jsonCodec) ContentType() string { return "application/json" }

func (jsonCodec) Encode(v any) ([]byte, error) { return json.Marshal(v) }

func (jsonCodec) Null(data []byte) bool {
	return len(data) >= 4 && len(data) < 64 && string(bytes.TrimSpace(data)) == "null"
}

func (jsonCodec) Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	return describeJSON(err, data, v)
}

// describeJSON says in JSON's own words why data could not be read into v.
func describeJSON(err error, data []byte, v any) error {
	if len(data) == 0 {
		return &Error{Wanted: "JSON", Got: "nothing", Err: err}
	}
	if !json.Valid(data) {
		return describeSyntax(err)
	}
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && e.Offset <= int64(len(data)) {
		return &Error{
			Path:   pathAt(data, e.Offset),
			Wanted: wanted(e.Type),
			Got:    gotJSON(e),
			Err:    err,
		}
	}
	path, found, t := locate(data, reflect.TypeOf(v).Elem())
	out := &Error{Path: path, Wanted: wanted(t), Got: jsonKind(found), Err: err}
	if out.Wanted == out.Got {
		out.Wanted, out.Got = "other values in the "+out.Got, ""
	}
	return out
}

func describeSyntax(err error) error {
	out := &Error{Wanted: "JSON", Got: "malformed JSON", Err: err}
	e, ok := errors.AsType[*json.SyntaxError](err)
	switch {
	case !ok:
	case strings.Contains(e.Error(), "max depth"):
		out.Wanted, out.Got = "JSON nested less deeply", "a level too many"
		out.Offset = e.Offset
	case strings.Contains(e.Error(), "unexpected end"):
		out.Got = "the end of the data"
		out.Offset = e.Offset
	default:
		out.Offset = e.Offset
	}
	return out
}

// gotJSON describes what stood in the place, leaving the value itself out.
func gotJSON(e *json.UnmarshalTypeError) string {
	kind, literal, isNumber := strings.Cut(e.Value, " ")
	if kind == "bool" {
		return "boolean"
	}
	if !isNumber {
		return kind
	}
	switch e.Type.Kind() {
	case reflect.Float32, reflect.Float64:
		return "number out of range"
	case reflect.String, reflect.Bool, reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		return "number"
	}
	if strings.ContainsAny(literal, ".eE") {
		return "number with a fraction or an exponent"
	}
	return "number out of range"
}

// jsonKind names the kind of the JSON value that data holds.
func jsonKind(data []byte) string {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "nothing"
	}
	switch data[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	default:
		return "number"
	}
}
