package parleytest_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport/topology"
)

// What becomes of a failed message is told as it is.
func TestEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		fail := func(string) error { return errDown }
		runs := 0
		app := newApp()
		app.Subscriber("dead", fail, parley.OnFailure(parley.DeadLetter), parley.From(topology.Quorum()))
		app.Subscriber("discard", fail, parley.OnFailure(parley.Discard))
		app.Subscriber("again", func(string) error {
			if runs++; runs < 2 {
				return errDown
			}
			return nil
		}, parley.OnFailure(parley.Requeue), parley.Concurrency(1))
		app.Subscriber("first", fail, parley.AckFirst(), parley.OnFailure(parley.Discard))
		app.Subscriber("small", fail, parley.MaxBody(2))
		ts := parleytest.Start(t, app, on)
		for _, address := range []string{"dead", "discard", "again", "first", "small"} {
			ts.Publish(address, "text")
		}
		ts.Wait()
		ts.Subscriber("dead").Failed(parley.CodeUnavailable).Settled(parleytest.Reject)
		failed := ts.ErrorQueue("dead")
		require.Len(t, failed, 1)
		require.Equal(t, "rejected", failed[0].Reason)
		require.Equal(t, "dead", failed[0].Address, "the app's own name")
		ts.Subscriber("discard").Failed(parley.CodeUnavailable).Settled(parleytest.Ack)
		ts.Subscriber("again").Settled(parleytest.Requeue).Handled().Settled(parleytest.Ack).Times(1)
		ts.Subscriber("first").Failed(parley.CodeUnavailable).Settled(parleytest.Ack).Attempts(1)
		ts.Subscriber("small").Failed(parley.CodeInvalidArgument).Settled(parleytest.ErrorQueue).Attempts(0)
	})
}

func TestManual(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("manual", func(s string, d *parley.Delivery) error {
			switch s {
			case "ack":
				return d.Ack()
			case "reject":
				return d.Reject()
			case "early":
				return errors.Join(d.Ack(), errDown)
			default:
				return nil
			}
		}, parley.Manual())
		ts := parleytest.Start(t, app, on)
		for _, s := range []string{"ack", "reject", "early", "neither"} {
			ts.Publish("manual", s)
		}
		s := ts.Subscriber("manual")
		s.CalledWith("ack").Handled().Settled(parleytest.Ack)
		s.CalledWith("reject").Settled(parleytest.Reject)
		s.CalledWith("early").Failed(parley.CodeUnavailable).Settled(parleytest.Ack)
		s.CalledWith("neither").Settled(parleytest.ErrorQueue)
	})
}

// A paused subscriber is waited for; in a bubble the pause takes no time.
func TestKillSwitch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := true
		app := newApp()
		app.Subscriber("orders.place", func(Order) error {
			if down {
				return errDown
			}
			return nil
		}, parley.KillSwitch(parley.KillSwitchOptions{Window: 2, Pause: time.Hour}), parley.Concurrency(1))
		ts := parleytest.Start(t, app)
		ts.Publish("orders.place", Order{ID: "1"})
		ts.Publish("orders.place", Order{ID: "2"})
		ts.Subscriber("orders.place").CalledWith(Order{ID: "2"}).Failed(parley.CodeUnavailable)
		down = false
		ts.Publish("orders.place", Order{ID: "3"})
		begin := time.Now()
		ts.Subscriber("orders.place").CalledWith(Order{ID: "3"}).Handled()
		require.Greater(t, time.Since(begin), 59*time.Minute)
		ts.Wait()
	})
}

// Routers, several apps, and every instance of a broadcast.
func TestRoutersAndSeveralApps(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		events := topology.Fanout("events")
		instance := func() *parley.App {
			app := newApp()
			app.Subscriber("changed", func(string) {}, parley.From(events), parley.Broadcast())
			return app
		}
		app := instance()
		router := parley.NewRouter("shop")
		router.Subscriber("orders", place)
		app.Include(router)
		ts := parleytest.Start(t, app, on).Run(instance())
		ts.Publish("shop.orders", order)
		ts.Subscriber("shop.orders").CalledWith(order).Handled()
		ts.Publish("changed", "prices", parley.To(events))
		ts.Subscriber("changed").CalledWith("prices").Times(2)
	})
}

// A subtest reports its own failures.
func TestWith(t *testing.T) {
	t.Parallel()
	app := newApp()
	app.Subscriber("orders.place", place)
	ts := parleytest.Start(t, app)
	t.Run("one", func(t *testing.T) {
		ts := ts.With(t)
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled()
	})
	text := failure(t, func(tb *recordedTB) { ts.With(tb).Subscriber("orders.place").Times(5) })
	require.Contains(t, text, "expected: 5 messages")
}

// A subscriber that was stopped is not waited for.
func TestStoppedSubscriber(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		s := app.Subscriber("orders.place", place)
		ts := parleytest.Start(t, app, on)
		require.NoError(t, s.Stop(t.Context()))
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Times(0)
	})
}
