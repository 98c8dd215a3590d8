package manual_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// newShop is the constructor of a service: main calls it with RabbitMQ.
func newShop(t transport.Transport) *parley.App {
	app := parley.New(t, parley.Info("shop", "1.0.0"), quiet)
	app.Subscriber("orders.place", PlaceOrder, parley.PublishTo("receipts"))
	return app
}

var production = rabbitmq.New("amqp://shop@broker.example/")

func TestPlaceOrder(t *testing.T) {
	ts := parleytest.Start(t, newShop(production))
	ts.Queue("receipts")

	receipt, err := parleytest.Request[Receipt](ts, "orders.place", order)
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Items: 2}, receipt)
	ts.Subscriber("orders.place").CalledWith(order).Returned(receipt).Settled(parleytest.Ack)
	require.Equal(t, []Receipt{receipt}, parleytest.Published[Receipt](ts, "receipts"))
}

func TestOutOfStock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(production, quiet)
		app.Subscriber("stock.reserve",
			func(context.Context, Item) error { return errors.New("the store is closed") },
			parley.Retry(parley.Delayed(time.Minute, time.Hour)))
		ts := parleytest.Start(t, app)

		begin := time.Now()
		ts.Publish("stock.reserve", Item{SKU: "tea", Qty: 2})
		ts.Subscriber("stock.reserve").
			CalledWith(Item{SKU: "tea", Qty: 2}).
			Failed(parley.CodeUnknown).
			Settled(parleytest.Retried).
			Settled(parleytest.ErrorQueue).
			Attempts(3)
		require.Equal(t, time.Hour+time.Minute, time.Since(begin))
		require.Len(t, ts.ErrorQueue("stock.reserve"), 1)
	})
}

func TestWaiting(t *testing.T) {
	ts := parleytest.Start(t, newShop(production))
	ts.Queue("receipts")

	for range 10 {
		ts.Publish("orders.place", order)
	}
	ts.Wait()
	require.Len(t, parleytest.Published[Receipt](ts, "receipts"), 10)
}

func TestOneMessage(t *testing.T) {
	ts := parleytest.Start(t, newShop(production))
	ts.Queue("receipts")

	first := ts.Publish("orders.place", order, parley.Header("x-tenant", "blue"))
	second := ts.Publish("orders.place", Order{ID: "o2"})
	placed := ts.Subscriber("orders.place")
	placed.Of(first).WithHeader("x-tenant", "blue").Handled()
	placed.Of(second).Failed(parley.CodeInvalidArgument).Attempts(0)
	t.Log(second.History())
}

func TestOtherClients(t *testing.T) {
	ts := parleytest.Start(t, newShop(production))
	ts.Queue("receipts")

	body := []byte(`{"id":"o1","items":[{"sku":"tea","qty":2}]}`)
	reply, ok := ts.RawRequest("orders.place", &parley.Message{Body: body})
	require.True(t, ok)
	require.JSONEq(t, `{"order_id":"o1","items":2}`, string(reply.Body))

	_, ok = ts.RawRequest("orders.place", &parley.Message{Body: []byte("no order")})
	require.False(t, ok, "a client that is not parley's is told of no error")

	gone := ts.Vanished("orders.place", order)
	ts.Subscriber("orders.place").Of(gone).Handled().Settled(parleytest.Ack)

	again := ts.Redeliver(gone)
	ts.Subscriber("orders.place").Of(again).Handled()
}

// Checkout asks the payment service for the money.
type Checkout struct{ charge *parley.Publisher }

// Charge is what it asks for, Paid the answer.
type (
	Charge struct{ Cents int }
	Paid   struct{ Reference string }
)

// Pay charges an amount.
func (c *Checkout) Pay(ctx context.Context, cents int) (string, error) {
	paid, err := parley.Request[Paid](ctx, c.charge, Charge{cents})
	return paid.Reference, err
}

func newCheckout(t transport.Transport) *parley.App {
	app := parley.New(t, quiet)
	checkout := &Checkout{charge: app.Publisher("payments.charge")}
	app.Subscriber("pay", checkout.Pay)
	return app
}

func TestPay(t *testing.T) {
	ts := parleytest.Start(t, newCheckout(production))
	payments := ts.Stub("payments.charge", func(Charge) (Paid, error) { return Paid{"p1"}, nil })

	reference, err := parleytest.Request[string](ts, "pay", 250)
	require.NoError(t, err)
	require.Equal(t, "p1", reference)
	payments.CalledWith(Charge{250}).Times(1)
	require.Equal(t, []Charge{{250}}, parleytest.Calls[Charge](payments))
}

func TestBrokerMisbehaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := parleytest.Start(t, newShop(production))
		ts.Queue("receipts")

		ts.Broker().NoRouteNext(1)
		m := ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Of(m).Handled().Settled(parleytest.ErrorQueue)

		ts.Broker().Disconnect()
		ts.Broker().Block()
		m = ts.Publish("orders.place", order)
		time.Sleep(time.Hour) // virtual
		ts.Broker().Unblock()
		ts.Subscriber("orders.place").Of(m).Handled().Settled(parleytest.Ack)
	})
}

func TestCaptured(t *testing.T) {
	var captured bytes.Buffer
	ts := parleytest.Start(t, newShop(production))
	ts.Queue("receipts")
	ts.Record(&captured)
	ts.Publish("orders.place", order)
	ts.Wait()

	next := parleytest.Start(t, newShop(production))
	next.Queue("receipts")
	next.Replay(&captured)
	next.Subscriber("orders.place").CalledWith(order).Handled()
}
