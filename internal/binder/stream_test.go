package binder_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// push is an outlet.
type push[T any] struct {
	send func(context.Context, any) error
}

func (*push[T]) Element() reflect.Type { return reflect.TypeFor[T]() }

func (p *push[T]) Attach(send func(context.Context, any) error) { p.send = send }

type ownSeq iter.Seq[int]

// taken is a sink that takes so many values.
type taken struct {
	bodies []string
	room   int
}

var errFull = errors.New("full")

func (t *taken) Send(_ context.Context, m *transport.Message) error {
	if len(t.bodies) == t.room {
		return errFull
	}
	t.bodies = append(t.bodies, string(m.Body))
	return nil
}

func upTo(n int, yielded *int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			*yielded++
			if !yield(i) {
				return
			}
		}
	}
}

func TestHandlersWithManyResults(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		fn      any
		room    int
		bodies  []string
		wantErr error
	}{
		"iterator": {fn: func() iter.Seq[string] {
			return func(yield func(string) bool) { _ = yield("a") && yield("b") }
		}, room: 9, bodies: []string{"a", "b"}},
		"nil iterator":               {fn: func() iter.Seq[string] { return nil }, room: 9},
		"error in place of a stream": {fn: func() (iter.Seq[string], error) { return nil, broken }, room: 9, wantErr: broken},
		"input":                      {fn: func(in []byte) iter.Seq[[]byte] { return func(yield func([]byte) bool) { yield(in) } }, room: 9, bodies: []string{"{}"}},
		"a value that is nothing":    {fn: func() iter.Seq[*item] { return func(yield func(*item) bool) { yield(nil) } }, room: 9, bodies: []string{""}},
		"values of an interface":     {fn: func() iter.Seq[any] { return func(yield func(any) bool) { _ = yield(nil) && yield("x") } }, room: 9, bodies: []string{"", "x"}},
		"a sink that is full":        {fn: func() iter.Seq[string] { return func(yield func(string) bool) { _ = yield("a") && yield("b") } }, room: 1, bodies: []string{"a"}, wantErr: errFull},
		"one that does not listen":   {fn: func() iter.Seq[string] { return func(yield func(string) bool) { yield("a"); yield("b"); yield("c") } }, room: 1, bodies: []string{"a"}, wantErr: errFull},
		"one that cannot be encoded": {fn: func() iter.Seq[any] { return func(yield func(any) bool) { _ = yield(make(chan int)) && yield("x") } }, room: 9, wantErr: errEncode},
		"error beside a value": {fn: func() iter.Seq2[string, error] {
			return func(yield func(string, error) bool) { yield("a", nil); yield("b", broken); yield("c", nil) }
		}, room: 9, bodies: []string{"a"}, wantErr: broken},
		"outlet": {fn: func(ctx context.Context, _ []byte, p push[string]) error {
			_ = p.send(ctx, "a")
			return p.send(ctx, "b")
		}, room: 9, bodies: []string{"a", "b"}},
		"outlet that is full": {fn: func(ctx context.Context, _ []byte, p push[string]) error {
			_ = p.send(ctx, "a")
			return p.send(ctx, "b")
		}, room: 1, bodies: []string{"a"}, wantErr: errFull},
		"outlet and an error": {fn: func(ctx context.Context, _ []byte, p push[string]) error { _ = p.send(ctx, "a"); return broken }, room: 9, bodies: []string{"a"}, wantErr: broken},
		"typed door": {fn: binder.Func(func(_ context.Context, in []byte) (iter.Seq[[]byte], error) {
			return func(yield func([]byte) bool) { yield(in) }, nil
		}), room: 9, bodies: []string{"{}"}},
		"outlet between parameters 1": {fn: func(ctx context.Context, _ []byte, p push[string], a first, b second) error {
			return p.send(ctx, string(a))
		}, room: 9, bodies: []string{"A"}},
		"outlet between parameters 2": {fn: func(ctx context.Context, _ []byte, a first, p push[string], b second) error {
			return p.send(ctx, string(a))
		}, room: 9, bodies: []string{"A"}},
		"outlet behind parameters": {fn: func(ctx context.Context, _ []byte, a first, b second, p push[string]) error {
			return p.send(ctx, string(a))
		}, room: 9, bodies: []string{"A"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &script{}
			p := compile(t, c.fn, resolving(resolverOf(t, s, "a", first("A"), nil, nil), resolverOf(t, s, "b", second(2), nil, nil)))
			require.True(t, p.Streams())
			require.True(t, p.Describe().Stream)
			sink := &taken{room: c.room}
			_, err := p.CallStream(context.Background(), jsonMessage(`{}`), nil, binder.Ends{Sink: sink})
			switch {
			case errors.Is(c.wantErr, errEncode):
				require.ErrorContains(t, err, "encode")
			case c.wantErr != nil:
				require.ErrorIs(t, err, c.wantErr)
			default:
				require.NoError(t, err)
			}
			require.Equal(t, c.bodies, sink.bodies)
		})
	}
}

var errEncode = errors.New("encode")

func TestAStreamStopsWhenItsSinkDoes(t *testing.T) {
	t.Parallel()
	yielded := 0
	p := compile(t, func() iter.Seq[int] { return upTo(100, &yielded) }, binder.Config{})
	_, err := p.CallStream(context.Background(), jsonMessage(`{}`), nil, binder.Ends{Sink: &taken{room: 3}})
	require.ErrorIs(t, err, errFull)
	require.Equal(t, 4, yielded)
	require.Equal(t, reflect.TypeFor[int](), p.Describe().Out)
	require.True(t, p.Describe().EncodesResult)
}

func TestAStreamIsNoSingleResult(t *testing.T) {
	t.Parallel()
	yielded := 0
	p := compile(t, func() iter.Seq[int] { return upTo(100, &yielded) }, binder.Config{})
	_, err := p.Call(context.Background(), jsonMessage(`{}`), nil)
	require.ErrorContains(t, err, "many results")
	require.Zero(t, yielded)
}

// The cleanups of parameters see the outcome of the whole stream.
func TestCleanupsRunBehindTheLastValue(t *testing.T) {
	t.Parallel()
	s := &script{}
	broken := errors.New("broken")
	p := compile(t, func(_ []byte, a first, b second) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			_ = yield(1, nil)
			s.addf("yielded")
			yield(0, broken)
		}
	}, resolving(resolverOf(t, s, "a", first("A"), nil, nil), resolverOf(t, s, "b", second(2), nil, nil)))
	_, err := p.CallStream(context.Background(), jsonMessage(`{}`), nil, binder.Ends{Sink: &taken{room: 9}})
	require.ErrorIs(t, err, broken)
	require.Equal(t, []string{"open a", "open b", "yielded", "close b: broken", "close a: broken"}, s.lines)
}
