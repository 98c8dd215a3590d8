package parleyotel

import (
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Option configures [Instrument].
type Option interface{ apply(s *settings) }

type option func(*settings)

func (o option) apply(s *settings) { o(s) }

type settings struct {
	tracers    trace.TracerProvider
	meters     metric.MeterProvider
	propagator propagation.TextMapPropagator
	system     string
	children   bool
	public     bool
}

func newSettings(opts []Option) settings {
	s := settings{system: defaultSystem}
	for _, o := range opts {
		o.apply(&s)
	}
	if s.tracers == nil {
		s.tracers = otel.GetTracerProvider()
	}
	if s.meters == nil {
		s.meters = otel.GetMeterProvider()
	}
	if s.propagator == nil {
		s.propagator = otel.GetTextMapPropagator()
	}
	return s
}

// TracerProvider makes the spans. nil, the default, is the global one.
func TracerProvider(p trace.TracerProvider) Option {
	return option(func(s *settings) { s.tracers = p })
}

// MeterProvider makes the metrics. nil, the default, is the global one.
func MeterProvider(p metric.MeterProvider) Option {
	return option(func(s *settings) { s.meters = p })
}

// Propagator writes and reads the headers that tie spans together. nil, the
// default, is the global one, which does nothing until the program sets it:
//
//	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
//		propagation.TraceContext{}, propagation.Baggage{}))
func Propagator(p propagation.TextMapPropagator) Option {
	return option(func(s *settings) { s.propagator = p })
}

// System is the value of the attribute messaging.system, "rabbitmq" by default.
func System(name string) Option {
	return option(func(s *settings) { s.system = name })
}

// EventsAsChildren makes the span that processes a message for which nobody
// waits a child of the one that sent it, besides the link between the two. By
// default it begins a trace of its own: an event may be processed much later,
// many times, and by services that its sender does not know. [PublicEndpoint]
// wins over it.
func EventsAsChildren() Option {
	return option(func(s *settings) { s.children = true })
}

// PublicEndpoint is for a service whose messages come from senders that are not
// trusted. Whatever trace context a message carries, requests included, the span
// that processes it begins a trace of its own and is only linked to it, so that
// a sender decides neither about sampling nor about the shape of the traces. A
// sender's baggage is not read.
func PublicEndpoint() Option {
	return option(func(s *settings) { s.public = true })
}
