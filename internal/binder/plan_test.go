package binder_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

func compile(t *testing.T, fn any, c binder.Config) *binder.Plan {
	t.Helper()
	p, err := binder.Compile(fn, c)
	require.NoError(t, err)
	return p
}

func jsonMessage(body string) *transport.Message {
	return &transport.Message{ContentType: asJSON, Body: []byte(body)}
}

func TestCallPassesErrorsAndPanicsThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	p := compile(t, func(string) (string, error) { return "partial", broken }, binder.Config{})
	m, err := p.Call(context.Background(), jsonMessage(`"x"`), nil)
	require.Nil(t, m)
	require.Equal(t, broken, err)

	p = compile(t, func(string) { panic("boom") }, binder.Config{})
	require.PanicsWithValue(t, "boom", func() { _, _ = p.Call(context.Background(), jsonMessage(`"x"`), nil) })
}

func TestCallHandsTheContextOver(t *testing.T) {
	t.Parallel()
	type key struct{}
	p := compile(t, func(ctx context.Context, _ item) any { return ctx.Value(key{}) }, binder.Config{})
	m, err := p.Call(context.WithValue(context.Background(), key{}, "found"), jsonMessage(`{}`), nil)
	require.NoError(t, err)
	require.Equal(t, "found", string(m.Body))
}

func TestCallDoesNotRunTheHandlerOnBadInput(t *testing.T) {
	t.Parallel()
	ran := false
	p := compile(t, func(item) { ran = true }, binder.Config{})
	for _, m := range []*transport.Message{
		{}, jsonMessage("null"), jsonMessage("{"), {ContentType: asText, Body: []byte("x")}, {ContentType: "a/b", Body: []byte("x")},
	} {
		_, err := p.Call(context.Background(), m, nil)
		var input *binder.InputError
		require.ErrorAs(t, err, &input)
	}
	_, err := p.Call(context.Background(), &transport.Message{}, nil)
	require.ErrorIs(t, err, binder.ErrEmpty)
	require.EqualError(t, err, "body: wanted a value, got nothing")
	require.False(t, ran)
}

func TestTheTypeOfAMessageNeverSelectsAGoType(t *testing.T) {
	t.Parallel()
	var got any
	p := compile(t, func(v any) { got = v }, binder.Config{})
	m := jsonMessage(`{"@type":"binder_test.order","type":"order"}`)
	m.Type = "binder_test.order"
	m.SetHeader("type", "binder_test.order")
	_, err := p.Call(context.Background(), m, nil)
	require.NoError(t, err)
	require.IsType(t, map[string]any{}, got)
}

func TestCheck(t *testing.T) {
	t.Parallel()
	var asked []reflect.Type
	var seen []any
	var verdict error
	config := binder.Config{Check: func(t reflect.Type) func(any) error {
		asked = append(asked, t)
		return func(v any) error {
			seen = append(seen, v)
			return verdict
		}
	}}
	cases := []struct {
		fn    any
		body  string
		asked reflect.Type
		seen  []any
	}{
		{func(item) {}, `{"qty":1}`, reflect.TypeFor[item](), []any{&item{Qty: 1}}},
		{func(*item) {}, `{"qty":2}`, reflect.TypeFor[item](), []any{&item{Qty: 2}}},
		{func(**item) {}, `{"qty":3}`, reflect.TypeFor[item](), []any{&item{Qty: 3}}},
		{func(*item) {}, `null`, reflect.TypeFor[item](), nil},
		{func([]item) {}, `[{"qty":4}]`, reflect.TypeFor[[]item](), []any{[]item{{Qty: 4}}}},
		{func(*map[string]item) {}, `{"a":{}}`, reflect.TypeFor[map[string]item](), []any{map[string]item{"a": {}}}},
		{
			func(struct {
				Item item `body:""`
			}) {
			}, `{"qty":5}`, nil, nil,
		},
	}
	for _, c := range cases {
		asked, seen, verdict = nil, nil, nil
		p := compile(t, c.fn, config)
		_, err := p.Call(context.Background(), jsonMessage(c.body), nil)
		require.NoError(t, err)
		require.Len(t, asked, 1)
		if c.asked == nil {
			continue
		}
		require.Equal(t, c.asked, asked[0])
		require.Equal(t, c.seen, seen)
	}

	verdict = errors.New("qty must be positive")
	_, err := compile(t, func(item) {}, config).Call(context.Background(), jsonMessage(`{}`), nil)
	require.EqualError(t, err, "body: qty must be positive")
	require.ErrorIs(t, err, verdict)
	_, err = compile(t, func(headerOf[string]) {}, config).
		Call(context.Background(), &transport.Message{Headers: transport.Headers{"h": "x"}}, nil)
	require.EqualError(t, err, "input: qty must be positive")
	verdict = &binder.InputError{Part: "body", Field: "qty", Reason: "gt"}
	_, err = compile(t, func(item) {}, config).Call(context.Background(), jsonMessage(`{}`), nil)
	require.Equal(t, verdict, err)
}

