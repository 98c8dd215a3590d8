package serialization_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/cbor"
	"github.com/parley-go/parley/serialization/msgpack"
)

// Point is a place on a map.
type Point struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// hexCodec sends byte slices as hexadecimal digits. It embeds nothing: three
// methods are a codec.
type hexCodec struct{}

func (hexCodec) ContentType() string { return "text/x-hex" }

func (hexCodec) Encode(v any) ([]byte, error) {
	data, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("hex: wanted []byte, got %T", v)
	}
	return hex.AppendEncode([]byte{}, data), nil
}

func (hexCodec) Decode(data []byte, v any) error {
	target, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("hex: wanted *[]byte, got %T", v)
	}
	decoded, err := hex.DecodeString(string(data))
	if err != nil {
		return &serialization.Error{Wanted: "hexadecimal digits", Got: "other text", Err: err}
	}
	*target = decoded
	return nil
}

// An own codec is found by its content type.
func ExampleCodec() {
	registry := serialization.NewRegistry(hexCodec{})
	codec, ok := registry.Lookup("text/x-hex; charset=us-ascii")
	fmt.Println(ok)

	var data []byte
	err := codec.Decode([]byte("c0ffee"), &data)
	fmt.Printf("%v %d\n", err, data)
	fmt.Println(codec.Decode([]byte("tea"), &data))
	// Output:
	// true
	// <nil> [192 255 238]
	// wanted hexadecimal digits, got other text
}

// Default makes a codec that of every value which is neither text nor bytes.
// Others are still understood by their content type.
func ExampleDefault() {
	point, text := reflect.TypeFor[Point](), reflect.TypeFor[string]()
	plain := serialization.NewRegistry(cbor.Codec(), msgpack.Codec())
	fmt.Println(plain.For(point).ContentType(), plain.For(text).ContentType())

	packed := serialization.NewRegistry(cbor.Codec(), serialization.Default(msgpack.Codec()))
	fmt.Println(packed.For(point).ContentType(), packed.For(text).ContentType())
	_, ok := packed.Lookup("application/cbor")
	fmt.Println(ok)
	// Output:
	// application/json text/plain
	// application/msgpack text/plain
	// true
}

// A received content type is looked up without its parameters; a type that
// ends in "+json" is JSON.
func ExampleRegistry_Lookup() {
	registry := serialization.NewRegistry()
	for _, name := range []string{"application/json; charset=utf-8", "application/problem+json", "image/png"} {
		codec, ok := registry.Lookup(name)
		if !ok {
			fmt.Println("unknown")
			continue
		}
		fmt.Println(codec.ContentType())
	}
	// Output:
	// application/json
	// application/json
	// unknown
}

// An Error says where the fault is, without Go types and without values.
func ExampleError() {
	var points []Point
	err := serialization.JSON().Decode([]byte(`[{"x": 1}, {"x": "secret"}]`), &points)
	if fault, ok := errors.AsType[*serialization.Error](err); ok {
		fmt.Println(fault.Path)
		fmt.Println(fault.Reason())
	}
	// Output:
	// [1].x
	// wanted integer, got string
}
