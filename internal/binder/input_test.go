package binder_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

type identity struct {
	Tenant string `path:"tenant"`
	User   title  `header:"x-user"`
}

type allParts struct {
	identity
	Attempt int        `header:"x-attempt"`
	Ratio   float32    `header:"x-ratio"`
	Debug   bool       `header:"x-debug"`
	Since   time.Time  `header:"x-since"`
	Key     []byte     `header:"x-key"`
	Code    hex        `header:"x-code"`
	Trace   *string    `header:"x-trace"`
	Limit   *uint16    `header:"x-limit"`
	Until   *time.Time `header:"x-until"`
	Item    item       `body:""`
	Skipped chan int   `header:"-"`
	note    string     //nolint:unused // an unexported field is nobody's input
}

func fullHeaders() transport.Headers {
	return transport.Headers{
		"x-user": "joe", "x-attempt": int64(2), "x-ratio": 0.5, "x-debug": true,
		"x-since": moment, "x-key": []byte{0xff}, "x-code": "0xab", "x-limit": "9",
	}
}

func TestAnnotatedInput(t *testing.T) {
	t.Parallel()
	var got allParts
	p, err := binder.Compile(func(in allParts) { got = in }, binder.Config{PathNames: []string{"region", "tenant"}})
	require.NoError(t, err)
	m := &transport.Message{Headers: fullHeaders(), ContentType: asJSON, Body: []byte(`{"sku":"s"}`)}
	_, err = p.Call(context.Background(), m, []string{"eu", "acme"})
	require.NoError(t, err)
	require.Equal(t, allParts{
		identity: identity{Tenant: "acme", User: "joe"},
		Attempt:  2, Ratio: 0.5, Debug: true, Since: moment, Key: []byte{0xff}, Code: hex("ab"),
		Limit: ptr(uint16(9)), Item: item{SKU: "s"},
	}, got)

	d := p.Describe()
	require.Equal(t, reflect.TypeFor[allParts](), d.In)
	require.Equal(t, reflect.TypeFor[item](), d.Body)
	require.Equal(t, []binder.Field{{Name: "tenant", Type: reflect.TypeFor[string]()}}, d.Path)
	require.Len(t, d.Headers, 10)
	require.Equal(t, binder.Field{Name: "x-trace", Type: reflect.TypeFor[string](), Optional: true}, d.Headers[7])
}

func TestAnnotatedPointerInput(t *testing.T) {
	t.Parallel()
	p, err := binder.Compile(func(in *identity) string { return in.Tenant + "/" + string(in.User) },
		binder.Config{PathNames: []string{"tenant"}})
	require.NoError(t, err)
	m := &transport.Message{Headers: transport.Headers{"x-user": []byte("joe")}, ContentType: "image/png", Body: []byte("?")}
	out, err := p.Call(context.Background(), m, []string{""})
	require.NoError(t, err, "an input without body field does not read the body")
	require.Equal(t, "/joe", string(out.Body))
}

