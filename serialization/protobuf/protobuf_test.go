package protobuf_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/parley-go/parley/serialization"
	"github.com/parley-go/parley/serialization/protobuf"
)

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := protobuf.Codec()
	in, err := structpb.NewStruct(map[string]any{"a": []any{1.0, "b", nil}})
	require.NoError(t, err)
	body, err := c.Encode(in)
	require.NoError(t, err)
	out := &structpb.Struct{}
	require.NoError(t, c.Decode(body, out))
	require.True(t, proto.Equal(in, out))

	body, err = c.Encode(&wrapperspb.StringValue{})
	require.NoError(t, err)
	require.NotNil(t, body)
	require.Empty(t, body)
}

func TestValueIsEncodedAsItsMessage(t *testing.T) {
	t.Parallel()
	byValue := reflect.ValueOf(wrapperspb.String("hi")).Elem().Interface()
	body, err := protobuf.Codec().Encode(byValue)
	require.NoError(t, err)
	require.Equal(t, "\n\x02hi", string(body))
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	c := protobuf.Codec()
	for _, v := range []any{nil, 1, "x", struct{}{}} {
		_, err := c.Encode(v)
		require.ErrorContains(t, err, "protobuf: wanted a proto.Message")
	}
	_, err := c.Encode(wrapperspb.String("\xff"))
	require.ErrorContains(t, err, "protobuf: encode *wrapperspb.StringValue")

	require.EqualError(t, c.Decode(nil, new(int)), "wanted another content type, got application/x-protobuf")
	err = c.Decode([]byte("\n\xff"), new(wrapperspb.StringValue))
	require.EqualError(t, err, "wanted a Protocol Buffers message, got other bytes")
	var e *serialization.Error
	require.ErrorAs(t, err, &e)
	require.Error(t, e.Err)
}

func TestRegistered(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(protobuf.Codec())
	for _, v := range []any{&wrapperspb.StringValue{}, new(*wrapperspb.StringValue)} {
		require.Equal(t, protobuf.ContentType, r.For(reflect.TypeOf(v)).ContentType())
	}
	require.Equal(t, protobuf.ContentType, r.For(reflect.TypeFor[wrapperspb.StringValue]()).ContentType())
	require.Equal(t, "application/json", r.For(reflect.TypeFor[proto.Message]()).ContentType())
	require.Equal(t, "application/json", r.For(reflect.TypeFor[struct{}]()).ContentType())
	_, ok := r.Lookup("application/protobuf")
	require.True(t, ok)
}

func FuzzDecode(f *testing.F) {
	c := protobuf.Codec()
	full, _ := structpb.NewStruct(map[string]any{"a": map[string]any{"b": []any{1.0, nil, "c"}}})
	body, _ := c.Encode(full)
	for _, seed := range [][]byte{body, {}, []byte("\n\x02hi"), bytes.Repeat([]byte{0x0a, 0x7f}, 64)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, into := range []proto.Message{&structpb.Struct{}, &structpb.Value{}, &wrapperspb.StringValue{}, &wrapperspb.BytesValue{}} {
			err := c.Decode(data, into)
			if err == nil {
				continue
			}
			if _, ok := err.(*serialization.Error); !ok {
				t.Fatalf("wanted an *Error, got %T: %v", err, err)
			}
		}
	})
}
