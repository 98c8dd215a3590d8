package asyncapi

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
)

// probes are JSON values of each kind, by the name that encoding/json gives the
// kind in its errors.
var probes = map[string][]string{
	"bool":   {`true`, `false`},
	"number": {`0`, `1`, `-1`, `1.5`, `1e3`, `1700000000`},
	"string": {`""`, `"a"`, `"1"`, `"-1.5"`, `"true"`, `"1h"`, `"2024-02-29T12:00:00Z"`, `"5b1c6b2e-5d0f-4a43-9d3f-6f9f0e6a8f11"`},
	"array":  {`[]`, `[1]`, `["a"]`, `[null]`, `[{}]`},
	"object": {`{}`, `{"a":1}`, `{"type":"a"}`, `{"value":"a"}`},
}

// methodSchema describes what the UnmarshalJSON method of t takes, as far as
// its own errors tell: most such methods begin by decoding into an ordinary
// type, and for every value of another kind answer that it does not fit that
// type. Then the values are that type's. The method may refuse more, so the
// name of t stays in the schema. Where the errors say anything else, all JSON
// may be taken.
func (r *reflector) methodSchema(t reflect.Type) *Schema {
	into := readsInto(t)
	if into == nil {
		return &Schema{}
	}
	s := r.kind(into, input)
	if readJSON(t, "null") == nil {
		s = orNull(s)
	}
	return s
}

// readsInto returns the basic type that the method reads every JSON into, nil
// where its errors do not say so.
func readsInto(t reflect.Type) reflect.Type {
	var into reflect.Type
	var taken []string
	for kind, samples := range probes {
		for _, sample := range samples {
			e, ok := errors.AsType[*json.UnmarshalTypeError](readJSON(t, sample))
			if !ok || e.Value != kind || e.Field != "" || e.Type == nil {
				taken = append(taken, kind)
				continue
			}
			if into != nil && into != e.Type {
				return nil
			}
			into = e.Type
		}
	}
	if into == nil || !isScalar(into) || codesItself(into, input) {
		return nil
	}
	own := kindOf(into)
	if slices.ContainsFunc(taken, func(kind string) bool { return kind != own }) {
		return nil
	}
	return into
}

// kindOf is the kind of JSON in which values of a basic type are written.
func kindOf(t reflect.Type) string {
	switch {
	case isNumeric(t):
		return "number"
	case t.Kind() == reflect.Bool:
		return "bool"
	default:
		return "string"
	}
}

// errPanicked is what a method that panics on a probe counts as.
var errPanicked = errors.New("panicked")

// readJSON calls the UnmarshalJSON method of t.
func readJSON(t reflect.Type, data string) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	u, ok := reflect.New(t).Interface().(json.Unmarshaler)
	if !ok {
		return errPanicked
	}
	return u.UnmarshalJSON([]byte(strings.Clone(data)))
}
