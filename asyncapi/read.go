package asyncapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

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
	tree, err := decode(data)
	if err == nil {
		err = refuseNull("", tree)
	}
	if err != nil {
		return nil, fmt.Errorf("asyncapi: wanted a document of AsyncAPI 3: %w", err)
	}
	d := &Document{}
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("asyncapi: wanted a document of AsyncAPI 3: %w", err)
	}
	return d, nil
}

// refuseNull finds a null where the specification has none. In values, and in
// extensions, it is one like others.
func refuseNull(at string, v any) error {
	switch v := v.(type) {
	case nil:
		return fmt.Errorf("wanted a value at %s, got null", at)
	case map[string]any:
		for _, key := range sortedKeys(v) {
			if v[key] == nil && key == "address" || isValue(at, key) {
				continue
			}
			if err := refuseNull(at+pointer(key), v[key]); err != nil {
				return err
			}
		}
	case []any:
		for i, item := range v {
			if err := refuseNull(at+pointer(itoa(i)), item); err != nil {
				return err
			}
		}
	}
	return nil
}

// isValue reports whether what stands under a key is a value of the
// application's, and no part of the document.
func isValue(at, key string) bool {
	if strings.HasSuffix(at, "/properties") {
		return false
	}
	switch key {
	case "examples", "default", "const", "enum":
		return true
	default:
		return strings.HasPrefix(key, "x-")
	}
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
