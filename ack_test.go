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

func TestManual(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		redelivered, after := make(chan bool, 10), make(chan error, 10)
		release := make(chan struct{})
		app.Subscriber(w.at("work"), func(_ context.Context, m *parley.Message, d *parley.Delivery) (string, error) {
			redelivered <- m.Redelivered
			switch string(m.Body) {
			case "ack":
				err := d.Ack()
				<-release
				after <- errors.Join(err, wants(d.Requeue(), parley.ErrSettled))
			case "requeue":
				if m.Redelivered {
					return "", d.Ack()
				}
				return "", d.Requeue()
			case "reject":
				return "", d.Reject()
			case "settled, then failed":
				return "", errors.Join(d.Ack(), errFlaky)
			case "fail":
				return "", errFlaky
			}
			return "answer", nil
		}, parley.Manual(), parley.From(topology.DeadLetter("", w.at("dead"))))
		work := app.Publisher(w.at("work"))
		w.start(app)
		dead, failed := w.collect(w.at("dead")), w.collect(w.at("work.error"))
		send := func(body string) { require.NoError(w, work.Publish(w.ctx(), body)) }

		send("ack")
		require.False(w, next(w, redelivered))
		close(release)
		require.NoError(w, next(w, after), "once settled, the handler may go on")
		send("requeue")
		require.Equal(w, []bool{false, true}, []bool{next(w, redelivered), next(w, redelivered)})
		send("reject")
		require.Equal(w, "reject", string(next(w, dead).Body))
		send("fail")
		require.Equal(w, "unknown", next(w, failed).Headers[parley.HeaderFailureCode], "an unsettled failure ends as any other")
		send("forgotten")
		require.Equal(w, "not_settled", next(w, failed).Headers[parley.HeaderFailureReason])
		require.Contains(w, w.log.String(), "without settling")
		_, err := work.Request(w.ctx(), "settled, then failed")
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(err), "the caller is told")
		nothing(w, failed)
		nothing(w, dead)
	})
}

// wants returns nil when err is want.
func wants(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return errors.New("another error")
}

func TestManualAndDeliveryBelongTogether(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, declared(t, func(app *parley.App) {
		app.Subscriber("a", func(string, *parley.Delivery) {})
	}), "parley.Manual()")
	require.ErrorContains(t, declared(t, func(app *parley.App) {
		app.Subscriber("a", fine, parley.Manual())
	}), "*parley.Delivery")
	for name, opts := range map[string][]parley.SubscriberOption{
		"both":           {parley.Manual(), parley.AckFirst()},
		"AckFirst":       {parley.AckFirst(), parley.OnFailure(parley.Requeue)},
		"Immediate":      {parley.Retry(parley.Immediate(-1))},
		"Delayed":        {parley.Retry(parley.Delayed(0))},
		"7 days":         {parley.Retry(parley.Delayed(8 * 24 * time.Hour))},
		"a stream":       {parley.Retry(parley.Delayed(time.Second)), parley.From(topology.Stream("first"))},
		"broker names":   {parley.Retry(parley.Delayed(time.Second)), parley.From(topology.Fanout("f")), parley.Broadcast()},
		"one of the con": {parley.OnFailure(9)},
	} {
		require.ErrorContains(t, declared(t, func(app *parley.App) { app.Subscriber("a", fine, opts...) }, parley.Info("app", "")), name)
	}
}

// At most once: the message is gone when the handler runs, and Stop still waits
// for the handler.
func TestAckFirst(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		running, release, handled := make(chan struct{}, 10), make(chan struct{}), make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) (string, error) {
			running <- struct{}{}
			<-release
			handled <- s
			if s == "fail" {
				return "", errFlaky
			}
			return s, nil
		}, parley.AckFirst(), parley.Concurrency(1), parley.Prefetch(1), parley.Retry(parley.Immediate(1)))
		work := app.Publisher(w.at("work"))
		require.NoError(w, app.Start(w.ctx()))
		failed := w.collect(w.at("work.error"))
		call := parley.Go[string](w.ctx(), work, "a")
		next(w, running)

		// A second instance gets the next message although the first one still
		// works: its own is acknowledged already.
		stopped := make(chan error, 1)
		go func() { stopped <- app.Stop(w.ctx()) }()
		require.Never(w, func() bool { return len(stopped) > 0 }, 50*time.Millisecond, 5*time.Millisecond)
		close(release)
		require.NoError(w, next(w, stopped))
		require.Equal(w, "a", next(w, handled))
		_, err := call.Wait(w.ctx())
		if err != nil {
			require.ErrorIs(w, err, parley.ErrStopped)
		}

		require.NoError(w, app.Start(w.ctx()))
		defer func() { require.NoError(w, app.Stop(w.ctx())) }()
		require.NoError(w, work.Publish(w.ctx(), "fail"))
		require.EqualValues(w, 2, next(w, failed).Headers[parley.HeaderFailureAttempt], "retries and the error queue work as ever")
	})
}
