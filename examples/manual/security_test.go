package manual_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestAllowReplyTo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker, quiet)
		app.Subscriber("orders.place", PlaceOrder,
			parley.AllowReplyTo("till-*.answers"), parley.MaxBody(64<<10))
		app.Subscriber("bank.transfer", func(context.Context, string) error { return nil })
		place := app.Publisher("orders.place")
		require.NoError(t, app.Start(t.Context()))

		require.NoError(t, place.Publish(t.Context(), order, parley.ReplyTo("bank.transfer")))
		synctest.Wait()
		require.Equal(t, uint64(1), app.Stats().RefusedReplyTo)
		failed, ok := broker.Take("orders.place.error")
		require.True(t, ok)
		require.Equal(t, "permission_denied", failed.Header(parley.HeaderFailureCode))
		require.NoError(t, app.Stop(context.Background()))
	})
}
