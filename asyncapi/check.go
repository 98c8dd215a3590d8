package asyncapi

import (
	"bytes"
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// checker holds values against the schemas of a document.
type checker struct {
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
}

const documentURL = "mem:///asyncapi.json"

func newChecker(d *Document) (*checker, error) {
	data, err := encode(d)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource(documentURL, doc); err != nil {
		return nil, err
	}
	return &checker{c, map[string]*jsonschema.Schema{}}, nil
}

// schema compiles the one that a JSON pointer names.
func (c *checker) schema(pointer string) (*jsonschema.Schema, error) {
	if s, ok := c.compiled[pointer]; ok {
		return s, nil
	}
	s, err := c.compiler.Compile(documentURL + "#" + pointer)
	if err != nil {
		return nil, fmt.Errorf("schema %s: %w", pointer, err)
	}
	c.compiled[pointer] = s
	return s, nil
}

// check reports what is wrong with a value, which is any that marshals to JSON.
func (c *checker) check(pointer string, value any) error {
	s, err := c.schema(pointer)
	if err != nil {
		return err
	}
	data, err := encode(value)
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Validate(v)
}
