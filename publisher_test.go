package parley_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func TestNoRouteIsToldAtOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		missing := app.Publisher(w.at("missing"))
		w.start(app)
		_, err := missing.Request(context.WithoutCancel(w.ctx()), "x", parley.NoTimeout())
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.ErrorContains(w, err, "hint")
		require.ErrorContains(w, err, w.at("missing"))
		err = missing.Publish(w.ctx(), "x")
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.NotErrorIs(w, err, parley.ErrOutcomeUnknown)
		require.ErrorContains(w, err, "hint")
	})
}

func TestRefusedByAFullQueue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		hold, held := make(chan struct{}), make(chan struct{}, 1)
		app.Subscriber(w.at("full"), func(string) { held <- struct{}{}; <-hold }, parley.Concurrency(1), parley.Prefetch(1),
			parley.From(topology.MaxLength(1), topology.Overflow(topology.RejectPublish)))
		full := app.Publisher(w.at("full"))
		w.start(app)
		require.NoError(w, full.Publish(w.ctx(), "in hand"))
		next(w, held)
		require.NoError(w, full.Publish(w.ctx(), "waits"))
		require.Eventually(w, func() bool { return errors.Is(full.Publish(w.ctx(), "too many"), parley.ErrRefused) }, patience, time.Millisecond)
		_, err := full.Request(w.ctx(), "too many")
		require.ErrorIs(w, err, parley.ErrRefused)
		close(hold)
	})
}

func TestPublishOptions(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan *parley.Message, 1)
		app.Subscriber(w.at("q"), func(m *parley.Message) { got <- m })
		q := app.Publisher(w.at("q"), parley.Header("a", 1), parley.Type("t"), parley.Payload[string]())
		w.start(app)
		require.NoError(w, q.Publish(w.ctx(), "x", parley.Header("b", "2"), parley.MessageID("id"), parley.CorrelationID("c"),
			parley.Expiration(time.Minute), parley.Priority(4)))
		m := next(w, got)
		require.Equal(w, parley.Headers{"a": int64(1), "b": "2"}, m.Headers)
		require.Equal(w, []string{"id", "c", "t", w.name}, []string{m.ID, m.CorrelationID, m.Type, m.AppID})
		require.Equal(w, time.Minute, m.Expiration)
		require.EqualValues(w, 4, m.Priority)
		require.Equal(w, transport.Persistent, m.Persistence)
		require.WithinDuration(w, time.Now(), m.Timestamp, patience)
		require.NoError(w, q.Publish(w.ctx(), "x"))
		require.NotEmpty(w, next(w, got).ID)

		for name, err := range map[string]error{
			"reserved header": q.Publish(w.ctx(), "x", parley.Header("parley-error", "ok")),
			"long id":         q.Publish(w.ctx(), "x", parley.MessageID(strings.Repeat("x", 256))),
			"payload":         q.Publish(w.ctx(), 7),
			"header value":    q.Publish(w.ctx(), "x", parley.Header("a", struct{}{})),
			"correlation id": func() error {
				_, err := q.Request(w.ctx(), "x", parley.CorrelationID("c"))
				return err
			}(),
		} {
			require.ErrorIs(w, err, parley.ErrNotSent, name)
		}
		nothing(w, got)
	})
}

func TestPublishBatch(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan int, 1000)
		app.Subscriber(w.at("q"), func(n int) { got <- n }, parley.Concurrency(1))
		q, missing := app.Publisher(w.at("q")), app.Publisher(w.at("missing"))
		w.start(app)
		require.NoError(w, parley.PublishBatch(w.ctx(), q, numbers(1000), parley.Window(64)))
		for i := range 1000 {
			require.Equal(w, i, next(w, got), "in order")
		}
		err := parley.PublishBatch(w.ctx(), missing, numbers(1000), parley.Window(8))
		require.ErrorIs(w, err, parley.ErrNoRoute)
		batch, ok := errors.AsType[*parley.BatchError](err)
		require.True(w, ok)
		require.Zero(w, batch.Stored)
		require.Len(w, batch.Failures, batch.Sent)
		require.Less(w, batch.Sent, 20, "no further value is taken after a failure")
	})
}

func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestSendMiddleware(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		sent := make(chan string, 10)
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				m.SetHeader("x-tenant", "acme")
				reply, err := next(ctx, m)
				if reply != nil {
					sent <- m.Address + " answered " + string(reply.Body)
				} else {
					sent <- m.Address
				}
				return reply, err
			}
		}))
		app.Subscriber(w.at("q"), func(in struct {
			Tenant string `header:"x-tenant"`
		},
		) string {
			return in.Tenant
		}, parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(string) {})
		q, void := app.Publisher(w.at("q")), app.Publisher(w.at("next"))
		w.start(app)
		got, err := parley.Request[string](w.ctx(), q, 1)
		require.NoError(w, err)
		require.Equal(w, "acme", got)
		require.ElementsMatch(w, []string{w.at("q") + " answered acme", w.at("next")}, []string{next(w, sent), next(w, sent)})
		require.NoError(w, parley.PublishBatch(w.ctx(), void, numbers(2)))
		require.Equal(w, []string{w.at("next"), w.at("next")}, []string{next(w, sent), next(w, sent)})
	})
}

// Middleware sees every failure of what it wraps, and may answer in its place.
func TestHandleMiddlewareSeesFailures(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		seen := make(chan error, 10)
		app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				own, ok := parley.MessageFrom(ctx)
				if !ok || own != m {
					return nil, errors.New("the context does not know its message")
				}
				out, err := next(ctx, m)
				seen <- err
				if string(m.Body) == `"cached"` {
					return &parley.Message{Body: []byte("7"), ContentType: "application/json"}, nil
				}
				return out, err
			}
		}))
		app.Subscriber(w.at("q"), func(int) (int, error) { return 0, parley.NewError(parley.CodeAborted, "no") })
		q := app.Publisher(w.at("q"))
		w.start(app)
		_, err := q.Request(w.ctx(), 1)
		require.Equal(w, parley.CodeAborted, parley.CodeOf(err))
		require.Equal(w, parley.CodeAborted, parley.CodeOf(next(w, seen)))
		got, err := parley.Request[int](w.ctx(), q, &parley.Message{Body: []byte(`"cached"`), ContentType: "application/json"})
		require.NoError(w, err)
		require.Equal(w, 7, got)
		unfit := next(w, seen)
		require.ErrorContains(w, unfit, "integer")
		require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(unfit))
	})
}

// What a publisher declares for its requests does not stand in the way of its
// other messages.
func TestTimeoutOfAPublisherLeavesPublishAlone(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan string, 2)
		app.Subscriber(w.at("q"), func(s string) { got <- s })
		q := app.Publisher(w.at("q"), parley.Timeout(time.Minute), parley.QuietTimeout())
		w.start(app)
		require.NoError(w, q.Publish(w.ctx(), "plain"))
		require.Equal(w, "plain", next(w, got))
		require.NoError(w, q.Publish(w.ctx(), "with an option", parley.Type("t")))
		require.Equal(w, "with an option", next(w, got))
		require.ErrorContains(w, q.Publish(w.ctx(), "x", parley.Timeout(time.Second)), "has no meaning")
	})
}
