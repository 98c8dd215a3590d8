package binder_test

import (
	"encoding/json"
	"io"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// What is said about a type is what its values get.
func TestContentTypeOfATypeIsThatOfItsValues(t *testing.T) {
	t.Parallel()
	w := newWire()
	text, number := "x", 7
	for _, v := range []any{
		"x", &text, title("x"), []byte("x"), json.RawMessage("1"), 7, &number,
		item{},
		&item{},
		[]item{},
		map[string]int{},
		response[string]{Value: "x"},
		&response[item]{},
		binder.NoBody{},
	} {
		m, err := w.Encode(v)
		require.NoError(t, err)
		require.Equal(t, m.ContentType, w.ContentType(reflect.TypeOf(v)), "%T", v)
	}
	for _, unknown := range []reflect.Type{
		nil, reflect.TypeFor[any](), reflect.TypeFor[io.Reader](), reflect.TypeFor[*transport.Message](),
		reflect.TypeFor[publishing](), reflect.TypeFor[*publishing](),
	} {
		require.Empty(t, w.ContentType(unknown), "%v", unknown)
	}
}

func TestNoBodyOnTheWire(t *testing.T) {
	t.Parallel()
	w := newWire()
	m, err := w.Encode(binder.NoBody{})
	require.NoError(t, err)
	require.Equal(t, &transport.Message{}, m)
	var none binder.NoBody
	require.NoError(t, w.Decode(&transport.Message{}, &none))
	require.NoError(t, w.Decode(&transport.Message{ContentType: "a/b", Body: []byte("x")}, &none), "it is not read")
}

func TestCheckTypes(t *testing.T) {
	t.Parallel()
	w := newWire()
	require.NoError(t, w.CheckTypes(nil, nil))
	require.NoError(t, w.CheckTypes(reflect.TypeFor[binder.NoBody](), reflect.TypeFor[binder.NoBody]()))
	require.NoError(t, w.CheckTypes(reflect.TypeFor[publishing](), reflect.TypeFor[*transport.Message]()))
	err := w.CheckTypes(reflect.TypeFor[chan int](), reflect.TypeFor[io.Reader]())
	require.ErrorContains(t, err, "wanted a payload that can be encoded, got chan int")
	require.ErrorContains(t, err, "wanted an answer of a concrete type, got io.Reader")
}
