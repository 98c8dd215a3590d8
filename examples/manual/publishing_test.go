package manual_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	ctx := t.Context()
	received := make(chan *parley.Message, 1)
	app.Subscriber("orders.place", func(m *parley.Message) { received <- m })
	orders := app.Publisher("orders.place", parley.Payload[Order](), parley.Type("order"))
	nowhere := app.Publisher("nowhere")
	events := app.Publisher("orders.placed", parley.To(topology.Topic("orders")))
	start(t, app)

	err := orders.Publish(ctx, order,
		parley.MessageID("order-o1"), parley.Header("x-user", "ann"), parley.Expiration(time.Minute))
	require.NoError(t, err)
	m := <-received
	require.Equal(t, "order-o1", m.ID)
	require.Equal(t, "order", m.Type)
	require.Equal(t, "ann", m.Header("x-user"))

	require.ErrorIs(t, nowhere.Publish(ctx, "x"), parley.ErrNoRoute)
	require.NoError(t, events.Publish(ctx, "x"), "nobody has to listen to an event")
	require.ErrorIs(t, events.Publish(ctx, "x", parley.Mandatory()), parley.ErrNoRoute)
	require.ErrorIs(t, orders.Publish(ctx, "no order"), parley.ErrNotSent)
	broker.RefuseNext(1)
	require.ErrorIs(t, orders.Publish(ctx, order), parley.ErrRefused)
}

func TestPublishBatch(t *testing.T) {
	t.Parallel()
	app, broker := newApp()
	ctx := t.Context()
	handled := make(chan struct{}, 100)
	app.Subscriber("orders.place", func(_ context.Context, _ Order) error {
		handled <- struct{}{}
		return nil
	})
	orders := app.Publisher("orders.place")
	start(t, app)

	waiting := slices.Repeat([]Order{order}, 100)
	err := parley.PublishBatch(ctx, orders, slices.Values(waiting), parley.Window(64))
	require.NoError(t, err)
	for range 100 {
		<-handled
	}

	broker.RefuseNext(1)
	err = parley.PublishBatch(ctx, orders, slices.Values(waiting))
	if batch, ok := errors.AsType[*parley.BatchError](err); ok {
		for _, failure := range batch.Failures {
			fmt.Println("to be sent again:", failure.Index)
		}
	}
	require.ErrorIs(t, err, parley.ErrRefused)
}

func TestPublishTo(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	events := make(chan Receipt, 1)
	app.Subscriber("orders.place", PlaceOrder,
		parley.PublishTo("orders.placed", parley.To(topology.Topic("orders"))))
	app.Subscriber("orders.placed", func(_ context.Context, r Receipt) error {
		events <- r
		return nil
	}, parley.From(topology.Topic("orders")))
	place := app.Publisher("orders.place")
	start(t, app)
	require.NoError(t, place.Publish(t.Context(), order))
	require.Equal(t, Receipt{"o1", 2}, <-events)
}
