package parley_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// glimpse is what a middleware saw of one message.
type glimpse struct {
	action  parley.Action
	address string
	waiting bool
	attempt parley.Attempt
}

// watcher tells of every message, before it goes on.
func watcher(seen chan<- glimpse) parley.OperationMiddleware {
	return func(op parley.Operation, next parley.Handler) parley.Handler {
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			g := glimpse{action: op.Action, address: op.Address, waiting: parley.Waiting(ctx)}
			if op.Action == parley.Receive {
				g.attempt, _ = parley.AttemptFrom(ctx)
			}
			seen <- g
			return next(ctx, m)
		}
	}
}

func TestOperationMiddleware(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		seen := make(chan glimpse, 20)
		app.Use(watcher(seen))
		events := topology.Topic(w.at("events"))
		app.Subscriber(w.at("q"), func(_ context.Context, s string) string { return s },
			parley.PublishTo(w.at("next")))
		app.Subscriber(w.at("next"), func(string) {})
		app.Subscriber("a.{id}", func(ctx context.Context, _ string) error {
			require.False(w, parley.Waiting(ctx))
			return nil
		}, parley.From(events))
		q, a := app.Publisher(w.at("q")), app.Publisher("a.{id}", parley.To(events))
		w.start(app)
		one := parley.Attempt{Number: 1, InDelivery: 1}

		_, err := q.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.Equal(w, glimpse{parley.Send, w.at("q"), true, parley.Attempt{}}, next(w, seen))
		require.Equal(w, glimpse{parley.Receive, w.at("q"), true, one}, next(w, seen))
		require.Equal(w, glimpse{parley.Send, w.at("next"), false, parley.Attempt{}}, next(w, seen))
		require.Equal(w, glimpse{parley.Receive, w.at("next"), false, one}, next(w, seen))

		require.NoError(w, a.Publish(w.ctx(), "x", parley.Path("id", "7")))
		require.Equal(w, glimpse{parley.Send, "a.{id}", false, parley.Attempt{}}, next(w, seen))
		require.Equal(w, glimpse{parley.Receive, "a.{id}", false, one}, next(w, seen))
	})
}

// Of several kinds the first one given is outside; one that leaves an operation
// alone returns next.
func TestMiddlewareOfAllKindsKeepsItsOrder(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		order := make(chan string, 20)
		tell := func(what string) func(parley.Handler) parley.Handler {
			return func(next parley.Handler) parley.Handler {
				return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
					order <- what
					return next(ctx, m)
				}
			}
		}
		app := w.app()
		app.Use(
			parley.OperationMiddleware(func(op parley.Operation, next parley.Handler) parley.Handler {
				return tell("1 " + string(op.Action))(next)
			}),
			parley.HandleMiddleware(tell("2 receive")),
			parley.SendMiddleware(tell("3 send")),
			parley.OperationMiddleware(func(_ parley.Operation, next parley.Handler) parley.Handler { return next }),
			parley.OperationMiddleware(func(op parley.Operation, next parley.Handler) parley.Handler {
				return tell("4 " + string(op.Action))(next)
			}),
		)
		app.Subscriber(w.at("q"), func(string) {})
		q := app.Publisher(w.at("q"))
		w.start(app)
		_, err := q.Request(w.ctx(), "x")
		require.NoError(w, err)
		for _, want := range []string{"1 send", "3 send", "4 send", "1 receive", "2 receive", "4 receive"} {
			require.Equal(w, want, next(w, order))
		}
	})
}

func TestAttempts(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		seen := make(chan parley.Attempt, 20)
		app.Subscriber(w.at("q"), func(ctx context.Context, _ string) error {
			a, ok := parley.AttemptFrom(ctx)
			require.True(w, ok)
			seen <- a
			return errors.New("not yet")
		}, parley.Retry(parley.Immediate(1), parley.Delayed(time.Millisecond)))
		q := app.Publisher(w.at("q"))
		w.start(app)
		require.NoError(w, q.Publish(w.ctx(), "x"))
		for _, want := range []parley.Attempt{{1, 1}, {2, 2}, {3, 1}, {4, 2}} {
			require.Equal(w, want, next(w, seen))
		}
		_, ok := parley.AttemptFrom(w.ctx())
		require.False(w, ok)
		require.False(w, parley.Waiting(w.ctx()))
	})
}

// A middleware that sets a header changes the message on its way and nothing
// that the caller holds.
func TestMiddlewareLeavesTheCallersHeadersAlone(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				m.SetHeader("x-hop", "1")
				return next(ctx, m)
			}
		}))
		got := make(chan string, 1)
		app.Subscriber(w.at("q"), func(m *parley.Message) { got <- m.Header("x-hop") })
		q := app.Publisher(w.at("q"))
		w.start(app)
		own := &parley.Message{Headers: parley.Headers{"x-own": "1"}}
		require.NoError(w, q.Publish(w.ctx(), own))
		require.Equal(w, "1", next(w, got))
		require.Equal(w, parley.Headers{"x-own": "1"}, own.Headers)
	})
}
