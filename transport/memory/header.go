package memory

import (
	"fmt"
	"time"

	"github.com/parley-go/parley/transport"
)

// field is one header as it is stored: its value is normalised and never
// changed.
type field struct {
	name  string
	value any
}

type fields []field

// newFields normalises headers as the wire does.
func newFields(h transport.Headers) (fields, error) {
	if len(h) == 0 {
		return nil, nil
	}
	if err := checkHeaders(h); err != nil {
		return nil, err
	}
	fs := make(fields, 0, len(h))
	for name, v := range h {
		n, err := normalised(v)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		fs = append(fs, field{name, n})
	}
	return fs, nil
}

func (fs fields) find(name string) (any, bool) {
	for i := range fs {
		if fs[i].name == name {
			return fs[i].value, true
		}
	}
	return nil, false
}

// headers returns the fields as a table of the receiver's own, with room for
// extra more.
func (fs fields) headers(extra int) transport.Headers {
	if len(fs)+extra == 0 {
		return nil
	}
	h := make(transport.Headers, len(fs)+extra)
	for i := range fs {
		h[fs[i].name] = copied(fs[i].value)
	}
	return h
}

// normalise returns v as it arrives over the wire: integers as int64, times in
// whole seconds, lists as []any. The result shares nothing with v.
func normalise(v any) (any, error) {
	room := maxHeaderBytes
	if err := checkValue(v, -1, &room); err != nil {
		return nil, err
	}
	return normalised(v)
}

// normalised is normalise for what is known not to hold itself.
func normalised(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, int64, float32, float64:
		return v, nil
	case []byte:
		return append([]byte{}, v...), nil
	case time.Time:
		return time.Unix(v.Unix(), 0), nil
	case []any:
		return normaliseList(v)
	case []string:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list, nil
	case map[string]any:
		return normaliseTable(v)
	default:
		return normaliseInteger(v)
	}
}

func normaliseInteger(v any) (any, error) {
	n, ok, err := transport.Integer(v)
	if !ok {
		return nil, fmt.Errorf("wanted a text, bytes, number, bool, time, table or list, got %T; hint: convert it or put it into the body", v)
	}
	return n, err
}

func normaliseList(v []any) (any, error) {
	list := make([]any, len(v))
	for i := range v {
		n, err := normalised(v[i])
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		list[i] = n
	}
	return list, nil
}

func normaliseTable(v map[string]any) (any, error) {
	table := make(map[string]any, len(v))
	for name := range v {
		n, err := normalised(v[name])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		table[name] = n
	}
	return table, nil
}

// copied returns a normalised value that shares nothing with v.
func copied(v any) any {
	switch v := v.(type) {
	case []byte:
		return append([]byte{}, v...)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = copied(v[i])
		}
		return list
	case map[string]any:
		table := make(map[string]any, len(v))
		for name := range v {
			table[name] = copied(v[name])
		}
		return table
	default:
		return v
	}
}
