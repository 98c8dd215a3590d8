package parley_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// endless yields until nobody takes more, and tells why.
func endless(causes chan<- error) func(context.Context, int) iter.Seq[part] {
	return func(ctx context.Context, _ int) iter.Seq[part] {
		return func(yield func(part) bool) {
			for i := 1; yield(part{i}); i++ {
			}
			causes <- context.Cause(ctx)
		}
	}
}

// cutAfter reads a stream and calls cut once something came.
func cutAfter(w *world, parts iter.Seq2[part, error], cut func()) (items int, err error) {
	w.Helper()
	for _, failed := range parts {
		if failed != nil {
			return items, failed
		}
		if items++; items == 1 {
			cut()
		}
	}
	return items, nil
}

func TestTheReaderLosesItsConnection(t *testing.T) {
	t.Parallel()
	check := func(w *world, service, client *parley.App, cut func(), lost ...error) {
		causes := make(chan error, 10)
		service.Subscriber(w.at("count"), endless(causes))
		p := client.Publisher(w.at("count"))
		w.start(service)
		w.start(client)
		items, err := cutAfter(w, parley.Stream[part](w.ctx(), p, 1), cut)
		require.True(w, slices.ContainsFunc(lost, func(l error) bool { return errors.Is(err, l) }), "%v", err)
		require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
		failed, ok := errors.AsType[*parley.StreamError](err)
		require.True(w, ok)
		require.Equal(w, items, failed.Items)
		require.Error(w, next(w, causes))

		got, err := read(parley.Stream[part](w.ctx(), p, 1, parley.MaxReplies(3)))
		require.NoError(w, err, "the next session has an inbox of its own")
		require.Equal(w, upTo(3), got)
	}
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		broker := memory.New()
		w := newWorld(t, broker)
		// It cuts both sides: the reader may notice the other one first.
		check(w, w.app(), w.app(), broker.Disconnect, parley.ErrStreamLost, parley.ErrStreamServerGone)
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
		w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
		behind := newWorld(t, rabbitmq.New(proxy.URL()))
		check(w, w.app(), behind.app(), proxy.Cut, parley.ErrStreamLost)
	})
}

// The broker delivers the request again, and the reader is told that the stream
// began anew; one that asked for restarts reads all of it.
func TestTheServiceLosesItsConnection(t *testing.T) {
	t.Parallel()
	service := func(t *testing.T) (w *world, app *parley.App, cut func()) {
		t.Helper()
		proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
		w = newWorld(t, rabbitmq.New(rabbittest.URL(t)))
		return w, newWorld(t, rabbitmq.New(proxy.URL())).app(), proxy.Cut
	}
	t.Run("an error", func(t *testing.T) {
		t.Parallel()
		w, app, cut := service(t)
		app.Subscriber(w.at("count"), endless(make(chan error, 100)))
		client := w.app()
		p := client.Publisher(w.at("count"))
		w.start(app)
		w.start(client)
		_, err := cutAfter(w, parley.Stream[part](w.ctx(), p, 1), cut)
		// Which sign comes first is the network's choice.
		told := errors.Is(err, parley.ErrStreamRestarted) || errors.Is(err, parley.ErrStreamGap) ||
			errors.Is(err, parley.ErrStreamServerGone) || errors.Is(err, parley.NewError(parley.CodeUnavailable, ""))
		require.True(w, told, "got %v", err)
	})
	t.Run("acknowledged first", func(t *testing.T) {
		t.Parallel()
		w, app, cut := service(t)
		causes := make(chan error, 100)
		app.Subscriber(w.at("count"), endless(causes), parley.AckFirst())
		client := w.app()
		p := client.Publisher(w.at("count"))
		w.start(app)
		w.start(client)
		_, err := cutAfter(w, parley.Stream[part](w.ctx(), p, 1), cut)
		told := errors.Is(err, parley.ErrStreamGap) ||
			errors.Is(err, parley.ErrStreamServerGone) || errors.Is(err, parley.NewError(parley.CodeUnavailable, ""))
		require.True(w, told, "got %v", err)
		require.Error(w, next(w, causes))
	})
	t.Run("restarts", func(t *testing.T) {
		t.Parallel()
		w, app, cut := service(t)
		var runs atomic.Int32
		app.Subscriber(w.at("count"), func(ctx context.Context, n int) iter.Seq2[part, error] {
			if runs.Add(1) == 1 {
				return func(yield func(part, error) bool) {
					yield(part{1}, nil)
					<-ctx.Done()
				}
			}
			return count(ctx, n)
		})
		client := w.app()
		p := client.Publisher(w.at("count"))
		w.start(app)
		w.start(client)
		var got []int
		restarts := 0
		// However long the service takes to come back.
		for v, err := range parley.Stream[part](w.ctx(), p, 500, parley.Restarts(), parley.Idle(3*time.Minute)) {
			if errors.Is(err, parley.ErrStreamRestarted) {
				restarts++
				got = nil
				continue
			}
			require.NoError(w, err)
			if got = append(got, v.N); restarts == 0 {
				cut()
			}
		}
		require.Equal(w, 1, restarts)
		require.Equal(w, upTo(500), got)
	})
}

// The handler is never more than a window ahead of its reader, so that neither
// side holds more, however much there is to come.
func TestASlowReaderSlowsTheHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for _, window := range []int{1, 10, parley.DefaultStreamWindow} {
			var made atomic.Int64
			body := make([]byte, 1<<10)
			app := w.app()
			address := w.at("bulk") + string(rune('a'+window%26))
			app.Subscriber(address, func(context.Context, int) iter.Seq[[]byte] {
				return func(yield func([]byte) bool) {
					for yield(body) {
						made.Add(1)
					}
				}
			})
			p := app.Publisher(address)
			w.start(app)
			read, enough := int64(0), int64(100*window)
			for _, err := range parley.Stream[[]byte](w.longCtx(), p, 1_000_000, parley.Window(window)) {
				require.NoError(w, err)
				if read++; read == enough {
					break
				}
				// One item is in the reader's hands, and one in the handler's.
				require.LessOrEqual(w, made.Load(), read+int64(window)+2)
			}
			require.Equal(w, enough, read)
		}
	})
}
