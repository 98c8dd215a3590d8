package recording

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/parley-go/parley/transport"
)

// Members that stand for what JSON has no form for.
const (
	tagBytes = "!bytes"
	tagTime  = "!time"
	tagFloat = "!float"
	tagMap   = "!map"
)

func headersOut(h transport.Headers) (map[string]any, error) {
	if len(h) == 0 {
		return nil, nil
	}
	return tableOut(h)
}

func tableOut(t map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(t))
	for name, v := range t {
		w, err := valueOut(v)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		out[name] = w
	}
	return out, nil
}

func valueOut(v any) (any, error) {
	if n, ok, err := transport.Integer(v); ok {
		return n, err
	}
	switch v := v.(type) {
	case nil, bool, string:
		return v, nil
	case float32:
		return floatOut(float64(v)), nil
	case float64:
		return floatOut(v), nil
	case []byte:
		return map[string]any{tagBytes: v}, nil
	case time.Time:
		return map[string]any{tagTime: v.UTC().Format(time.RFC3339)}, nil
	case []string:
		return v, nil
	case []any:
		return listOut(v)
	case transport.Headers:
		return mapOut(v)
	case map[string]any:
		return mapOut(v)
	default:
		return nil, fmt.Errorf("wanted a value of a header, got %T", v)
	}
}

func mapOut(t map[string]any) (any, error) {
	out, err := tableOut(t)
	if err == nil && tagged(t) {
		return map[string]any{tagMap: out}, nil
	}
	return out, err
}

// tagged reports whether a table would read as something else.
func tagged(t map[string]any) bool {
	for name := range t {
		return len(t) == 1 && strings.HasPrefix(name, "!")
	}
	return false
}

func listOut(list []any) (any, error) {
	out := make([]any, len(list))
	for i, v := range list {
		w, err := valueOut(v)
		if err != nil {
			return nil, err
		}
		out[i] = w
	}
	return out, nil
}

func floatOut(f float64) any {
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if math.IsInf(f, 0) || math.IsNaN(f) || !strings.ContainsAny(text, ".e") {
		return map[string]any{tagFloat: text}
	}
	return json.Number(text)
}

func headersIn(t map[string]any) (transport.Headers, error) {
	if len(t) == 0 {
		return nil, nil
	}
	return tableIn(t)
}

func tableIn(t map[string]any) (map[string]any, error) {
	out := make(map[string]any, len(t))
	for name, v := range t {
		w, err := valueIn(v)
		if err != nil {
			return nil, fmt.Errorf("header %q: %w", name, err)
		}
		out[name] = w
	}
	return out, nil
}

func valueIn(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		return numberIn(v.String())
	case []any:
		for i := range v {
			w, err := valueIn(v[i])
			if err != nil {
				return nil, err
			}
			v[i] = w
		}
		return v, nil
	case map[string]any:
		if tagged(v) {
			return taggedIn(v)
		}
		return tableIn(v)
	default:
		return v, nil
	}
}

func numberIn(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		return strconv.ParseFloat(text, 64)
	}
	return strconv.ParseInt(text, 10, 64)
}

func taggedIn(t map[string]any) (any, error) {
	for tag, v := range t {
		if table, ok := v.(map[string]any); ok && tag == tagMap {
			return tableIn(table)
		}
		text, ok := v.(string)
		if !ok {
			return nil, fmt.Errorf("wanted a text under %q, got %T", tag, v)
		}
		switch tag {
		case tagBytes:
			return base64.StdEncoding.DecodeString(text)
		case tagTime:
			return time.Parse(time.RFC3339, text)
		case tagFloat:
			return strconv.ParseFloat(text, 64)
		}
	}
	return nil, fmt.Errorf("wanted %s, %s, %s or %s, got another name", tagBytes, tagTime, tagFloat, tagMap)
}