func TestNothingToCheck(t *testing.T) {
	t.Parallel()
	none := binder.Config{Check: func(reflect.Type) func(any) error { return nil }}
	_, err := compile(t, func(item) {}, none).Call(context.Background(), jsonMessage(`{}`), nil)
	require.NoError(t, err)
}

// script writes down what happens around a handler.
type script struct{ lines []string }

func (s *script) addf(format string, args ...any) {
	s.lines = append(s.lines, fmt.Sprintf(format, args...))
}

// resolverOf opens name and, when it is cleaned up, returns end.
func resolverOf[T any](t *testing.T, s *script, name string, value T, failed, end error) *binder.Resolver {
	t.Helper()
	return resolver(t, func() (T, func(error) error, error) {
		s.addf("open %s", name)
		return value, func(outcome error) error {
			s.addf("close %s: %v", name, outcome)
			return end
		}, failed
	})
}

func resolver(t *testing.T, fn any) *binder.Resolver {
	t.Helper()
	r, err := binder.NewResolver(fn, "main.go:1")
	require.NoError(t, err)
	return r
}

type first string

type second int

func resolving(all ...*binder.Resolver) binder.Config { return binder.Config{Resolvers: all} }

func TestParams(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	cases := []struct {
		name             string
		openB            error
		endA, endB       error
		handler          error
		unencodable      bool
		lines            []string
		wantErr, wantOut string
	}{
		{
			name:    "success",
			lines:   []string{"open a", "open b", "run A 2", "close b: <nil>", "close a: <nil>"},
			wantOut: "42",
		},
		{
			name: "handler fails", handler: broken,
			lines:   []string{"open a", "open b", "run A 2", "close b: broken", "close a: broken"},
			wantErr: "broken",
		},
		{
			name: "second resolver fails", openB: broken,
			lines:   []string{"open a", "open b", "close a: broken"},
			wantErr: "broken",
		},
		{
			name: "commit fails", endB: broken,
			lines:   []string{"open a", "open b", "run A 2", "close b: <nil>", "close a: broken"},
			wantErr: "broken",
		},
		{
			name: "encoding fails", unencodable: true,
			lines: []string{
				"open a", "open b", "run A 2", "close b: encode chan int as application/json: json: unsupported type: chan int",
				"close a: encode chan int as application/json: json: unsupported type: chan int",
			},
			wantErr: "unsupported type",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &script{}
			p := compile(t, func(_ binder.NoBody, a first, b second) (any, error) {
				s.addf("run %s %d", a, b)
				if c.unencodable {
					return make(chan int), nil
				}
				return 42, c.handler
			}, resolving(resolverOf(t, s, "a", first("A"), nil, c.endA), resolverOf(t, s, "b", second(2), c.openB, c.endB)))
			m, err := p.Call(context.Background(), &transport.Message{}, nil)
			require.Equal(t, c.lines, s.lines)
			if c.wantErr != "" {
				require.ErrorContains(t, err, c.wantErr)
				require.Nil(t, m)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.wantOut, string(m.Body))
		})
	}
}

func TestParamsAreResolvedAfterTheInput(t *testing.T) {
	t.Parallel()
	s := &script{}
	p := compile(t, func(item, first) {}, resolving(resolverOf(t, s, "a", first(""), nil, nil)))
	_, err := p.Call(context.Background(), jsonMessage(`[]`), nil)
	require.Error(t, err)
	require.Empty(t, s.lines)
	_, err = p.Call(context.Background(), jsonMessage(`{}`), nil)
	require.NoError(t, err)
	require.NotEmpty(t, s.lines)
}

func TestInputWithAResolverIsRefused(t *testing.T) {
	t.Parallel()
	_, err := binder.Compile(func(first) {}, resolving(resolver(t, func() first { return "" })))
	require.ErrorContains(t, err, "wanted the input as first parameter, got a resolved parameter of type binder_test.first")
	require.ErrorContains(t, err, "parley.NoBody")
}

func TestTypedTakesParamsNeverAndInputsAlways(t *testing.T) {
	t.Parallel()
	fn := binder.Func(func(_ context.Context, in headerOf[string]) (*item, error) { return &item{SKU: in.H}, nil })
	p := compile(t, fn, binder.Config{})
	m, err := p.Call(context.Background(), &transport.Message{Headers: transport.Headers{"h": "x"}}, nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"sku":"x","qty":0,"price":0}`, string(m.Body))
}
