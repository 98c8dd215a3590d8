package asyncapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// examples adds the examples of all messages and checks them.
func (g *generator) examples() error {
	var faults []error
	for _, id := range sortedKeys(g.messages) {
		m := g.messages[id]
		out := g.doc.Components.Messages[m.key]
		out.Examples = m.examples
		if m.foreign != nil {
			continue
		}
		samples, err := g.samplesOf(m)
		faults = append(faults, err)
		out.Examples = append(out.Examples, samples...)
		if len(out.Examples) == 0 {
			if payload, ok := g.compose(m.payload, 0); ok {
				out.Examples = []Example{{Name: "example", Payload: payload}}
			}
		}
		for i := range out.Examples {
			if e := &out.Examples[i]; e.Headers == nil && m.headers != nil {
				e.Headers, _ = g.composeHeaders(m.headers)
			}
		}
	}
	return errors.Join(append(faults, g.checkExamples())...)
}

// samplesOf are the registered examples of a message's type.
func (g *generator) samplesOf(m *messagePlan) ([]Example, error) {
	if m.goType == nil {
		return nil, nil
	}
	var out []Example
	want, _ := indirect(m.goType)
	for _, s := range g.samples {
		t := reflect.TypeOf(s.value)
		if t == nil {
			continue
		}
		if got, _ := indirect(t); got != want {
			continue
		}
		data, err := json.Marshal(s.value)
		if err != nil {
			return nil, fmt.Errorf("example %q of %s: %w", s.name, want, err)
		}
		value, err := decode(data)
		if err != nil {
			return nil, err
		}
		if m.contentType == contentBytes {
			value = string(reflect.ValueOf(s.value).Bytes())
		}
		out = append(out, Example{Name: s.name, Payload: value})
	}
	return out, nil
}

// compose makes a value of the examples in a schema. It fails where a required
// property has none: a value that nobody gave is no example.
func (g *generator) compose(s *Schema, depth int) (any, bool) {
	if depth > 8 || s == nil {
		return nil, false
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0], true
	case s.Ref != "":
		return g.compose(g.doc.Schema(s.Ref), depth+1)
	case s.Const != nil:
		v, err := decode(s.Const)
		return v, err == nil
	case s.Default != nil:
		v, err := decode(s.Default)
		return v, err == nil
	case len(s.AllOf) > 0:
		return g.compose(s.AllOf[0], depth+1)
	case len(s.AnyOf) > 0:
		return g.compose(s.AnyOf[0], depth+1)
	case len(s.Enum) > 0:
		return s.Enum[0], true
	case s.Type.Has("array") && s.Items != nil:
		item, ok := g.compose(s.Items, depth+1)
		return []any{item}, ok
	case s.Type.Has("object") && len(s.Properties) > 0:
		return g.composeObject(s, depth)
	default:
		return nil, false
	}
}

func (g *generator) composeObject(s *Schema, depth int) (any, bool) {
	object := map[string]any{}
	for _, p := range s.Properties {
		if v, ok := g.compose(p.Schema, depth+1); ok {
			object[p.Name] = v
		}
	}
	for _, name := range s.Required {
		if _, ok := object[name]; !ok {
			return nil, false
		}
	}
	return object, len(object) > 0
}

// composeHeaders makes headers of their examples, nil where one is missing.
func (g *generator) composeHeaders(s *Schema) (map[string]any, bool) {
	if len(s.Required) == 0 && !hasExamples(s) {
		return nil, false
	}
	v, ok := g.composeObject(s, 0)
	headers, _ := v.(map[string]any)
	return headers, ok
}

func hasExamples(s *Schema) bool {
	for _, p := range s.Properties {
		if len(p.Schema.Examples) > 0 {
			return true
		}
	}
	return false
}

// checkExamples holds every example against its schema.
func (g *generator) checkExamples() error {
	c, err := newChecker(g.doc)
	if err != nil {
		return err
	}
	var faults []error
	for _, key := range sortedKeys(g.doc.Components.Messages) {
		m := g.doc.Components.Messages[key]
		for _, e := range m.Examples {
			pointer := "/components/messages/" + key
			if err := c.check(pointer+"/payload", e.Payload); err != nil && m.Payload.Format == "" {
				faults = append(faults, fmt.Errorf("message %s: example %q: %w", key, e.Name, err))
			}
			if e.Headers == nil {
				continue
			}
			if err := c.check(pointer+"/headers", e.Headers); err != nil {
				faults = append(faults, fmt.Errorf("message %s: headers of example %q: %w", key, e.Name, err))
			}
		}
	}
	return errors.Join(faults...)
}
