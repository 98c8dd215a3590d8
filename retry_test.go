package parley_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

var errFlaky = errors.New("flaky")

// failing registers a handler that always fails with err and tells each run.
func failing(w *world, app *parley.App, err error, opts ...parley.SubscriberOption) <-chan *parley.Message {
	ran := make(chan *parley.Message, 100)
	app.Subscriber(w.at("work"), func(m *parley.Message) (string, error) {
		ran <- m
		return "", err
	}, opts...)
	return ran
}

func TestRetryRunsExactlyAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := failing(w, app, errFlaky, parley.Retry(
			parley.Immediate(3), parley.Delayed(10*time.Millisecond, 20*time.Millisecond, 30*time.Millisecond)))
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		require.NoError(w, work.Publish(w.ctx(), "x", parley.MessageID("m1"), parley.Header("x-tenant", "acme"), parley.CorrelationID("c1")))
		moved := next(w, failed)
		require.Len(w, ran, 16)
		require.EqualValues(w, 16, moved.Headers[parley.HeaderFailureAttempt])
		require.Equal(w, w.at("work"), moved.Headers[parley.HeaderFailureAddress])
		require.NotContains(w, moved.Headers, parley.HeaderRetry)
		for range 16 {
			m := next(w, ran)
			require.Equal(w, []string{"m1", "c1", "x", "acme"}, []string{m.ID, m.CorrelationID, string(m.Body), m.Header("x-tenant")}, "the message stays itself")
		}
		// It may come back before it is counted.
		require.Eventually(w, func() bool { return app.Stats().Retried == 3 }, patience, time.Millisecond)
		require.EqualValues(w, 1, app.Stats().Failed)
	})
}

func TestRetrySchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		var at []time.Duration
		begin := time.Now()
		app.Subscriber("work", func(string) error {
			at = append(at, time.Since(begin))
			return errFlaky
		}, parley.Retry(parley.Delayed(time.Second, time.Minute, time.Hour)))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, work.Publish(t.Context(), "x"))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, time.Second, time.Minute + time.Second, time.Hour + time.Minute + time.Second}, at)
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestRetryKeepsTheDestination(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		exchange := topology.Topic(w.at("orders"))
		got := make(chan string, 10)
		app.Subscriber("orders.{tenant}", func(in struct {
			Tenant string `path:"tenant"`
		},
		) error {
			got <- in.Tenant
			return errFlaky
		}, parley.From(exchange, topology.Queue(w.at("q"))), parley.Retry(parley.Delayed(time.Millisecond)))
		orders := app.Publisher("orders.{tenant}", parley.To(exchange))
		w.start(app)
		failed := w.collect(w.at("q.error"))
		require.NoError(w, orders.Publish(w.ctx(), 1, parley.Path("tenant", "acme")))
		moved := next(w, failed)
		require.Equal(w, []string{"acme", "acme"}, []string{next(w, got), next(w, got)})
		require.Equal(w, "orders.acme", moved.Headers[parley.HeaderFailureAddress])
		require.Equal(w, w.at("orders"), moved.Headers[parley.HeaderFailureExchange])
	})
}

func TestErrorsThatAreNotRetried(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) error {
			ran <- s
			switch s {
			case "permanent":
				return parley.Permanent(errFlaky)
			case "code":
				return parley.NewError(parley.CodeNotFound, "gone")
			default:
				panic("once more")
			}
		}, parley.Retry(parley.Immediate(1)))
		app.Subscriber(w.at("typed"), func(order) { ran <- "typed" }, parley.Retry(parley.Immediate(3), parley.Delayed(time.Millisecond)))
		work, typed := app.Publisher(w.at("work")), app.Publisher(w.at("typed"))
		w.start(app)
		failed, mistyped := w.collect(w.at("work.error")), w.collect(w.at("typed.error"))
		for body, runs := range map[string]int{"permanent": 1, "code": 1, "panic": 2} {
			require.NoError(w, work.Publish(w.ctx(), body))
			require.EqualValues(w, runs, next(w, failed).Headers[parley.HeaderFailureAttempt], body)
			require.Len(w, ran, runs, body)
			for range runs {
				next(w, ran)
			}
		}
		require.NoError(w, typed.Publish(w.ctx(), order{}))
		require.EqualValues(w, 0, next(w, mistyped).Headers[parley.HeaderFailureAttempt])
		require.NoError(w, parley.Permanent(nil))
		require.NoError(w, parley.RetryAfter(nil, time.Second))
	})
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		begin, runs := time.Now(), []time.Duration{}
		app.Subscriber("work", func(string) error {
			runs = append(runs, time.Since(begin))
			return parley.RetryAfter(errFlaky, 12345*time.Millisecond)
		}, parley.Retry(parley.Immediate(5), parley.Delayed(time.Second)))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, work.Publish(t.Context(), "x"))
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, []time.Duration{0, 13 * time.Second}, runs, "rounded up, in place of the immediate attempts")
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A caller that waits gets the answer of a later attempt, or the error once the
// last attempt that fits its deadline has failed.
func TestRetryAndTheCaller(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		runs := make(chan int, 10)
		n := 0
		app.Subscriber(w.at("third"), func(string) (string, error) {
			n++
			runs <- n
			if n < 3 {
				return "", errFlaky
			}
			return "at last", nil
		}, parley.Concurrency(1), parley.Retry(parley.Immediate(1), parley.Delayed(5*time.Millisecond)))
		ran := failing(w, app, errFlaky, parley.Retry(parley.Delayed(time.Hour)))
		third, work := app.Publisher(w.at("third")), app.Publisher(w.at("work"))
		w.start(app)
		got, err := parley.Request[string](w.ctx(), third, "x")
		require.NoError(w, err)
		require.Equal(w, "at last", got)
		require.Len(w, runs, 3)
		_, err = work.Request(w.ctx(), "x", parley.Timeout(20*time.Second))
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(err), "the delay does not fit: %v", err)
		require.Len(w, ran, 1)
	})
}

