package parley_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
)

// kept is what a handler keeps of a Later.
type kept struct {
	token            string
	wanted, outlives bool
	expires          time.Time
}

// keeper declares a subscriber that answers later, and returns what it keeps.
func keeper(w *world, app *parley.App, opts ...parley.SubscriberOption) <-chan kept {
	all := make(chan kept, 10)
	app.Subscriber(w.at("place"), func(_ context.Context, o purchase, l parley.Later[receipt]) error {
		if o.ID == "refused" {
			return parley.NewError(parley.CodeFailedPrecondition, "no stock")
		}
		all <- kept{l.Token(), l.Wanted(), l.Outlives(), l.Expires()}
		return nil
	}, opts...)
	return all
}

// stop ends an app that is not stopped by the end of its test.
func (w *world) stop(app *parley.App) {
	w.Helper()
	require.NoError(w, app.Stop(w.ctx()))
}

// Another process of the service answers, to another process of the caller.
func TestLaterAnswerOfAnotherProcess(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service := w.app()
		tokens := keeper(w, service)
		require.NoError(w, service.Start(w.ctx()))
		caller := w.app()
		got := takeReplies(caller, w.at("receipts"))
		orders := caller.Publisher(w.at("place"))
		w.start(caller)
		ask := func(id, token string) kept {
			require.NoError(w, orders.Publish(w.ctx(), purchase{id}, parley.ReplyTo(w.at("receipts")), parley.Token(token), parley.Expiration(time.Hour)))
			return next(w, tokens)
		}
		first, second, third := ask("o1", "invoice-17"), ask("o2", "invoice-18"), ask("o3", "invoice-19")
		require.True(w, first.outlives && first.wanted)
		require.Zero(w, first.expires, "the request may expire in its queue, the answer not")
		w.stop(service)
		nothing(w, got)

		worker := w.start(w.app())
		require.NoError(w, parley.Reply(w.ctx(), worker, first.token, receipt{"o1"}))
		a := next(w, got)
		require.Equal(w, receipt{"o1"}, a.Value)
		require.Equal(w, "invoice-17", a.Token)
		require.Equal(w, transport.Persistent, a.Message.Persistence)
		id := a.Message.ID
		require.NoError(w, parley.Reply(w.ctx(), worker, first.token, &receipt{"o1"}))
		require.Equal(w, id, next(w, got).Message.ID, "the same message again")

		require.NoError(w, parley.ReplyError(w.ctx(), worker, second.token, parley.NewError(parley.CodeNotFound, "no such tenant")))
		a = next(w, got)
		require.Equal(w, "invoice-18", a.Token)
		require.EqualError(w, a.Err, "remote error: not_found: no such tenant")
		require.NoError(w, parley.ReplyError(w.ctx(), worker, second.token, errors.New("password is hunter2")))
		a = next(w, got)
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(a.Err))
		require.NotContains(w, a.Err.Error(), "hunter2")
		require.Contains(w, w.log.String(), "hunter2")

		require.NoError(w, parley.Reply(w.ctx(), worker, third.token, nil))
		require.ErrorIs(w, next(w, got).Err, parley.ErrNoValue)
		require.NoError(w, parley.Reply(w.ctx(), worker, third.token, parley.Response[receipt]{Value: receipt{"o3"}, Properties: parley.Message{Headers: parley.Headers{"x": "1", "CC": "elsewhere"}}}))
		a = next(w, got)
		require.Equal(w, receipt{"o3"}, a.Value)
		require.Equal(w, parley.Headers{"x": "1"}, a.Message.Headers)

		err := parley.Reply(w.ctx(), worker, third.token, "text")
		require.ErrorContains(w, err, "parley_test.receipt")
		require.ErrorIs(w, err, parley.ErrNotSent)
		nothing(w, got)
	})
}

// A handler that fails tells its caller at once.
func TestLaterHandlerFails(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		keeper(w, app)
		orders := app.Publisher(w.at("place"))
		w.start(app)
		_, err := parley.Request[receipt](w.ctx(), orders, purchase{"refused"})
		require.Equal(w, parley.CodeFailedPrecondition, parley.CodeOf(err))
	})
}

