package serialization

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Bounds of locate: each level decodes its part of the data once more.
const (
	locateLevels = 8
	locateBytes  = 64 << 10
)

// locate finds the innermost value of data that t refuses. It serves errors of
// unmarshalling methods, which do not say where they happened. It returns the
// path, the value there and its type.
func locate(data []byte, t reflect.Type) (string, []byte, reflect.Type) {
	path := ""
	if len(data) > locateBytes {
		return path, data, t
	}
	for range locateLevels {
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		step, value, inner := refused(data, t)
		if inner == nil {
			break
		}
		if strings.HasPrefix(step, "[") {
			path += step
		} else {
			path = join(path, step)
		}
		data, t = value, inner
	}
	return capPath(path), data, t
}

// refused returns the first part of data that t's corresponding part refuses,
// or no type when there is none.
func refused(data []byte, t reflect.Type) (string, []byte, reflect.Type) {
	if selfDecoding(t) {
		return "", nil, nil
	}
	switch t.Kind() {
	case reflect.Struct:
		return refusedField(data, t)
	case reflect.Slice, reflect.Array:
		return refusedElement(data, t.Elem())
	case reflect.Map:
		return refusedEntry(data, t.Elem())
	default:
		return "", nil, nil
	}
}

func refusedField(data []byte, t reflect.Type) (string, []byte, reflect.Type) {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return "", nil, nil
	}
	keys := slices.Sorted(maps.Keys(object))
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() || f.Anonymous && f.Tag.Get("json") == "" {
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" {
			name = f.Name
		}
		for _, key := range keys {
			if strings.EqualFold(key, name) && !decodes(object[key], f.Type) {
				return join("", key), object[key], f.Type
			}
		}
	}
	return "", nil, nil
}

func refusedElement(data []byte, elem reflect.Type) (string, []byte, reflect.Type) {
	var array []json.RawMessage
	if json.Unmarshal(data, &array) != nil {
		return "", nil, nil
	}
	for i, value := range array {
		if !decodes(value, elem) {
			return "[" + strconv.Itoa(i) + "]", value, elem
		}
	}
	return "", nil, nil
}

func refusedEntry(data []byte, elem reflect.Type) (string, []byte, reflect.Type) {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return "", nil, nil
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !decodes(object[key], elem) {
			return join("", key), object[key], elem
		}
	}
	return "", nil, nil
}

func decodes(data []byte, t reflect.Type) bool {
	return json.Unmarshal(data, reflect.New(t).Interface()) == nil
}
