package parleytest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

// Charge and Paid are what the payment service takes and answers.
type Charge struct{ Cents int }

// Paid is its answer.
type Paid struct{ Ref string }

// paying is an app that calls a remote service.
func paying() *parley.App {
	app := newApp()
	charge := app.Publisher("payments.charge")
	app.Subscriber("orders.place", func(ctx context.Context, o Order) (Receipt, error) {
		paid, err := parley.Request[Paid](ctx, charge, Charge{100 * o.Qty}, parley.Timeout(10*time.Second))
		return Receipt{OrderID: paid.Ref, Cents: 100 * o.Qty}, err
	})
	return app
}

func TestStub(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		ts := parleytest.Start(t, paying(), on)
		payments := ts.Stub("payments.charge", func(c Charge) (Paid, error) {
			if c.Cents > 1000 {
				return Paid{}, parley.NewError(parley.CodeFailedPrecondition, "no credit")
			}
			return Paid{"p1"}, nil
		})
		receipt, err := parleytest.Request[Receipt](ts, "orders.place", order)
		require.NoError(t, err)
		require.Equal(t, Receipt{"p1", 200}, receipt)
		payments.CalledWith(Charge{200}).Returned(Paid{"p1"})

		_, err = parleytest.Request[Receipt](ts, "orders.place", Order{ID: "o2", Qty: 20})
		require.Error(t, err)
		payments.CalledWith(Charge{2000}).Failed(parley.CodeFailedPrecondition)
		require.Equal(t, []Charge{{200}, {2000}}, parleytest.Calls[Charge](payments))
		require.Equal(t, []Charge{{200}, {2000}}, parleytest.Published[Charge](ts, "payments.charge"))
		payments.Times(2)
	})
}

func TestStubBeforeStart(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		var app *parley.App
		var prices *parley.Publisher
		app = newApp(parley.OnStarted(func(ctx context.Context) error {
			_, err := parley.Request[int](ctx, prices, "tea")
			return err
		}))
		prices = app.Publisher("prices.get")
		ts := parleytest.Start(t, app, on, parleytest.WithStub("prices.get", func(string) int { return 7 }))
		ts.Subscriber("prices.get").CalledWith("tea").Returned(7)
	})
}

// The broker misbehaves towards the app, and the app behaves.
func TestBrokerRefuses(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place, parley.PublishTo("receipts"))
		out := app.Publisher("receipts")
		ts := parleytest.Start(t, app, on)
		ts.Queue("receipts")
		ts.Broker().NoRouteNext(1)
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled().Settled(parleytest.ErrorQueue).Times(1)
		require.Equal(t, "publish_unroutable", ts.ErrorQueue("orders.place")[0].Reason)

		ts.Broker().RefuseNext(1)
		require.ErrorIs(t, out.Publish(t.Context(), "x"), parley.ErrRefused)
		ts.Broker().NoRouteNext(1)
		_, err := out.Request(t.Context(), "x")
		require.ErrorIs(t, err, parley.ErrNoRoute)
		require.NoError(t, out.Publish(t.Context(), "y"))
		require.Equal(t, []string{"y"}, parleytest.Published[string](ts, "receipts"))

		ts.Broker().RefuseNext(1)
		ts.Publish("orders.place", Order{ID: "o2"})
		ts.Subscriber("orders.place").CalledWith(Order{ID: "o2"}).Settled(parleytest.Return).Settled(parleytest.Ack)
	})
}

func TestBrokerBlocksAndIsSlow(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place)
		out := app.Publisher("orders.place")
		ts := parleytest.Start(t, app, on)
		ts.Broker().Block()
		var err error
		// One that is over before anything is sent says nothing of the broker.
		for limit := 10 * time.Millisecond; limit < time.Minute && !errors.Is(err, parley.ErrBlocked); limit *= 2 {
			_, err = out.Request(t.Context(), order, parley.Timeout(limit))
		}
		require.ErrorIs(t, err, parley.ErrBlocked)
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled()
		ts.Broker().Unblock()

		ts.Broker().Slow(20 * time.Millisecond)
		begin := time.Now()
		require.NoError(t, out.Publish(t.Context(), order))
		require.GreaterOrEqual(t, time.Since(begin), 20*time.Millisecond)
		ts.Broker().Slow(0)
		ts.Wait()
	})
}

func TestBrokerDisconnects(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place)
		if skipWithoutProxy(t, on) {
			return
		}
		ts := parleytest.Start(t, app, on)
		for range 3 {
			ts.Broker().Disconnect()
			_, err := parleytest.Request[Receipt](ts, "orders.place", order)
			require.NoError(t, err)
		}
		require.Equal(t, 3, app.Health().Connections[0].Reconnects)
	})
}

func skipWithoutProxy(t *testing.T, on parleytest.Option) bool {
	t.Helper()
	if on.String() == "parleytest.On(memory)" {
		return false
	}
	text := failure(t, func(tb *recordedTB) { parleytest.Start(tb, newApp(), on).Broker().Disconnect() })
	require.Contains(t, text, "cannot disconnect from rabbitmq")
	return true
}