// A caller that waits gets its answer while it waits, and takes it along.
func TestLaterAnswerToOneWhoWaits(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		tokens := keeper(w, app)
		orders := app.Publisher(w.at("place"))
		w.start(app)

		call := parley.Go[receipt](w.ctx(), orders, purchase{"o1"})
		k := next(w, tokens)
		require.False(w, k.outlives)
		require.WithinDuration(w, time.Now().Add(parley.DefaultTimeout), k.expires, patience)
		require.NoError(w, parley.Reply(w.ctx(), app, k.token, receipt{"o1"}))
		got, err := call.Wait(w.ctx())
		require.NoError(w, err)
		require.Equal(w, receipt{"o1"}, got)

		caller := w.app()
		elsewhere := caller.Publisher(w.at("place"))
		require.NoError(w, caller.Start(w.ctx()))
		gone := parley.Go[receipt](w.ctx(), elsewhere, purchase{"o2"}, parley.NoTimeout())
		k = next(w, tokens)
		w.stop(caller)
		_, err = gone.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)
		// The broker removes the inbox of a lost connection in its own time.
		require.Eventually(w, func() bool {
			err = parley.Reply(w.ctx(), app, k.token, receipt{"o2"})
			return err != nil
		}, patience, time.Millisecond)
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.ErrorContains(w, err, "is gone")

		w.inTime(func(limit time.Duration) bool {
			_, err := parley.Request[receipt](w.ctx(), orders, purchase{"o3"}, parley.Timeout(limit))
			require.ErrorIs(w, err, parley.ErrTimeout)
			select {
			case k = <-tokens:
				return true
			default:
				return false
			}
		})
		// The service's clock began when the request came.
		require.Eventually(w, func() bool {
			err = parley.Reply(w.ctx(), app, k.token, receipt{"o3"})
			return errors.Is(err, parley.ErrExpired)
		}, patience, time.Millisecond)
	})
}

func TestLaterAnswerThatNobodyWants(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		tokens := keeper(w, app)
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o1"}))
		k := next(w, tokens)
		require.False(w, k.wanted || k.outlives)
		require.ErrorIs(w, parley.Reply(w.ctx(), app, k.token, receipt{"o1"}), parley.ErrNotWanted)

		require.NoError(w, orders.Publish(w.ctx(), purchase{"o2"}, parley.ReplyTo(w.at("receipts"))))
		k = next(w, tokens)
		require.ErrorIs(w, parley.ReplyError(w.ctx(), app, k.token, errors.New("no")), parley.ErrNotWanted)
		require.ErrorContains(w, parley.ReplyError(w.ctx(), app, k.token, nil), "got nil")
		nothing(w, got)
		require.NoError(w, parley.Reply(w.ctx(), app, k.token, receipt{"o2"}))
		require.Equal(w, receipt{"o2"}, next(w, got).Value)

		require.NoError(w, orders.Publish(w.ctx(), purchase{"o3"}, parley.ReplyTo(w.at("nowhere"))))
		k = next(w, tokens)
		err := parley.Reply(w.ctx(), app, k.token, receipt{"o3"})
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.ErrorContains(w, err, "no such queue")
	})
}

// A duplicate of a message that is answered later is not answered with nothing.
func TestLaterWithDeduplicate(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		tokens := keeper(w, app, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		for range 2 {
			require.NoError(w, orders.Publish(w.ctx(), purchase{"o1"}, parley.ReplyTo(w.at("receipts")), parley.Token("t"), parley.MessageID("m1")))
		}
		k := next(w, tokens)
		require.Eventually(w, func() bool { return app.Stats().Duplicates == 1 }, patience, time.Millisecond)
		require.NoError(w, parley.Reply(w.ctx(), app, k.token, receipt{"o1"}))
		require.Equal(w, receipt{"o1"}, next(w, got).Value)
		nothing(w, got)
		nothing(w, tokens)
	})
}

// A token is as good as the right to make the service publish to a queue.
func TestLaterTokenIsNoWayIn(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		key, older := []byte("0123456789abcdef"), []byte("abcdef0123456789")
		open := w.app(parley.AllowReplyTo(w.at("receipts")))
		takeReplies(open, w.at("receipts"))
		tokens := keeper(w, open, parley.AllowReplyTo(w.at("other")))
		orders := open.Publisher(w.at("place"))
		require.ErrorIs(w, parley.Reply(w.ctx(), open, "", nil), parley.ErrBadToken)
		w.start(open)
		w.collect(w.at("other"))
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o1"}, parley.ReplyTo(w.at("other"))))
		k := next(w, tokens)
		require.NoError(w, parley.Reply(w.ctx(), open, k.token, receipt{"o1"}), "by the rules of the subscriber")

		strict := w.start(w.app(parley.AllowReplyTo(w.at("receipts"))))
		err := parley.Reply(w.ctx(), strict, k.token, receipt{"o1"})
		require.Equal(w, parley.CodePermissionDenied, parley.CodeOf(err))
		require.ErrorIs(w, err, parley.ErrNotSent)

		sealed := w.start(w.app(parley.LaterKey(key)))
		require.ErrorIs(w, parley.Reply(w.ctx(), sealed, k.token, receipt{"o1"}), parley.ErrBadToken)

		signing := w.app(parley.LaterKey(older))
		signed := make(chan string, 1)
		signing.Subscriber(w.at("signed"), func(_ parley.NoBody, l parley.Later[receipt]) { signed <- l.Token() })
		asks := signing.Publisher(w.at("signed"))
		w.start(signing)
		require.NoError(w, asks.Publish(w.ctx(), nil, parley.ReplyTo(w.at("receipts"))))
		token := next(w, signed)
		require.ErrorIs(w, parley.Reply(w.ctx(), sealed, token, receipt{"o1"}), parley.ErrBadToken)
		require.ErrorIs(w, parley.Reply(w.ctx(), open, token, receipt{"o1"}), parley.ErrBadToken)
		rotated := w.start(w.app(parley.LaterKey(key, older)))
		require.NoError(w, parley.Reply(w.ctx(), rotated, token, receipt{"o1"}))
		other := []byte(token)
		other[12] ^= 1
		require.ErrorIs(w, parley.Reply(w.ctx(), rotated, string(other), receipt{"o1"}), parley.ErrBadToken)

		idle := w.app()
		require.ErrorIs(w, parley.Reply(w.ctx(), idle, k.token, receipt{"o1"}), parley.ErrNotStarted)
	})
}

func TestLaterRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	app := parley.New(w.transport, parley.LaterKey([]byte("short")))
	later := func(_ purchase, _ parley.Later[receipt]) {}
	app.Subscriber("forward", later, parley.PublishTo("x"))
	app.Subscriber("none", later, parley.NoReply())
	app.Subscriber("both", func(_ purchase, _ parley.Later[receipt]) receipt { return receipt{} })
	app.Subscriber("first", func(parley.Later[receipt]) {})
	app.Subscriber("ok", func(_ purchase, _ parley.Later[receipt]) error { return nil })
	app.Subscriber("own", later, parley.Param(func() parley.Later[receipt] { return parley.Later[receipt]{} }))
	err := app.Err()
	for _, fragment := range []string{
		"at least 16 bytes", `"forward"`, "a result for parley.PublishTo", `"none"`, "without parley.Later for parley.NoReply",
		`"both"`, "no result but an error beside parley.Later", `"first"`, `"own"`,
	} {
		require.ErrorContains(t, err, fragment)
	}
	require.NotContains(t, err.Error(), `"ok"`)
	for _, op := range app.Operations() {
		if op.Address == "ok" {
			require.True(t, op.Later)
			require.Equal(t, "parley_test.receipt", op.Output.String())
			require.Equal(t, "application/json", op.ReplyContentType)
		}
	}
	require.Empty(t, parley.Later[int]{}.Token())
	require.False(t, parley.Later[int]{}.Wanted())
	require.Zero(t, parley.Later[int]{}.Expires())
}

// Send middleware is around an answer that comes later, and does not decide where
// it goes.
func TestMiddlewareAroundLaterAnswers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		tokens := keeper(w, app)
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		type seen struct {
			op      parley.Operation
			address string
			code    string
			waiting bool
			err     error
		}
		all := make(chan seen, 9)
		app.Use(parley.OperationMiddleware(func(op parley.Operation, next parley.Handler) parley.Handler {
			if op.Action != parley.Send || !op.Later {
				return next
			}
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				s := seen{op: op, address: m.Address, code: m.Header(parley.HeaderError), waiting: parley.Waiting(ctx)}
				m.SetHeader("x-hop", "1")
				m.Address = "elsewhere"
				var answer *parley.Message
				answer, s.err = next(ctx, m)
				all <- s
				return answer, s.err
			}
		}))
		w.start(app)
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o1"}, parley.ReplyTo(w.at("receipts")), parley.Token("t1")))
		token := next(w, tokens).token
		own := &parley.Message{Body: []byte(`{"order":"o1"}`), ContentType: "application/json", Headers: parley.Headers{"x-own": "1"}}
		require.NoError(w, parley.Reply(w.ctx(), app, token, own))
		a := next(w, got)
		require.NoError(w, a.Err)
		require.Equal(w, parley.Headers{"x-own": "1", "x-hop": "1"}, a.Message.Headers)
		require.Equal(w, parley.Headers{"x-own": "1"}, own.Headers, "the caller's own message stays as it is")
		s := next(w, all)
		require.Equal(w, w.at("receipts"), s.address)
		require.Empty(w, s.op.Address)
		require.False(w, s.waiting)
		require.NoError(w, s.err)

		require.NoError(w, parley.ReplyError(w.ctx(), app, token, parley.NewError(parley.CodeNotFound, "no")))
		require.Error(w, next(w, got).Err)
		require.Equal(w, string(parley.CodeNotFound), next(w, all).code)

		require.NoError(w, orders.Publish(w.ctx(), purchase{"o2"}, parley.ReplyTo(w.at("nobody"))))
		require.ErrorIs(w, parley.Reply(w.ctx(), app, next(w, tokens).token, receipt{"o2"}), parley.ErrNoRoute)
		require.ErrorIs(w, next(w, all).err, parley.ErrNoRoute)
		nothing(w, all)
	})
}
