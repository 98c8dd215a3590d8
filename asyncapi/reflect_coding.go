package asyncapi

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/swaggest/jsonschema-go"
)

var (
	jsonMarshalerType   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshalerType = reflect.TypeFor[json.Unmarshaler]()
	textMarshalerType   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshalerType = reflect.TypeFor[encoding.TextUnmarshaler]()
	enumType            = reflect.TypeFor[interface{ Enum() []any }]()
)

// codesItself reports whether a method of t, and not its shape, decides what
// it looks like in JSON.
func codesItself(t reflect.Type, v view) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	p := reflect.PointerTo(t)
	if v == input {
		return p.Implements(jsonUnmarshalerType) || p.Implements(textUnmarshalerType)
	}
	return p.Implements(jsonMarshalerType) || p.Implements(textMarshalerType)
}

// foreignCoding describes a type with methods of its own: a string where they
// are those of a text, what its method tells of itself where that reads JSON,
// else anything.
func (r *reflector) foreignCoding(t reflect.Type, v view) *Schema {
	p := reflect.PointerTo(t)
	s := &Schema{}
	switch {
	case v == input && !p.Implements(jsonUnmarshalerType), v == output && !p.Implements(jsonMarshalerType):
		s.Type = Types{"string"}
	case v == input:
		s = r.methodSchema(t)
	}
	s.Extensions = Extensions{ExtGoType: t.String()}
	return s
}

// isEnum reports whether t lists its values.
func isEnum(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && reflect.PointerTo(t).Implements(enumType) && len(enumValues(t)) > 0
}

// enumValues are the values that the service accepts of t, as t.
func enumValues(t reflect.Type) []reflect.Value {
	var values []reflect.Value
	for _, value := range reflect.New(t).Interface().(interface{ Enum() []any }).Enum() {
		v := reflect.ValueOf(value)
		if v.IsValid() && sameClass(v.Kind(), t.Kind()) && v.CanConvert(t) {
			values = append(values, v.Convert(t))
		}
	}
	return values
}

// sameClass keeps conversions away that change the meaning, such as int to
// string. The service leaves such values out too.
func sameClass(a, b reflect.Kind) bool {
	class := func(k reflect.Kind) int {
		switch {
		case k >= reflect.Int && k <= reflect.Uintptr:
			return 1
		case k == reflect.Float32 || k == reflect.Float64:
			return 2
		default:
			return 0
		}
	}
	return a == b || class(a) != 0 && class(a) == class(b)
}

// enum restricts s to the values that t lists.
func (r *reflector) enum(s *Schema, t reflect.Type) {
	s.Enum, s.Minimum, s.Maximum, s.Pattern, s.Format = nil, "", "", "", ""
	for _, v := range enumValues(t) {
		data, err := json.Marshal(v.Interface())
		if err != nil {
			r.faultf(t, "Enum: a value cannot be written: %v", err)
			continue
		}
		value, err := decode(data)
		if err == nil {
			s.Enum = append(s.Enum, value)
		}
	}
	delete(s.Extensions, ExtGoType)
	if named, ok := reflect.New(t).Interface().(jsonschema.NamedEnum); ok {
		if _, names := named.NamedEnum(); len(names) == len(s.Enum) {
			s.Extensions = Extensions{ExtEnumNames: names}
		}
	}
}

// exposed reports whether t describes itself, by a method of package
// github.com/swaggest/jsonschema-go.
func exposed(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	switch reflect.New(t).Interface().(type) {
	case jsonschema.Exposer, jsonschema.RawExposer:
		return true
	default:
		return false
	}
}

// alternatives reports whether t lists schemas that its values match.
func alternatives(t reflect.Type) bool {
	if t.Kind() == reflect.Interface {
		return false
	}
	switch reflect.New(t).Interface().(type) {
	case jsonschema.OneOfExposer, jsonschema.AnyOfExposer, jsonschema.AllOfExposer:
		return true
	default:
		return false
	}
}

// oneOfSchema describes a type that lists the schemas of its alternatives.
func (r *reflector) oneOfSchema(t reflect.Type, v view) *Schema {
	w := &structWalk{reflector: r, goType: t, view: v}
	own, err := r.users.Reflect(
		reflect.New(t).Elem().Interface(), jsonschema.InlineRefs, jsonschema.InterceptSchema(w.interceptSchema),
		jsonschema.InterceptProp(func(jsonschema.InterceptPropParams) error { return jsonschema.ErrSkipProperty }),
	)
	if err != nil {
		r.faultf(t, "%v", err)
		return &Schema{}
	}
	own.Type, own.Properties, own.Required = nil, nil, nil
	s, err := fromUser(own)
	if err != nil {
		r.faultf(t, "%v", err)
	}
	return s
}

// exposedSchema asks t for its schema.
func (r *reflector) exposedSchema(t reflect.Type, _ view) *Schema {
	own, err := r.users.Reflect(reflect.New(t).Elem().Interface(), jsonschema.InlineRefs)
	if err != nil {
		r.faultf(t, "its own schema: %v", err)
		return &Schema{}
	}
	s, err := fromUser(own)
	if err != nil {
		r.faultf(t, "its own schema: %v", err)
	}
	return s
}

// fromUser reads a schema of package jsonschema-go.
func fromUser(own jsonschema.Schema) (*Schema, error) {
	data, err := json.Marshal(own)
	if err != nil {
		return &Schema{}, err
	}
	s := &Schema{}
	if err := json.Unmarshal(data, s); err != nil {
		return &Schema{}, fmt.Errorf("reading it: %w", err)
	}
	return s, nil
}

// toUser is the reverse of fromUser.
func toUser(s *Schema) (jsonschema.Schema, error) {
	own := jsonschema.Schema{}
	data, err := encode(s)
	if err != nil {
		return own, err
	}
	return own, json.Unmarshal(data, &own)
}
