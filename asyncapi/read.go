package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/goccy/go-yaml"
)

// Parse reads a document, in JSON or in YAML. It does not judge it, see [Lint].
func Parse(data []byte) (*Document, error) {
	if trimmed := bytes.TrimSpace(data); !bytes.HasPrefix(trimmed, []byte("{")) {
		var err error
		if data, err = jsonOf(data); err != nil {
			return nil, fmt.Errorf("asyncapi: wanted a document in JSON or YAML: %w", err)
		}
	}
	d := &Document{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("asyncapi: wanted a document of AsyncAPI 3: %w", err)
	}
	return d, nil
}

// jsonOf rewrites YAML as JSON in the same order.
func jsonOf(data []byte) ([]byte, error) {
	var v any
	if err := yaml.UnmarshalWithOptions(data, &v, yaml.UseOrderedMap()); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := writeOrdered(&b, v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeOrdered(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case yaml.MapSlice:
		b.WriteByte('{')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			key, err := encode(fmt.Sprint(item.Key))
			if err != nil {
				return err
			}
			b.Write(key)
			b.WriteByte(':')
			if err := writeOrdered(b, item.Value); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case []any:
		b.WriteByte('[')
		for i, item := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeOrdered(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	default:
		scalar, err := encode(v)
		if err != nil {
			return err
		}
		b.Write(scalar)
	}
	return nil
}