func TestHeaderForms(t *testing.T) {
	t.Parallel()
	const missing = "<missing>"
	cases := []struct {
		value any
		fn    any
		want  string // body of the answer, or the error
	}{
		{int32(7), func(in headerOf[string]) string { return in.H }, "7"},
		{true, func(in headerOf[string]) string { return in.H }, "true"},
		{5e6, func(in headerOf[int]) int { return in.H }, "5000000"},
		{float32(0.5), func(in headerOf[float64]) float64 { return in.H }, "0.5"},
		{"41", func(in headerOf[int64]) int64 { return in.H }, "41"},
		{[]byte("41"), func(in headerOf[uint]) uint { return in.H }, "41"},
		{"x", func(in headerOf[[]byte]) []byte { return in.H }, "x"},
		{"2024-11-23T09:34:07Z", func(in headerOf[time.Time]) time.Time { return in.H }, `"2024-11-23T09:34:07Z"`},
		{"blue", func(in headerOf[color]) string { return string(in.H) }, "blue"},
		{int64(3), func(in headerOf[*int]) *int { return in.H }, "3"},
		{missing, func(in headerOf[*int]) *int { return in.H }, ""},
		{nil, func(in headerOf[*int]) *int { return in.H }, ""},

		{missing, func(headerOf[string]) {}, "header h: is missing"},
		{nil, func(headerOf[string]) {}, "header h: is missing"},
		{"x", func(headerOf[int]) {}, "header h: wanted integer, got other text"},
		{5.5, func(headerOf[int]) {}, "header h: wanted integer, got other text"},
		{int64(-1), func(headerOf[*uint]) {}, "header h: wanted non-negative integer, got other text"},
		{int64(300), func(headerOf[int8]) {}, "header h: wanted integer from -128 to 127, got other text"},
		{"maybe", func(headerOf[bool]) {}, "header h: wanted boolean, got other text"},
		{int64(1), func(headerOf[time.Time]) {}, "header h: wanted RFC 3339 time, got other text"},
		{"\xff", func(headerOf[string]) {}, "header h: wanted UTF-8 text, got other bytes"},
		{[]any{"a"}, func(headerOf[string]) {}, "header h: wanted a plain value, got a table or a list"},
		{map[string]any{}, func(headerOf[int]) {}, "header h: wanted a plain value, got a table or a list"},
		{"pink", func(headerOf[color]) {}, `header h: wanted one of "red", "green", "blue", got another value`},
		{"pink", func(headerOf[*color]) {}, `header h: wanted one of "red", "green", "blue", got another value`},
	}
	for _, c := range cases {
		p, err := binder.Compile(c.fn, binder.Config{})
		require.NoError(t, err)
		m := &transport.Message{}
		if c.value != missing {
			m.SetHeader("h", c.value)
		}
		out, err := p.Call(context.Background(), m, nil)
		if err != nil {
			require.EqualError(t, err, c.want)
			continue
		}
		got := ""
		if out != nil {
			got = string(out.Body)
		}
		require.Equal(t, c.want, got, "%T from %T", c.fn, c.value)
	}
}

type headerOf[T any] struct {
	H T `header:"h"`
}

func TestAnnotatedBodyErrors(t *testing.T) {
	t.Parallel()
	type in struct {
		Tenant string `path:"tenant"`
		Item   item   `body:""`
	}
	p, err := binder.Compile(func(in) {}, binder.Config{PathNames: []string{"tenant"}})
	require.NoError(t, err)
	_, err = p.Call(context.Background(), &transport.Message{}, []string{"a"})
	require.EqualError(t, err, "body: wanted a value, got nothing")
	_, err = p.Call(context.Background(), &transport.Message{Body: []byte(`{"qty":[]}`)}, []string{"a"})
	require.EqualError(t, err, "body: qty: wanted integer, got array")
	_, err = p.Call(context.Background(), &transport.Message{Body: []byte(`{}`)}, nil)
	require.EqualError(t, err, "path tenant: is missing")
}

func TestIllegalAnnotatedInputs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		fn   any
		want []string
	}{
		{"untagged field", func(struct {
			A string `header:"a"`
			B string
		}) {
		}, []string{"wanted a header, path or body tag on every field", ".B without one", "tag it"}},
		{"two bodies", func(struct {
			A item `body:""`
			B item `body:""`
		}) {
		}, []string{"wanted at most one body field", ".B as another one"}},
		{"unknown path parameter", func(struct {
			A string `path:"nobody"`
		}) {
		}, []string{"wanted a path tag that names a parameter", `.A with "nobody"`, "the address has {tenant}, {id}"}},
		{"structured header", func(struct {
			A item `header:"a"`
		}) {
		}, []string{"wanted a header field of a type with a text form", ".A binder_test.item", "use a string"}},
		{"pointer to pointer", func(struct {
			A **string `header:"a"`
		}) {
		}, []string{"with a text form", "**string"}},
		{"nameless header", func(struct {
			A string `header:""`
		}) {
		}, []string{"wanted a name in the tag header", ".A with an empty one", `header:"name"`}},
		{"unexported field", func(struct {
			a string `header:"a"`
		}) {
		}, []string{"wanted an exported field", ".a"}},
		{"embedded pointer", func(struct {
			*identity
			A string `header:"a"`
		}) {
		}, []string{"wanted a struct embedded by value", "*binder_test.identity", "without the *"}},
		{"undecodable body", func(struct {
			A delivery `body:""`
		}) {
		}, []string{"wanted the body field", "got binder_test.delivery", "use *parley.Message"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := binder.Compile(c.fn, binder.Config{Wire: newWire(), PathNames: []string{"tenant", "id"}})
			require.Error(t, err)
			requireInOrder(t, err.Error(), c.want)
		})
	}
}

func TestPathTagWithoutParameters(t *testing.T) {
	t.Parallel()
	_, err := binder.Compile(func(identity) {}, binder.Config{})
	require.ErrorContains(t, err, "the address has no {parameter}")
}
