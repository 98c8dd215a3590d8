package parley_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// upload yields the parts from 1 to n.
func upload(n int) iter.Seq[part] {
	return func(yield func(part) bool) {
		for i := range n {
			if !yield(part{i + 1}) {
				return
			}
		}
	}
}

// total adds what comes.
func total(_ context.Context, parts iter.Seq2[part, error]) (int, error) {
	sum := 0
	for p, err := range parts {
		if err != nil {
			return sum, err
		}
		sum += p.N
	}
	return sum, nil
}

func sumOf(n int) int { return n * (n + 1) / 2 }

func TestClientStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app, p := served(w, total)
		for _, n := range []int{0, 1, 2, 31, 32, 33, 3000} {
			got, err := parley.Request[int](w.longCtx(), p, upload(n))
			require.NoError(w, err)
			require.Equal(w, sumOf(n), got)
		}
		call := parley.Go[int](w.ctx(), p, upload(10))
		got, err := call.Wait(w.ctx())
		require.NoError(w, err)
		require.Equal(w, 55, got)
		m, err := p.Request(w.ctx(), upload(4))
		require.NoError(w, err)
		require.Equal(w, "10", string(m.Body))
		require.NotEmpty(w, m.ID)
		require.Zero(w, app.Stats().LateReplies, "no stray frames")
		require.Eventually(w, func() bool { return app.Stats().Handled == 9 }, patience, time.Millisecond)
	})
}

func TestClientStreamForms(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		seen := make(chan []int, 1)
		app.Subscriber(w.at("seq"), func(parts iter.Seq[part]) int {
			sum := 0
			for p := range parts {
				sum += p.N
			}
			return sum
		})
		app.Subscriber(w.at("nothing"), func(parts iter.Seq[part]) {
			var all []int
			for p := range parts {
				all = append(all, p.N)
			}
			seen <- all
		})
		app.Subscriber(w.at("messages"), func(parts iter.Seq[*parley.Message]) string {
			text := ""
			for m := range parts {
				text += string(m.Body) + m.Header("x-word")
			}
			return text
		})
		seq, none, messages := app.Publisher(w.at("seq")), app.Publisher(w.at("nothing")), app.Publisher(w.at("messages"))
		w.start(app)

		got, err := parley.Request[int](w.ctx(), seq, upload(100))
		require.NoError(w, err)
		require.Equal(w, sumOf(100), got)
		_, err = parley.Request[parley.NoBody](w.ctx(), none, upload(3))
		require.NoError(w, err)
		require.Equal(w, upTo(3), next(w, seen))
		text, err := parley.Request[string](w.ctx(), messages, slices.Values([]any{
			"a",
			parley.Response[string]{Value: "b", Properties: parley.Message{Headers: parley.Headers{"x-word": "!"}}},
			&parley.Message{Body: []byte("c")},
		}))
		require.NoError(w, err)
		require.Equal(w, "ab!c", text)
	})
}

// An ordinary message is a sequence of one item, an empty one of none.
func TestAMessageForAHandlerOfSequences(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, total)
		got, err := parley.Request[int](w.ctx(), p, part{7})
		require.NoError(w, err)
		require.Equal(w, 7, got)
		got, err = parley.Request[int](w.ctx(), p, nil)
		require.NoError(w, err)
		require.Zero(w, got)
		_, err = parley.Request[int](w.ctx(), p, "seven")
		require.ErrorIs(w, err, parley.NewError(parley.CodeInvalidArgument, ""))
		var all []int
		for v, err := range parley.Stream[int](w.ctx(), p, part{7}) {
			require.NoError(w, err)
			all = append(all, v)
		}
		require.Equal(w, []int{7}, all)
	})
}

func TestBothDirectionsAtOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, func(_ context.Context, in iter.Seq[part]) iter.Seq2[part, error] {
			return func(yield func(part, error) bool) {
				for p := range in {
					if !yield(part{2 * p.N}, nil) {
						return
					}
				}
			}
		})
		for _, n := range []int{0, 1, 33, 2000} {
			sum := 0
			for v, err := range parley.Stream[part](w.longCtx(), p, upload(n)) {
				require.NoError(w, err)
				sum += v.N
			}
			require.Equal(w, 2*sumOf(n), sum)
		}
		_, err := parley.Request[part](w.ctx(), p, upload(3))
		require.ErrorIs(w, err, parley.NewError(parley.CodeUnimplemented, ""))
		require.ErrorContains(w, err, "parley.Stream")
	})
}

func TestASequenceWhereNoneIsTaken(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("one"), func(p part) part { return p })
		app.Subscriber(w.at("many"), count)
		p, many, absent := app.Publisher(w.at("one")), app.Publisher(w.at("many")), app.Publisher(w.at("absent"))
		declared := app.Publisher(w.at("one"), parley.Payload[part]())
		w.start(app)
		called := false
		items := iter.Seq[part](func(yield func(part) bool) { called = true; yield(part{1}) })

		_, err := parley.Request[part](w.ctx(), p, items)
		remote, ok := errors.AsType[*parley.RemoteError](err)
		require.True(w, ok, "%v", err)
		require.Equal(w, parley.CodeUnimplemented, remote.Code)
		_, err = read(parley.Stream[part](w.ctx(), many, items))
		require.ErrorIs(w, err, parley.NewError(parley.CodeUnimplemented, ""))
		_, err = parley.Request[part](w.ctx(), absent, items)
		require.ErrorIs(w, err, parley.ErrNoRoute)
		failed, ok := errors.AsType[*parley.CallError](err)
		require.True(w, ok, "%v", err)
		require.Equal(w, w.at("absent"), failed.Address)
		require.ErrorContains(w, err, "hint")
		require.ErrorIs(w, p.Publish(w.ctx(), items), parley.ErrNotSent)
		require.ErrorContains(w, p.Publish(w.ctx(), items, parley.ReplyTo(w.at("many"))), "sequence")
		require.ErrorContains(w, parley.PublishBatch(w.ctx(), p, slices.Values([]any{items})), "sequence")
		_, err = parley.Request[part](w.ctx(), p, items, parley.ReplyTo("x"))
		require.ErrorIs(w, err, parley.ErrNotSent)
		_, err = parley.Request[part](w.ctx(), p, items, parley.Restarts())
		require.ErrorContains(w, err, "Restarts")
		_, err = parley.Request[part](w.ctx(), p, items, parley.MaxReplies(3))
		require.ErrorContains(w, err, "MaxReplies")
		_, err = parley.Request[part](w.ctx(), declared, slices.Values([]int{1}))
		require.ErrorContains(w, err, "wanted a value of type parley_test.part")
		_, err = parley.Request[part](w.ctx(), p, iter.Seq2[int, part](nil))
		require.ErrorContains(w, err, "iter.Seq2[T, error]")
		require.False(w, called, "a sequence is not run before somebody takes it")
	})
}
