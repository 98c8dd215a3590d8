package parleyotel_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

func TestMain(m *testing.M) {
	rabbittest.Main(m, func(code int) int {
		if err := goleak.Find(); err != nil && code == 0 {
			println(err.Error())
			return 1
		}
		return code
	})
}

// patience bounds every wait of a test; it is no expectation about speed.
const patience = 30 * time.Second

var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// world is a transport with names and telemetry of one test's own.
type world struct {
	*testing.T
	transport transport.Transport
	name      string
	spans     *tracetest.InMemoryExporter
	tracers   *sdktrace.TracerProvider
	reader    *metric.ManualReader
	meters    *metric.MeterProvider
}

// everywhere runs a test on memory and on RabbitMQ.
func everywhere(t *testing.T, f func(w *world)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		f(newWorld(t, memory.New()))
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		f(newWorld(t, rabbitmq.New(rabbittest.URL(t))))
	})
}

func newWorld(t *testing.T, tr transport.Transport) *world {
	t.Helper()
	w := &world{
		T: t, transport: tr, name: strings.ReplaceAll(t.Name(), "/", "."),
		spans: tracetest.NewInMemoryExporter(), reader: metric.NewManualReader(),
	}
	w.tracers = sdktrace.NewTracerProvider(sdktrace.WithSyncer(w.spans))
	w.meters = metric.NewMeterProvider(metric.WithReader(w.reader))
	return w
}

func (w *world) at(address string) string { return w.name + "." + address }

// app returns an app with tracing and metrics.
func (w *world) app(opts ...parleyotel.Option) *parley.App {
	w.Helper()
	app := w.plain()
	opts = append([]parleyotel.Option{
		parleyotel.TracerProvider(w.tracers), parleyotel.MeterProvider(w.meters), parleyotel.Propagator(w3c),
	}, opts...)
	require.NoError(w, parleyotel.Instrument(app, opts...))
	return app
}

// plain returns an app without.
func (w *world) plain() *parley.App {
	return parley.New(w.transport, parley.Info(w.name, "1.0.0"), parley.Logger(slog.New(slog.DiscardHandler)))
}

func (w *world) start(app *parley.App) *parley.App {
	w.Helper()
	require.NoError(w, app.Start(w.ctx()))
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(w, app.Stop(ctx))
	})
	return app
}

func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	return ctx
}

// begin opens a span of the user's around a call.
func (w *world) begin(name string) (context.Context, trace.Span) {
	return w.tracers.Tracer("test").Start(w.ctx(), name) //nolint:spancheck // the test ends it
}

// wait waits for n spans and returns them by their start.
func (w *world) wait(n int) tracetest.SpanStubs {
	w.Helper()
	require.Eventually(w, func() bool { return len(w.spans.GetSpans()) >= n }, patience, time.Millisecond)
	all := w.spans.GetSpans()
	require.Len(w, all, n)
	slices.SortStableFunc(all, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	return all
}

// traces waits for n spans and draws them: each one below its parent, with its
// kind, attempt, error type, items, and after an arrow what it is linked to.
func (w *world) traces(n int) string {
	w.Helper()
	all := w.wait(n)
	names := map[trace.SpanID]string{}
	for i := range all {
		names[all[i].SpanContext.SpanID()] = w.short(all[i].Name)
	}
	var out strings.Builder
	var draw func(parent trace.SpanID, indent string)
	draw = func(parent trace.SpanID, indent string) {
		for i := range all {
			s := &all[i]
			known := names[s.Parent.SpanID()] != ""
			if known && s.Parent.SpanID() != parent || !known && parent.IsValid() {
				continue
			}
			out.WriteString(indent + w.line(s, names) + "\n")
			draw(s.SpanContext.SpanID(), indent+"  ")
		}
	}
	draw(trace.SpanID{}, "")
	return out.String()
}

func (w *world) short(name string) string { return strings.ReplaceAll(name, w.name+".", "") }

func (w *world) line(s *tracetest.SpanStub, names map[trace.SpanID]string) string {
	text := s.SpanKind.String() + " " + w.short(s.Name)
	if attempt, ok := value(s, "parley.attempt"); ok {
		text += fmt.Sprintf(" #%d", attempt.AsInt64())
	}
	if s.Status.Code == codes.Error {
		errorType, _ := value(s, "error.type")
		text += " !" + errorType.AsString()
		require.Empty(w, s.Status.Description)
	}
	if sent, ok := value(s, "parley.items.sent"); ok {
		received, _ := value(s, "parley.items.received")
		text += fmt.Sprintf(" sent %d received %d", sent.AsInt64(), received.AsInt64())
	}
	for _, l := range s.Links {
		name, ok := names[l.SpanContext.SpanID()]
		if !ok {
			name = "outside"
		}
		text += " -> " + name
	}
	if s.Parent.IsValid() && names[s.Parent.SpanID()] == "" {
		text += " below outside"
	}
	return text
}

// value returns one attribute of a span.
func value(s *tracetest.SpanStub, key attribute.Key) (attribute.Value, bool) {
	for _, a := range s.Attributes {
		if a.Key == key {
			return a.Value, true
		}
	}
	return attribute.Value{}, false
}

// next waits for the next value.
func next[T any](w *world, c <-chan T) T {
	w.Helper()
	select {
	case v := <-c:
		return v
	case <-w.ctx().Done():
		w.Fatal("nothing came")
		panic("unreachable")
	}
}

// raw is a connection below parley: what a peer that nobody here wrote would send.
func (w *world) raw(queue string, m *parley.Message) {
	w.Helper()
	conn, err := w.transport.Connect(w.ctx(), transport.Settings{
		Logger: slog.New(slog.DiscardHandler), OnReply: func(*parley.Message) {},
	})
	require.NoError(w, err)
	defer func() { require.NoError(w, conn.Close(context.Background())) }()
	c, err := conn.Publish(w.ctx(), &transport.Publication{Message: m, Key: queue, Mandatory: true})
	require.NoError(w, err)
	require.NoError(w, transport.Wait(w.ctx(), c))
}
