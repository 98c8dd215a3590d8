package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Schema is an AsyncAPI Schema Object: JSON Schema Draft 7 and a few fields.
// With Ref nothing else is set.
type Schema struct {
	Ref string `json:"$ref,omitempty"`
	// Bool makes the schema true (anything) or false (nothing); nothing else is
	// set then.
	Bool *bool `json:"-"`

	Title       string          `json:"title,omitempty"`
	Description string          `json:"description,omitempty"`
	Type        Types           `json:"type,omitempty"`
	Format      string          `json:"format,omitempty"`
	Const       json.RawMessage `json:"const,omitempty"`
	Enum        []any           `json:"enum,omitempty"`
	Default     json.RawMessage `json:"default,omitempty"`

	Minimum          json.Number `json:"minimum,omitempty"`
	ExclusiveMinimum json.Number `json:"exclusiveMinimum,omitempty"`
	Maximum          json.Number `json:"maximum,omitempty"`
	ExclusiveMaximum json.Number `json:"exclusiveMaximum,omitempty"`
	MultipleOf       json.Number `json:"multipleOf,omitempty"`

	MinLength        *int   `json:"minLength,omitempty"`
	MaxLength        *int   `json:"maxLength,omitempty"`
	Pattern          string `json:"pattern,omitempty"`
	ContentEncoding  string `json:"contentEncoding,omitempty"`
	ContentMediaType string `json:"contentMediaType,omitempty"`

	Items       *Schema `json:"items,omitempty"`
	MinItems    *int    `json:"minItems,omitempty"`
	MaxItems    *int    `json:"maxItems,omitempty"`
	UniqueItems bool    `json:"uniqueItems,omitempty"`
	Contains    *Schema `json:"contains,omitempty"`

	Required             []string           `json:"required,omitempty"`
	Properties           Properties         `json:"properties,omitempty"`
	PatternProperties    map[string]*Schema `json:"patternProperties,omitempty"`
	AdditionalProperties *Schema            `json:"additionalProperties,omitempty"`
	PropertyNames        *Schema            `json:"propertyNames,omitempty"`
	// Dependencies are the properties that must be there when another one is.
	Dependencies  map[string][]string `json:"dependencies,omitempty"`
	MinProperties *int                `json:"minProperties,omitempty"`
	MaxProperties *int                `json:"maxProperties,omitempty"`

	AllOf []*Schema `json:"allOf,omitempty"`
	AnyOf []*Schema `json:"anyOf,omitempty"`
	OneOf []*Schema `json:"oneOf,omitempty"`
	Not   *Schema   `json:"not,omitempty"`
	If    *Schema   `json:"if,omitempty"`
	Then  *Schema   `json:"then,omitempty"`
	Else  *Schema   `json:"else,omitempty"`

	Examples      []any         `json:"examples,omitempty"`
	ReadOnly      bool          `json:"readOnly,omitempty"`
	WriteOnly     bool          `json:"writeOnly,omitempty"`
	Deprecated    bool          `json:"deprecated,omitempty"`
	Discriminator string        `json:"discriminator,omitempty"`
	ExternalDocs  *ExternalDocs `json:"externalDocs,omitempty"`
	Extensions    Extensions    `json:"-"`
}

// Types are the JSON types that a value may have: one is written as a string.
type Types []string

// Has reports whether t is among them.
func (ts Types) Has(t string) bool {
	for _, own := range ts {
		if own == t {
			return true
		}
	}
	return false
}

// MarshalJSON writes one type as a string, several as an array.
func (ts Types) MarshalJSON() ([]byte, error) {
	if len(ts) == 1 {
		return json.Marshal(ts[0])
	}
	return json.Marshal([]string(ts))
}

// UnmarshalJSON reads a string or an array of them.
func (ts *Types) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*ts = Types{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(ts))
}

// Properties are the properties of an object in the order of their declaration.
type Properties []Property

// Property is one of them.
type Property struct {
	Name   string
	Schema *Schema
}

// Get returns the schema of a property, nil when there is none.
func (ps Properties) Get(name string) *Schema {
	for _, p := range ps {
		if p.Name == name {
			return p.Schema
		}
	}
	return nil
}

// MarshalJSON writes the properties in their order.
func (ps Properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, p := range ps {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := member(&b, p.Name, p.Schema); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// UnmarshalJSON reads an object and keeps its order.
func (ps *Properties) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("wanted an object of properties, got %.20q", data)
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		s := &Schema{}
		if err := d.Decode(s); err != nil {
			return fmt.Errorf("property %q: %w", name, err)
		}
		*ps = append(*ps, Property{name, s})
	}
	return nil
}
