package parleyotel_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/metric"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport/memory"
)

// BenchmarkRequest measures a request with its reply on the memory transport,
// both sides together, without and with telemetry.
func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct {
		name    string
		tracers trace.TracerProvider
		meters  metric.MeterProvider
	}{
		{"absent", nil, nil},
		{"noop", noop.NewTracerProvider(), metricnoop.NewMeterProvider()},
		{"sampled out", sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), metricnoop.NewMeterProvider()},
		{"sampled", sdktrace.NewTracerProvider(), metricnoop.NewMeterProvider()},
		{"metrics", noop.NewTracerProvider(), sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader()))},
	} {
		b.Run(bench.name, func(b *testing.B) {
			app := parley.New(memory.New(), parley.Logger(slog.New(slog.DiscardHandler)))
			if bench.tracers != nil {
				require.NoError(b, parleyotel.Instrument(app, parleyotel.TracerProvider(bench.tracers),
					parleyotel.MeterProvider(bench.meters), parleyotel.Propagator(w3c)))
			}
			app.Subscriber("echo", func(_ context.Context, s string) (string, error) { return s, nil })
			echo := app.Publisher("echo")
			ctx := context.Background()
			require.NoError(b, app.Start(ctx))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := parley.Request[string](ctx, echo, "x"); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			require.NoError(b, app.Stop(ctx))
		})
	}
}
