package asyncapi

import "slices"

// at returns what stands at a place of a JSON value, nil for nothing.
func at(v any, path []any) any {
	for _, step := range path {
		switch c := v.(type) {
		case map[string]any:
			name, _ := step.(string)
			v = c[name]
		case []any:
			i, ok := step.(int)
			if !ok || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return v
}

// replace returns a copy of v with another value at a place.
func replace(v any, path []any, value any) any {
	if len(path) == 0 {
		return value
	}
	switch c := v.(type) {
	case map[string]any:
		name, _ := path[0].(string)
		out := make(map[string]any, len(c))
		for k, old := range c {
			out[k] = old
		}
		out[name] = replace(c[name], path[1:], value)
		return out
	case []any:
		i, ok := path[0].(int)
		if !ok || i >= len(c) {
			return v
		}
		out := slices.Clone(c)
		out[i] = replace(c[i], path[1:], value)
		return out
	default:
		return v
	}
}

// remove returns a copy of v without a place.
func remove(v any, path []any) any {
	parent, last := path[:len(path)-1], path[len(path)-1]
	switch c := at(v, parent).(type) {
	case map[string]any:
		out := make(map[string]any, len(c))
		for k, old := range c {
			if k != last {
				out[k] = old
			}
		}
		return replace(v, parent, out)
	case []any:
		i, ok := last.(int)
		if !ok || i >= len(c) {
			return v
		}
		return replace(v, parent, slices.Delete(slices.Clone(c), i, i+1))
	default:
		return v
	}
}
