package serialization_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/serialization"
)

// named is a codec that is only a name.
type named struct {
	serialization.Codec
	name string
	tag  string
}

func (n named) ContentType() string { return n.name }

// picky takes one type.
type picky struct {
	named
	only reflect.Type
}

func (p picky) Handles(t reflect.Type) bool { return t == p.only }

func (p picky) Aliases() []string { return []string{"application/alias"} }

func TestLookup(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(picky{named: named{name: "application/picky"}})
	cases := map[string]string{
		"application/json":                 "application/json",
		"Application/JSON":                 "application/json",
		"application/json; charset=utf-8":  "application/json",
		" application/json ;charset=utf-8": "application/json",
		"application/problem+json":         "application/json",
		"application/vnd.api+JSON; x=y":    "application/json",
		"text/plain; charset=utf-8":        "text/plain",
		"application/octet-stream":         "",
		"application/picky":                "application/picky",
		"application/alias":                "application/picky",
		"application/alias; version=\"1\"": "application/picky",
	}
	for contentType, want := range cases {
		c, ok := r.Lookup(contentType)
		require.True(t, ok, contentType)
		require.Equal(t, want, c.ContentType(), contentType)
	}
	for _, unknown := range []string{"", ";", " ; charset=utf-8", "json", "text/html", "application/x-protobuf", "application/json-seq"} {
		_, ok := r.Lookup(unknown)
		require.False(t, ok, unknown)
	}
}

type (
	word     string
	chunk    []byte
	jsonWord string
)

func (jsonWord) MarshalJSON() ([]byte, error) { return []byte(`""`), nil }

func TestFor(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(picky{named{name: "application/picky"}, reflect.TypeFor[*time.Time]()})
	cases := []struct {
		value any
		want  string
	}{
		{"", "text/plain"},
		{word(""), "text/plain"},
		{new(word), "text/plain"},
		{[]byte{}, ""},
		{chunk{}, ""},
		{jsonWord(""), "application/json"},
		{mood(""), "application/json"},
		{json.RawMessage{}, "application/json"},
		{1, "application/json"},
		{line{}, "application/json"},
		{[]string{}, "application/json"},
		{time.Time{}, "application/json"},
		{new(time.Time), "application/picky"},
		{new(*time.Time), "application/picky"},
	}
	for _, c := range cases {
		require.Equal(t, c.want, r.For(reflect.TypeOf(c.value)).ContentType(), "%T", c.value)
	}
}

func TestDefaultCodec(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(serialization.Default(named{name: "application/own"}))
	require.Equal(t, "application/own", r.For(reflect.TypeFor[line]()).ContentType())
	require.Equal(t, "application/own", r.For(reflect.TypeFor[jsonWord]()).ContentType())
	require.Equal(t, "application/json", r.For(reflect.TypeFor[json.RawMessage]()).ContentType())
	require.Equal(t, "text/plain", r.For(reflect.TypeFor[string]()).ContentType())
	_, ok := r.Lookup("application/own")
	require.True(t, ok)
}

func TestLaterCodecReplaces(t *testing.T) {
	t.Parallel()
	r := serialization.NewRegistry(
		picky{named{name: "application/json", tag: "first"}, reflect.TypeFor[line]()},
		named{name: "application/json", tag: "second"},
		nil,
		serialization.Default(nil),
	)
	c, _ := r.Lookup("application/problem+json")
	require.Equal(t, "second", c.(named).tag)
	require.Equal(t, "second", r.For(reflect.TypeFor[line]()).(named).tag)
}
