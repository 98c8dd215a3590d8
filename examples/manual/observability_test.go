package manual_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
)

func TestPublicService(t *testing.T) {
	t.Parallel()
	app, _ := newApp()
	err := parleyotel.Instrument(app, parleyotel.PublicEndpoint())
	require.NoError(t, err)
	log := slog.New(slog.DiscardHandler)
	app.Subscriber("orders.place", func(ctx context.Context, o Order) (Receipt, error) {
		span := trace.SpanContextFromContext(ctx)
		log.InfoContext(ctx, "placing", "trace_id", span.TraceID(), "span_id", span.SpanID())
		return PlaceOrder(ctx, o)
	})
	place := app.Publisher("orders.place")
	start(t, app)
	r, err := parley.Request[Receipt](t.Context(), place, order)
	require.NoError(t, err)
	require.Equal(t, Receipt{OrderID: "o1", Items: 2}, r)
}