// Of a request that says when it expires and nothing else, the time goes on from
// attempt to attempt, and one that comes too late is not made.
func TestRetryAndTheExpirationOfARequest(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const limit = 10 * time.Minute
		app := w.app()
		left := make(chan time.Duration, 10)
		app.Subscriber(w.at("work"), func(ctx context.Context, m *parley.Message) error {
			deadline, ok := ctx.Deadline()
			require.True(w, ok, "no deadline")
			require.InDelta(w, time.Until(deadline), m.Expiration, float64(patience))
			left <- m.Expiration
			return errFlaky
		}, parley.Retry(parley.Delayed(5*time.Millisecond, 10*time.Millisecond, time.Hour)))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		peer, _ := w.client()
		answers := w.at("answers")
		w.collect(answers)
		w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ReplyTo: answers, Expiration: limit})
		m := next(w, failed)
		require.EqualValues(w, 3, m.Headers[parley.HeaderFailureAttempt])
		require.NotContains(w, m.Headers, parley.HeaderRetryExpiration)
		first, second, third := next(w, left), next(w, left), next(w, left)
		require.Equal(w, limit, first)
		require.Less(w, second, first)
		require.Less(w, third, second)
	})
}

// The count of attempts comes over the wire: a forged one is kept in bounds.
func TestForgedAttempts(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := failing(w, app, errFlaky, parley.Retry(parley.Delayed(time.Millisecond)))
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		for forged, runs := range map[any]int{int64(-1_000_000): 2, int64(1_000_000): 1, "many": 2} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), Headers: parley.Headers{
				parley.HeaderRetry: forged, parley.HeaderRetryRound: forged, "x-death": []any{map[string]any{"count": int64(99)}}, "x-delivery-count": int64(7),
			}})
			require.EqualValues(w, 2, next(w, failed).Headers[parley.HeaderFailureAttempt], "%v", forged)
			require.Len(w, ran, runs, "%v", forged)
			for range runs {
				next(w, ran)
			}
		}
	})
}

// Who may send to an exchange, perhaps under some keys only, cannot make a message
// look as if it had come under another one.
func TestForgedRetryAddress(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		type order struct {
			Tenant string `path:"tenant"`
		}
		app := w.app()
		x := topology.Topic(w.at("orders"), topology.AutoDelete())
		ran := make(chan string, 10)
		app.Subscriber("{tenant}.placed", func(o order) error { ran <- o.Tenant; return errFlaky },
			parley.From(x), parley.Retry(parley.Delayed(time.Millisecond)))
		w.start(app)
		peer, _ := w.client()
		c, err := peer.Publish(w.ctx(), &transport.Publication{Exchange: &x, Key: "mallory.placed", Mandatory: true, Message: &parley.Message{
			Headers: parley.Headers{
				parley.HeaderRetry: int64(1), parley.HeaderRetryRound: int64(1), parley.HeaderRetryAddress: "alice.placed", parley.HeaderRetryExchange: x.Name,
			},
		}})
		require.NoError(w, err)
		require.NoError(w, transport.Wait(w.ctx(), c))
		require.Equal(w, []string{"mallory", "mallory"}, []string{next(w, ran), next(w, ran)}, "and it is tried as often as any")
	})
}

func TestOnFailure(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		runs := make(chan bool, 100)
		fails := func(m *parley.Message) error {
			runs <- m.Redelivered
			return errFlaky
		}
		app.Subscriber(w.at("dead"), fails, parley.OnFailure(parley.DeadLetter), parley.From(topology.DeadLetter("", w.at("graveyard"))))
		app.Subscriber(w.at("discard"), fails, parley.OnFailure(parley.Discard))
		app.Subscriber(w.at("requeue"), func(m *parley.Message) error {
			runs <- m.Redelivered
			if m.Redelivered {
				return nil
			}
			return errFlaky
		}, parley.OnFailure(parley.Requeue))
		dead, discard, requeue := app.Publisher(w.at("dead")), app.Publisher(w.at("discard")), app.Publisher(w.at("requeue"))
		w.start(app)
		graveyard := w.collect(w.at("graveyard"))
		errorQueues := []<-chan *parley.Message{w.collect(w.at("dead.error")), w.collect(w.at("discard.error")), w.collect(w.at("requeue.error"))}

		require.NoError(w, dead.Publish(w.ctx(), "x"))
		require.Equal(w, "x", string(next(w, graveyard).Body))
		require.NoError(w, discard.Publish(w.ctx(), "x"))
		require.NoError(w, requeue.Publish(w.ctx(), "x"))
		redelivered := 0
		for range 4 {
			if next(w, runs) {
				redelivered++
			}
		}
		require.Equal(w, 1, redelivered)
		require.Eventually(w, func() bool { return app.Stats().Handled == 1 && app.Stats().Failed == 3 }, patience, time.Millisecond)
		for _, q := range errorQueues {
			nothing(w, q)
		}
	})
}

// A message that was delivered as often as its quorum queue allows is moved
// before it runs once more: behind the limit the broker would drop it.
func TestDeliveryLimit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ran := failing(w, app, errFlaky, parley.OnFailure(parley.Requeue), parley.From(topology.Quorum(), topology.DeliveryLimit(1)))
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"), topology.Argument(topology.ArgQueueType, topology.TypeQuorum))
		require.NoError(w, work.Publish(w.ctx(), "x"))
		require.Equal(w, "x", string(next(w, failed).Body))
		require.Len(w, ran, 1)
	})
}
