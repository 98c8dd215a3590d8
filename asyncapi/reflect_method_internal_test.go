package asyncapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// Types whose methods read JSON in the ways that people write.
type (
	oddNumber struct{ n int8 }
	wrapped   struct{ s string }
	yes       struct{}
	either    struct{}
	alias     struct {
		A int `json:"a"`
	}
	ownWords    struct{}
	panicking   struct{}
	listOf      []string
	namedKind   string
	throughKind struct{}
)

func (o *oddNumber) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &o.n); err != nil {
		return err
	}
	if o.n%2 == 0 {
		return errors.New("even")
	}
	return nil
}

func (w *wrapped) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return errors.New("null")
	}
	if err := json.Unmarshal(b, &w.s); err != nil {
		return fmt.Errorf("wrapped: %w", err)
	}
	return nil
}

func (*yes) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, new(bool)) }

func (*either) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, new(int)) == nil {
		return nil
	}
	return json.Unmarshal(b, new(string))
}

func (a *alias) UnmarshalJSON(b []byte) error {
	type plain alias
	return json.Unmarshal(b, (*plain)(a))
}
func (*ownWords) UnmarshalJSON([]byte) error      { return errors.New("wanted a date") }
func (*panicking) UnmarshalJSON([]byte) error     { panic("no") }
func (l *listOf) UnmarshalJSON(b []byte) error    { return json.Unmarshal(b, (*[]string)(l)) }
func (*namedKind) UnmarshalJSON(b []byte) error   { return json.Unmarshal(b, new(string)) }
func (*throughKind) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, new(namedKind)) }

// What a method says of itself is taken where all its errors agree; else a type
// stays one that may take anything.
func TestMethodsTellTheirKind(t *testing.T) {
	t.Parallel()
	for goType, want := range map[reflect.Type]Types{
		reflect.TypeFor[oddNumber]():   {"integer"},
		reflect.TypeFor[wrapped]():     {"string"},
		reflect.TypeFor[yes]():         {"boolean"},
		reflect.TypeFor[namedKind]():   {"string"},
		reflect.TypeFor[throughKind](): {"string"},
		reflect.TypeFor[either]():      nil,
		reflect.TypeFor[alias]():       nil,
		reflect.TypeFor[ownWords]():    nil,
		reflect.TypeFor[panicking]():   nil,
		reflect.TypeFor[listOf]():      nil,
	} {
		s := newReflector(nil, nil).value(goType, input)
		require.NotNil(t, s.Extensions[ExtGoType], "%s", goType)
		kinds := Types(nil)
		for _, k := range s.Type {
			if k != "null" {
				kinds = append(kinds, k)
			}
		}
		require.Equal(t, want, kinds, "%s", goType)
		takesNull := want != nil && readJSON(goType, "null") == nil
		require.Equal(t, takesNull, s.Type.Has("null"), "%s", goType)
	}
	odd := newReflector(nil, nil).value(reflect.TypeFor[oddNumber](), input)
	require.Equal(t, json.Number("127"), odd.Maximum)
}
