package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Telemetry is the SDK of OpenTelemetry, set up for one service.
type Telemetry struct {
	Tracers    *trace.TracerProvider
	Meters     *metric.MeterProvider
	Propagator propagation.TextMapPropagator
	// Metrics answers Prometheus.
	Metrics http.Handler
}

// NewTelemetry writes spans to w and keeps metrics for Prometheus.
func NewTelemetry(name, version string, w io.Writer) (*Telemetry, error) {
	service := resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.version", version))
	spans, err := stdouttrace.New(stdouttrace.WithWriter(w))
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	metrics, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	return &Telemetry{
		Tracers:    trace.NewTracerProvider(trace.WithBatcher(spans), trace.WithResource(service)),
		Meters:     metric.NewMeterProvider(metric.WithReader(metrics), metric.WithResource(service)),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		Metrics:    promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}, nil
}

// Shutdown writes what is left.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	return errors.Join(t.Tracers.Shutdown(ctx), t.Meters.Shutdown(ctx))
}
