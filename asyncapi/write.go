package asyncapi

import (
	"bytes"
	"encoding/json"
)

// JSON returns the document as indented JSON with a final line break. Equal
// documents give equal bytes: fields stand in the order of the specification,
// properties in the order of their declaration, everything that is keyed by a
// name in the order of the names.
func (d *Document) JSON() ([]byte, error) {
	compact, err := encode(d)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// YAML returns the document as YAML 1.2, in the order of [Document.JSON].
// Parsed, both are the same value.
func (d *Document) YAML() ([]byte, error) {
	compact, err := encode(d)
	if err != nil {
		return nil, err
	}
	return yamlOf(compact)
}
