package parleyotel

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
)

// telemetry is what makes the spans and metrics of one app.
type telemetry struct {
	settings
	tracer      trace.Tracer
	instruments instruments
	items       items
}

// instruments are those that middleware feeds.
type instruments struct {
	sent, consumed, retries metric.Int64Counter
	duration, process       metric.Float64Histogram
	active                  metric.Int64UpDownCounter
}

// Instrument adds tracing and metrics to app, which must not have been started.
// Call it once, and before other calls of Use: the spans are then around all
// other middleware. An error is one of the meter provider, such as two
// instruments of one name; the app then lacks some metrics.
//
// A meter provider that outlives the app does not keep it in memory.
func Instrument(app *parley.App, opts ...Option) error {
	t := &telemetry{settings: newSettings(opts)}
	t.tracer = t.tracers.Tracer(scopeName, trace.WithSchemaURL(schemaURL))
	meter := t.meters.Meter(scopeName, metric.WithSchemaURL(schemaURL))
	err := errors.Join(t.instruments.make(meter), t.items.observe(meter), observe(meter, app))
	app.Use(parley.OperationMiddleware(t.around))
	return err
}

// around wraps one operation.
func (t *telemetry) around(op parley.Operation, next parley.Handler) parley.Handler {
	if op.Action == parley.Receive {
		return t.receiving(&op).around(next)
	}
	return t.sending(&op).around(next)
}

// make creates the instruments. With an error they still can be used.
func (i *instruments) make(meter metric.Meter) error {
	var faults [6]error
	i.sent, faults[0] = meter.Int64Counter(metricSent.Name(),
		metric.WithUnit(metricSent.Unit()), metric.WithDescription(metricSent.Description()))
	i.consumed, faults[1] = meter.Int64Counter(metricConsumed.Name(),
		metric.WithUnit(metricConsumed.Unit()), metric.WithDescription(metricConsumed.Description()))
	i.duration, faults[2] = meter.Float64Histogram(metricDuration.Name(),
		metric.WithUnit(metricDuration.Unit()), metric.WithDescription(metricDuration.Description()),
		metric.WithExplicitBucketBoundaries(durationBounds...))
	i.process, faults[3] = meter.Float64Histogram(metricProcess.Name(),
		metric.WithUnit(metricProcess.Unit()), metric.WithDescription(metricProcess.Description()),
		metric.WithExplicitBucketBoundaries(durationBounds...))
	i.active, faults[4] = meter.Int64UpDownCounter(metricActive,
		metric.WithUnit(unitMessage), metric.WithDescription("Messages whose handler runs now."))
	i.retries, faults[5] = meter.Int64Counter(metricRetries,
		metric.WithUnit(unitRun), metric.WithDescription("Runs of a handler for a message that it failed before."))
	return errors.Join(faults[:]...)
}
