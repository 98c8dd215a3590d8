package main

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/asyncapi"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// The tests run in memory. All but those in a bubble run on a RabbitMQ too:
//
//	PARLEY_TEST_URL=amqp://guest:guest@localhost:5672/ go test ./examples/testing

var order = Order{ID: "o1", Cents: 250}

// start runs the app of production, with its own wiring, for one test.
func start(t *testing.T) *parleytest.Service {
	t.Helper()
	app := NewApp(rabbitmq.New("amqp://unused/"), parley.Logger(slog.New(slog.DiscardHandler)))
	asyncapi.Watch(t, app) // what it sends fits its document
	ts := parleytest.Start(t, app)
	ts.Queue("receipts")
	return ts
}

func TestCustomerGetsReceipt(t *testing.T) {
	t.Parallel()
	ts := start(t)
	payments := ts.Stub("payments.charge", func(Charge) (Paid, error) { return Paid{"p1"}, nil })

	receipt, err := parleytest.Request[Receipt](ts, "orders.place", order)
	require.NoError(t, err)
	require.Equal(t, Receipt{"o1", "p1"}, receipt)
	payments.CalledWith(Charge{"o1", 250}).Times(1)
	require.Equal(t, []Receipt{receipt}, parleytest.Published[Receipt](ts, "receipts"))
}

func TestNoCredit(t *testing.T) {
	t.Parallel()
	ts := start(t)
	ts.Stub("payments.charge", func(Charge) (Paid, error) {
		return Paid{}, parley.NewError(parley.CodeFailedPrecondition, "no credit")
	})
	ts.Publish("orders.place", order)
	ts.Subscriber("orders.place").CalledWith(order).Settled(parleytest.ErrorQueue)
	require.Empty(t, parleytest.Published[Receipt](ts, "receipts"))
}

func TestNobodyTakesReceipts(t *testing.T) {
	t.Parallel()
	ts := start(t)
	ts.Stub("payments.charge", func(Charge) Paid {
		// The next that the service sends is the receipt.
		ts.Broker().NoRouteNext(1)
		return Paid{"p1"}
	})
	ts.Publish("orders.place", order)
	ts.Subscriber("orders.place").Handled().Settled(parleytest.Retried)
}

// In a bubble an outage of half an hour takes no time.
func TestPaymentsAreDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ts := start(t)
		begin := time.Now()
		ts.Stub("payments.charge", func(Charge) (Paid, error) {
			if time.Since(begin) < 30*time.Minute {
				return Paid{}, parley.NewError(parley.CodeUnavailable, "closed for half an hour")
			}
			return Paid{"p1"}, nil
		})
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled().Settled(parleytest.Ack).Attempts(3)
		require.Equal(t, time.Hour+time.Minute, time.Since(begin))
	})
}
