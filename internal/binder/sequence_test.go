package binder_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/binder"
	"github.com/parley-go/parley/transport"
)

// given is a source of messages that may end with an error.
type given struct {
	bodies []string
	err    error
	broken error
	asked  int
}

func (g *given) Next(context.Context) (*transport.Message, error) {
	g.asked++
	if len(g.bodies) == 0 {
		return nil, g.err
	}
	m := jsonMessage(g.bodies[0])
	g.bodies = g.bodies[1:]
	return m, nil
}

func (g *given) Broken(err error) { g.broken = err }

var errCut = errors.New("cut")

// sum adds what comes and tells of the error.
func sum(numbers iter.Seq2[int, error]) (int, error) {
	total := 0
	for n, err := range numbers {
		if err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

func total(numbers iter.Seq[int]) int {
	t := 0
	for n := range numbers {
		t += n
	}
	return t
}

func TestHandlersOfSequences(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fn      any
		source  *given
		want    string
		wantErr error
		broken  bool
	}{
		"numbers":                  {sum, &given{bodies: []string{"1", "2", "4"}}, "7", nil, false},
		"without errors":           {total, &given{bodies: []string{"1", "2", "4"}}, "7", nil, false},
		"none":                     {total, &given{}, "0", nil, false},
		"cut off":                  {sum, &given{bodies: []string{"1"}, err: errCut}, "", errCut, false},
		"cut off unseen":           {total, &given{bodies: []string{"1"}, err: errCut}, "", errCut, true},
		"unseen beside an error":   {func(s iter.Seq[int]) (int, error) { return total(s), errors.New("other") }, &given{err: errCut}, "", errCut, true},
		"an error that is decided": {func(s iter.Seq2[int, error]) int { n, _ := sum(s); return n }, &given{bodies: []string{"1"}, err: errCut}, "1", nil, false},
		"a typed door":             {binder.Func(func(_ context.Context, s iter.Seq[int]) (int, error) { return total(s), nil }), &given{bodies: []string{"1", "2"}}, "3", nil, false},
		"goes on where it stopped": {func(s iter.Seq[int]) int {
			for first := range s {
				return 100*first + 10*total(s) + total(s)
			}
			return 0
		}, &given{bodies: []string{"1", "2", "4"}}, "160", nil, false},
		"stops asking": {func(s iter.Seq[int]) int {
			for first := range s {
				return first
			}
			return 0
		}, &given{bodies: []string{"1"}, err: errCut}, "1", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := compile(t, c.fn, binder.Config{})
			require.True(t, p.Receives())
			require.True(t, p.Describe().Sequence)
			require.Equal(t, reflect.TypeFor[int](), p.Describe().Body)
			m, err := p.CallStream(context.Background(), jsonMessage(""), nil, binder.Ends{Source: c.source})
			require.Equal(t, c.broken, c.source.broken != nil)
			if c.wantErr != nil {
				require.ErrorIs(t, err, c.wantErr)
				return
			}
			require.NoError(t, err)
			require.Equal(t, c.want, string(m.Body))
		})
	}
}

func TestAnItemThatDoesNotFit(t *testing.T) {
	t.Parallel()
	source := &given{bodies: []string{"1", `"x"`, "2"}}
	p := compile(t, sum, binder.Config{})
	_, err := p.CallStream(context.Background(), jsonMessage(""), nil, binder.Ends{Source: source})
	wrong, ok := errors.AsType[*binder.InputError](err)
	require.True(t, ok, "%v", err)
	require.Equal(t, "body", wrong.Part)
	require.Equal(t, 2, source.asked, "nothing is asked for behind it")

	source = &given{bodies: []string{"1", `"x"`, "2"}}
	p = compile(t, total, binder.Config{})
	_, err = p.CallStream(context.Background(), jsonMessage(""), nil, binder.Ends{Source: source})
	require.Equal(t, err, source.broken)
	_, ok = errors.AsType[*binder.InputError](err)
	require.True(t, ok, "%v", err)
}

