package protobuf_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/typepb"

	"github.com/parley-go/parley/serialization/protobuf"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	format, text, ok := protobuf.Schema(reflect.TypeFor[*structpb.Value]())
	require.True(t, ok)
	require.Equal(t, protobuf.SchemaFormat, format)
	require.Equal(t, strings.TrimLeft(`
syntax = "proto3";

package google.protobuf;

message Value {
  oneof kind {
    .google.protobuf.NullValue null_value = 1;
    double number_value = 2;
    string string_value = 3;
    bool bool_value = 4;
    .google.protobuf.Struct struct_value = 5;
    .google.protobuf.ListValue list_value = 6;
  }
}

enum NullValue {
  NULL_VALUE = 0;
}

message Struct {
  map<string, .google.protobuf.Value> fields = 1;
}

message ListValue {
  repeated .google.protobuf.Value values = 1;
}
`, "\n"), text)
	_, imported, ok := protobuf.Schema(reflect.TypeFor[typepb.Type]())
	require.True(t, ok)
	require.Contains(t, imported, `import "google/protobuf/any.proto";`)
	_, _, ok = protobuf.Schema(reflect.TypeFor[string]())
	require.False(t, ok)
}
