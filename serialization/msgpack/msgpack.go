// Package msgpack is the codec of MessagePack.
package msgpack

import (
	"bytes"
	"fmt"

	"github.com/vmihailenco/msgpack/v5"

	"github.com/parley-go/parley/serialization"
)

// ContentType is what encoded values carry.
const ContentType = "application/msgpack"

// MaxNesting bounds how deep arrays and maps of a received value may be nested.
const MaxNesting = 64

type codec struct{}

// Codec returns the codec of application/msgpack, which also reads
// application/x-msgpack and application/vnd.msgpack. Field names come from the
// msgpack struct tag, else from the json one. Maps decode into an any as
// map[string]any. A received value is one whole MessagePack value, nested no
// deeper than [MaxNesting].
func Codec() serialization.Codec { return codec{} }

func (codec) ContentType() string { return ContentType }

func (codec) Aliases() []string {
	return []string{"application/x-msgpack", "application/vnd.msgpack"}
}

func (codec) Encode(v any) ([]byte, error) {
	var body bytes.Buffer
	e := msgpack.NewEncoder(&body)
	e.SetCustomStructTag("json")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("msgpack: encode %T: %w", v, err)
	}
	return body.Bytes(), nil
}

// Null reports whether data is nil.
func (codec) Null(data []byte) bool { return len(data) == 1 && data[0] == 0xc0 }

func (codec) Decode(data []byte, v any) (err error) {
	if err := wellFormed(data); err != nil {
		return err
	}
	// The library panics on a map key that Go cannot hash.
	defer func() {
		if r := recover(); r != nil {
			err = misfit(fmt.Errorf("panic while decoding: %v", r))
		}
	}()
	d := msgpack.NewDecoder(bytes.NewReader(data))
	d.SetCustomStructTag("json")
	if err := d.Decode(v); err != nil {
		return misfit(err)
	}
	return nil
}

func misfit(err error) error {
	return &serialization.Error{Wanted: "MessagePack that fits", Got: "another form", Err: err}
}
