package parley_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/serialization/gzip"
	"github.com/parley-go/parley/transport/memory"
)

func TestEncodeAndDecodeNeedNoRun(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Decompress(gzip.Encoding()))
	m, err := app.Encode(map[string]int{"a": 1})
	require.NoError(t, err)
	require.Equal(t, "application/json", m.ContentType)
	require.Empty(t, m.ID, "what sending adds is missing")
	var got map[string]int
	require.NoError(t, app.Decode(m, &got))
	require.Equal(t, map[string]int{"a": 1}, got)

	packed, err := gzip.Encoding().Encode(m.Body)
	require.NoError(t, err)
	got = nil
	require.NoError(t, app.Decode(&parley.Message{Body: packed, ContentType: m.ContentType, ContentEncoding: "gzip"}, &got))
	require.Equal(t, map[string]int{"a": 1}, got)

	same, err := app.Encode(m)
	require.NoError(t, err)
	require.Same(t, m, same)
	none, err := app.Encode(nil)
	require.NoError(t, err)
	require.Empty(t, none.Body)

	var n int
	require.ErrorIs(t, app.Decode(none, &n), parley.ErrNoValue)
	require.ErrorContains(t, app.Decode(m, &n), "parley: decode into *int")
	_, err = app.Encode(make(chan int))
	require.ErrorContains(t, err, "parley: encode chan int")
}

// Middleware of one run is outside of all other, and gone in the next run.
func TestAround(t *testing.T) {
	everywhere(t, func(w *world) {
		seen := make(chan string, 10)
		note := func(name string) parley.HandleMiddleware {
			return func(next parley.Handler) parley.Handler {
				return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
					out, err := next(ctx, m)
					seen <- name + ": " + string(parley.CodeOf(err))
					return out, err
				}
			}
		}
		app := w.app(parley.Transient())
		app.Use(note("own"))
		app.Subscriber(w.at("q"), func(context.Context, string) error { return errors.New("no") })
		q := app.Publisher(w.at("q"))
		around := parley.Around(note("around"))
		require.True(w, strings.HasPrefix(around.String(), "parley.Around"))

		require.NoError(w, app.Start(w.ctx(), around, parley.Around(note("inner"))))
		require.NoError(w, q.Publish(w.ctx(), "x"))
		require.Equal(w, "own: unknown", next(w, seen))
		require.Equal(w, "inner: unknown", next(w, seen))
		require.Equal(w, "around: unknown", next(w, seen))
		require.NoError(w, app.Stop(w.ctx()))

		w.start(app)
		_, err := q.Request(w.ctx(), "x")
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(err))
		require.Equal(w, "own: unknown", next(w, seen))
		nothing(w, seen)
	})
}
