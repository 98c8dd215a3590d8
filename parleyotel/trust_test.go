package parleyotel_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
)

func bag(w *world, key, value string) baggage.Baggage {
	m, err := baggage.NewMember(key, value)
	require.NoError(w, err)
	b, err := baggage.New(m)
	require.NoError(w, err)
	return b
}

// public asks a service that asks another one, with baggage.
func (w *world) public(public bool, want string) {
	w.Helper()
	var opts []parleyotel.Option
	if public {
		opts = append(opts, parleyotel.PublicEndpoint(), parleyotel.EventsAsChildren())
	}
	client, edge, inner := w.app(), w.app(opts...), w.app()
	seen := make(chan string, 1)
	next := edge.Publisher(w.at("next"))
	edge.Subscriber(w.at("q"), func(ctx context.Context, s string) (string, error) {
		return parley.Request[string](ctx, next, s)
	})
	inner.Subscriber(w.at("next"), func(ctx context.Context, s string) string {
		seen <- baggage.FromContext(ctx).String()
		return s
	})
	q := client.Publisher(w.at("q"))
	w.start(inner)
	w.start(edge)
	w.start(client)
	_, err := q.Request(baggage.ContextWithBaggage(w.ctx(), bag(w, "user", "eve")), "x")
	require.NoError(w, err)
	require.Equal(w, want, w.traces(4))
	require.Equal(w, !public, strings.Contains(<-seen, "eve"))
}

func TestTrustedEndpoint(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.public(false, ""+
			"client request q\n"+
			"  server process q #1\n"+
			"    client request next\n"+
			"      server process next #1\n")
	})
}

func TestPublicEndpointAndEvents(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parleyotel.PublicEndpoint(), parleyotel.EventsAsChildren())
		app.Subscriber(w.at("q"), func(string) {})
		q := app.Publisher(w.at("q"))
		w.start(app)
		require.NoError(w, q.Publish(w.ctx(), "x"))
		require.Equal(w, "producer publish q\nconsumer process q #1 -> publish q\n", w.traces(2))
	})
}

// Middleware outside that has a span of its own: the process span is below it.
func TestAmbientSpan(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		sender := w.app()
		ambient := parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				ctx, span := w.tracers.Tracer("test").Start(ctx, "around")
				defer span.End()
				return next(ctx, m)
			}
		})
		for address, opts := range map[string][]parleyotel.Option{
			"linked": nil, "child": {parleyotel.EventsAsChildren()}, "public": {parleyotel.PublicEndpoint()},
		} {
			app := w.plain()
			app.Use(ambient)
			opts = append(opts, parleyotel.TracerProvider(w.tracers), parleyotel.MeterProvider(w.meters), parleyotel.Propagator(w3c))
			require.NoError(w, parleyotel.Instrument(app, opts...))
			app.Subscriber(w.at(address), func(string) {})
			w.start(app)
		}
		w.start(sender)
		send := func(address string) string {
			w.spans.Reset()
			require.NoError(w, sender.Publisher(w.at(address)).Publish(w.ctx(), "x"))
			return w.traces(3)
		}
		require.Equal(w, ""+
			"producer publish linked\n"+
			"internal around\n"+
			"  consumer process linked #1 -> publish linked\n", send("linked"))
		require.Equal(w, ""+
			"producer publish public\n"+
			"internal around\n"+
			"  consumer process public #1 -> publish public\n", send("public"))
		require.Equal(w, ""+
			"producer publish child\n"+
			"  consumer process child #1 -> publish child -> around\n"+
			"internal around\n", send("child"))
	})
}

// A message that already carries a context is linked to it; where nothing else
// is under way its span goes on from there.
func TestMessagesThatCarryAContext(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(string) {})
		q := app.Publisher(w.at("q"))
		w.start(app)
		carried := parley.Header("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		require.NoError(w, q.Publish(w.ctx(), "x", carried))
		require.Equal(w, ""+
			"producer publish q below outside\n"+
			"consumer process q #1 -> publish q\n", w.traces(2))
		w.spans.Reset()
		ctx, user := w.begin("relay")
		require.NoError(w, q.Publish(ctx, "x", carried))
		w.wait(2)
		user.End()
		require.Equal(w, ""+
			"internal relay\n"+
			"  producer publish q -> outside\n"+
			"consumer process q #1 -> publish q\n", w.traces(3))
	})
}

// lines counts the drawn lines of n spans.
func (w *world) lines(n int) map[string]int {
	w.Helper()
	all := map[string]int{}
	for line := range strings.Lines(w.traces(n)) {
		all[strings.TrimSpace(line)]++
	}
	return all
}
