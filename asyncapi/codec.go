package asyncapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// encode is json.Marshal without the escaping of HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

func member(b *bytes.Buffer, name string, v any) error {
	key, err := encode(name)
	if err != nil {
		return err
	}
	value, err := encode(v)
	if err != nil {
		return err
	}
	b.Write(key)
	b.WriteByte(':')
	b.Write(value)
	return nil
}

// marshalObject writes v, a struct, and the extensions after its own fields.
func marshalObject(v any, extensions Extensions) ([]byte, error) {
	object, err := encode(v)
	if err != nil || len(extensions) == 0 {
		return object, err
	}
	b := bytes.NewBuffer(object[:len(object)-1])
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		if err := member(b, name, extensions[name]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// unmarshalObject reads v, a pointer to a struct, and what it has no field for.
func unmarshalObject(data []byte, v any, extensions *Extensions) error {
	if err := json.Unmarshal(data, v); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	t := reflect.TypeOf(v).Elem()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		delete(all, name)
	}
	if len(all) == 0 {
		return nil
	}
	*extensions = Extensions{}
	for name, raw := range all {
		value, err := decode(raw)
		if err != nil {
			return err
		}
		(*extensions)[name] = value
	}
	return nil
}

// decode reads one JSON value; numbers stay what they are.
func decode(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// MarshalJSON writes the schema on one line, true or false where it is Bool.
func (s Schema) MarshalJSON() ([]byte, error) {
	if s.Bool != nil {
		return json.Marshal(*s.Bool)
	}
	type plain Schema
	return marshalObject(plain(s), s.Extensions)
}

// UnmarshalJSON reads a schema: an object, true or false.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var b bool
	if json.Unmarshal(data, &b) == nil {
		s.Bool = &b
		return nil
	}
	type plain Schema
	return unmarshalObject(data, (*plain)(s), &s.Extensions)
}

// foreignPayload is a schema in another language.
type foreignPayload struct {
	SchemaFormat string `json:"schemaFormat"`
	Schema       any    `json:"schema"`
}

// MarshalJSON writes the schema, with its format where it is no JSON Schema.
func (p Payload) MarshalJSON() ([]byte, error) {
	if p.Format == "" {
		return encode(p.Schema)
	}
	return encode(foreignPayload{p.Format, p.Text})
}

// UnmarshalJSON reads a schema or a schema with its format.
func (p *Payload) UnmarshalJSON(data []byte) error {
	var f foreignPayload
	if json.Unmarshal(data, &f) == nil && f.SchemaFormat != "" {
		p.Format = f.SchemaFormat
		if text, ok := f.Schema.(string); ok {
			p.Text = text
			return nil
		}
		p.Format = ""
		var inner struct {
			Schema *Schema `json:"schema"`
		}
		err := json.Unmarshal(data, &inner)
		p.Schema = inner.Schema
		return err
	}
	p.Schema = &Schema{}
	return json.Unmarshal(data, p.Schema)
}
