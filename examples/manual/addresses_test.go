package manual_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// Placed is an event.
type Placed struct {
	Tenant  string `json:"tenant"`
	OrderID string `json:"order_id"`
}

func TestEventsOverAnExchange(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	ctx := t.Context()
	mailed, audited := make(chan Placed, 1), make(chan string, 2)

	mail := parley.New(broker, parley.Info("mail", "1.0.0"))
	mail.Subscriber("orders.{tenant}.placed", func(_ context.Context, p Placed) error {
		mailed <- p
		return nil
	}, parley.From(topology.Topic("orders")))

	audit := parley.New(broker, parley.Info("audit", "1.0.0"), quiet)
	audit.Subscriber("orders.{rest...}", func(in struct {
		Rest string `path:"rest"`
	},
	) {
		audited <- in.Rest
	}, parley.From(topology.Topic("orders"), topology.Queue("audit")))

	shop := parley.New(broker, parley.Info("shop", "1.0.0"), quiet)
	placed := shop.Publisher("orders.{tenant}.placed", parley.To(topology.Topic("orders")))
	for _, app := range []*parley.App{mail, audit, shop} {
		start(t, app)
	}

	err := placed.Publish(ctx, Placed{"acme", "o1"}, parley.Path("tenant", "acme"))
	require.NoError(t, err)
	require.Equal(t, Placed{"acme", "o1"}, <-mailed)
	require.Equal(t, "acme.placed", <-audited)
	require.Equal(t, []string{"audit", "audit.error", "mail.orders.orders.*.placed", "mail.orders.orders.*.placed.error"}, broker.Queues())

	require.ErrorIs(t, placed.Publish(ctx, Placed{}), parley.ErrNotSent)
	require.ErrorIs(t, placed.Publish(ctx, Placed{}, parley.Path("tenant", "a.b")), parley.ErrNotSent)
}

func TestBroadcast(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	heard := make(chan string, 2)
	for range 2 {
		app := parley.New(broker, parley.Info("cache", "1.0.0"), quiet)
		app.Subscriber("prices.changed", func(_ context.Context, sku string) error {
			heard <- sku
			return nil
		}, parley.From(topology.Fanout("prices")), parley.Broadcast())
		start(t, app)
	}
	app := parley.New(broker, quiet)
	changed := app.Publisher("prices.changed", parley.To(topology.Fanout("prices")))
	start(t, app)
	require.NoError(t, changed.Publish(t.Context(), "tea"))
	require.Equal(t, "tea", <-heard)
	require.Equal(t, "tea", <-heard)
}

func TestTopologyOfASubscriber(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	app.Subscriber("orders.place", PlaceOrder,
		parley.From(topology.Quorum(), topology.DeliveryLimit(5)))
	app.Subscriber("jobs", PlaceOrder,
		parley.From(topology.MaxLength(10_000), topology.Overflow(topology.RejectPublish), topology.MessageTTL(time.Hour)))
	app.Subscriber("refunds", PlaceOrder, parley.From(
		topology.Headers("orders"), topology.BindHeaders("all", topology.Arguments{"kind": "refund"})))
	app.Subscriber("both", PlaceOrder, parley.From(
		topology.Direct("kinds"), topology.Queue("both"), topology.Bind("new"), topology.Bind("changed")))
	require.NoError(t, app.Err())

	app.Subscriber("legacy.orders", PlaceOrder, parley.From(topology.Durable(false)))
	start(t, app)
	require.Contains(t, broker.Queues(), "both")
	arguments := app.Operations()[0].Subscription.Queue.Arguments
	require.Equal(t, topology.Arguments{
		"x-queue-type": "quorum", "x-delivery-limit": int64(5),
		"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "orders.place.error",
	}, arguments)
}

func TestPassive(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	app.Subscriber("orders.place", PlaceOrder, parley.From(topology.Passive()))
	require.Error(t, app.Start(t.Context()), "neither queue is there")
	require.Empty(t, broker.Queues())
}

func TestRouterAddresses(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	orders := parley.NewRouter("orders", parley.Concurrency(8))
	orders.Subscriber("place", PlaceOrder)
	place := orders.Publisher("place")
	v1 := parley.NewRouter("v1")
	v1.Include(orders)
	app.Include(v1)
	start(t, app)
	receipt, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, "o1", receipt.OrderID)
	require.Contains(t, broker.Queues(), "v1.orders.place")
}
