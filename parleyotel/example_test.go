package parleyotel_test

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport/memory"
)

func ExampleInstrument() {
	spans := tracetest.NewInMemoryExporter()
	app := parley.New(memory.New(), parley.Info("orders", "1.4.0"), parley.Logger(slog.New(slog.DiscardHandler)))
	err := parleyotel.Instrument(app,
		parleyotel.TracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))),
		parleyotel.Propagator(propagation.TraceContext{}))
	if err != nil {
		fmt.Println(err)
		return
	}
	app.Subscriber("orders.place", func(_ context.Context, order string) string { return "receipt of " + order })
	place := app.Publisher("orders.place")
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		fmt.Println(err)
		return
	}
	receipt, err := parley.Request[string](ctx, place, "tea")
	fmt.Println(receipt, err)
	if err := app.Stop(ctx); err != nil {
		fmt.Println(err)
		return
	}
	handled, asked := spans.GetSpans()[0], spans.GetSpans()[1]
	fmt.Println(asked.SpanKind, asked.Name)
	fmt.Println(handled.SpanKind, handled.Name, handled.Parent.SpanID() == asked.SpanContext.SpanID())
	// Output:
	// receipt of tea <nil>
	// client request orders.place
	// server process orders.place true
}