// A message that is no stream is a sequence of one item, an empty one of none.
func TestAMessageAsASequence(t *testing.T) {
	t.Parallel()
	p := compile(t, total, binder.Config{})
	for body, want := range map[string]string{"7": "7", "": "0"} {
		m := &transport.Message{Body: []byte(body)}
		out, err := p.Call(context.Background(), m, nil)
		require.NoError(t, err)
		require.Equal(t, want, string(out.Body))
	}
	called := false
	p = compile(t, func(iter.Seq[int]) { called = true }, binder.Config{})
	_, err := p.Call(context.Background(), jsonMessage(`"x"`), nil)
	require.ErrorContains(t, err, "body")
	require.False(t, called, "what does not fit is no sequence")
	require.Error(t, p.Check(jsonMessage(`"x"`), nil))
	require.NoError(t, p.Check(jsonMessage(`1`), nil))
}

func TestSequencesInBothDirections(t *testing.T) {
	t.Parallel()
	p := compile(t, func(in iter.Seq[int]) iter.Seq[int] {
		return func(yield func(int) bool) {
			for n := range in {
				if !yield(2 * n) {
					return
				}
			}
		}
	}, binder.Config{})
	sink := &taken{room: 9}
	_, err := p.CallStream(context.Background(), jsonMessage(""), nil, binder.Ends{Sink: sink, Source: &given{bodies: []string{"1", "2"}, err: errCut}})
	require.ErrorIs(t, err, errCut, "half an input makes no whole output")
	require.Equal(t, []string{"2", "4"}, sink.bodies)
}

// A parameter that commits must not commit half an upload.
func TestCleanupsSeeASequenceThatBrokeOff(t *testing.T) {
	t.Parallel()
	s := &script{}
	p := compile(t, func(in iter.Seq[int], _ first) int { return total(in) },
		resolving(resolverOf(t, s, "a", first("A"), nil, nil)))
	_, err := p.CallStream(context.Background(), jsonMessage(""), nil, binder.Ends{Source: &given{err: errCut}})
	require.ErrorIs(t, err, errCut)
	require.Equal(t, []string{"open a", "close a: cut"}, s.lines)
}

func TestSequencesThatAreNotLegal(t *testing.T) {
	t.Parallel()
	for _, fn := range []any{
		func(iter.Seq2[int, string]) {},
		func(iter.Seq[binder.NoBody]) {},
		func(iter.Seq[iter.Seq[int]]) {},
		func(iter.Seq[chan int]) {},
		func(context.Context, int, iter.Seq[int]) {},
		func(ownSeq) {},
	} {
		_, err := binder.Compile(fn, binder.Config{})
		_, ok := errors.AsType[*binder.SignatureError](err)
		require.True(t, ok, "%T: %v", fn, err)
	}
}

func TestSequenceOf(t *testing.T) {
	t.Parallel()
	w := binder.NewWire(nil)
	for _, v := range []any{nil, 1, "x", func() {}, func(func(int) bool) {}, ownSeq(slices.Values([]int{1}))} {
		s, err := w.SequenceOf(v)
		require.NoError(t, err)
		require.Nil(t, s, "%T", v)
	}
	_, err := w.SequenceOf(slices.All([]int{1}))
	require.ErrorContains(t, err, "iter.Seq2[T, error]")

	for name, c := range map[string]struct {
		v    any
		want []string
		err  string
	}{
		"values": {slices.Values([]int{1, 2}), []string{"1", "2"}, ""},
		"nil":    {iter.Seq[int](nil), nil, ""},
		"error": {iter.Seq2[int, error](func(yield func(int, error) bool) {
			_ = yield(1, nil)
			yield(2, errCut)
			yield(3, nil)
		}), []string{"1"}, "cut"},
		"encoding": {slices.Values([]any{1, make(chan int), 2}), []string{"1"}, "encode"},
	} {
		s, err := w.SequenceOf(c.v)
		require.NoError(t, err)
		require.NotNil(t, s, name)
		var got []string
		text := ""
		for m, err := range s.Messages() {
			if err != nil {
				text = err.Error()
				continue
			}
			got = append(got, string(m.Body))
		}
		require.Equal(t, c.want, got, name)
		require.Contains(t, text, c.err, name)
		require.Equal(t, c.err == "", text == "", name)
	}
}
