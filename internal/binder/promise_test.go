package binder_test

import (
	"context"
	"iter"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// pledge is a promise; it holds a value of the context.
type pledge[T any] struct{ key any }

type pledgeKey struct{}

func (*pledge[T]) Element() reflect.Type { return reflect.TypeFor[T]() }

func (*pledge[T]) Maker() any {
	return func(ctx context.Context) (pledge[T], error) { return pledge[T]{ctx.Value(pledgeKey{})}, nil }
}

func TestHandlersThatAnswerLater(t *testing.T) {
	t.Parallel()
	var got any
	ctx := context.WithValue(t.Context(), pledgeKey{}, "this one")
	for _, fn := range []any{
		func(_ string, p pledge[int]) { got = p.key },
		func(_ context.Context, _ string, p pledge[int]) error { got = p.key; return nil },
	} {
		plan, err := binder.Compile(fn, binder.Config{})
		require.NoError(t, err)
		require.True(t, plan.Promises())
		require.Equal(t, reflect.TypeFor[int](), plan.Describe().Out)
		got = nil
		out, err := plan.Call(ctx, &transport.Message{Body: []byte("x")}, nil)
		require.NoError(t, err)
		require.Nil(t, out)
		require.Equal(t, "this one", got)
	}
	plan, err := binder.Compile(func(binder.NoBody, pledge[binder.NoBody]) {}, binder.Config{})
	require.NoError(t, err)
	require.True(t, plan.Promises())
	require.Nil(t, plan.Describe().Out)
}

func TestSignaturesThatPromiseTooMuch(t *testing.T) {
	t.Parallel()
	for fragment, fn := range map[string]any{
		"the input as first parameter":           func(pledge[int]) {},
		"one parameter to answer by":             func(string, pledge[int], pledge[string]) {},
		"a stream or an answer that comes later": func(string, pledge[int], push[int]) {},
		"a single input for an answer":           func(iter.Seq[int], pledge[int]) {},
		"no result but an error beside":          func(string, pledge[int]) int { return 1 },
		"a result that can be encoded":           func(string, pledge[chan int]) {},
	} {
		_, err := binder.Compile(fn, binder.Config{})
		require.ErrorContains(t, err, fragment)
	}
	_, err := binder.NewResolver(func() pledge[int] { return pledge[int]{} }, "here")
	require.ErrorContains(t, err, "a resolver for a type of your own")
}
