package manual_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"

	amqp "github.com/rabbitmq/amqp091-go"
)

func TestShop(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	app := parley.New(broker, parley.Info("shop", "1.0.0"))
	app.Subscriber("orders.place", PlaceOrder)
	place := app.Publisher("orders.place")
	require.NoError(t, app.Start(t.Context()))
	defer func() { require.NoError(t, app.Stop(context.Background())) }()

	receipt, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Items: 2}, receipt)
}

func TestADayLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		app.Subscriber("bake", func(context.Context, string) string {
			time.Sleep(24 * time.Hour)
			return "done"
		})
		bake := app.Publisher("bake")
		require.NoError(t, app.Start(t.Context()))

		begin := time.Now()
		answer, err := parley.Request[string](t.Context(), bake, "cake", parley.NoTimeout())
		require.NoError(t, err)
		require.Equal(t, "done", answer)
		require.Equal(t, 24*time.Hour, time.Since(begin))
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestFaults(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		app.Subscriber("orders.place", PlaceOrder)
		place := app.Publisher("orders.place")
		require.NoError(t, app.Start(t.Context()))

		broker.Disconnect()
		_, err := parley.Request[Receipt](t.Context(), place, order)
		require.NoError(t, err, "consumes again")

		broker.Block()
		_, err = place.Request(t.Context(), order, parley.Timeout(time.Second))
		require.ErrorIs(t, err, parley.ErrBlocked)
		broker.Unblock()

		require.NoError(t, place.Publish(t.Context(), "no order"))
		synctest.Wait()
		require.Equal(t, 1, broker.Depth("orders.place.error"))
		failed, _ := broker.Take("orders.place.error")
		require.Equal(t, "invalid_argument", failed.Header(parley.HeaderFailureCode))
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestNative(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Natives(rabbitmq.NativeMessages()))
	app.Subscriber("photo", func(context.Context, string) amqp.Publishing {
		return amqp.Publishing{Body: []byte{1, 2, 3}, ContentType: "image/png"}
	})
	photo := app.Publisher("photo")
	start(t, app)
	m, err := photo.Request(t.Context(), "tea")
	require.NoError(t, err)
	require.Equal(t, "image/png", m.ContentType)
}

func TestReplyQueue(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	shop := parley.New(broker)
	shop.Subscriber("orders.place", PlaceOrder)
	client := parley.New(broker.With(memory.ReplyQueue("till-1.replies")))
	place := client.Publisher("orders.place")
	start(t, shop)
	start(t, client)

	receipt, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Items: 2}, receipt)
	require.Contains(t, broker.Queues(), "till-1.replies")
}
