package parleyotel_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport/topology"
)

// pass declares a → PublishTo → b, and returns what b is told.
func (w *world) pass(app *parley.App) <-chan *parley.Message {
	got := make(chan *parley.Message, 4)
	app.Subscriber(w.at("a"), func(_ context.Context, s string) string { return s }, parley.PublishTo(w.at("b")))
	app.Subscriber(w.at("b"), func(m *parley.Message) { got <- m })
	return got
}

func TestEventsAreLinked(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := w.pass(app)
		a := app.Publisher(w.at("a"))
		w.start(app)
		require.NoError(w, a.Publish(w.ctx(), "x"))
		next(w, got)
		require.Equal(w, ""+
			"producer publish a\n"+
			"consumer process a #1 -> publish a\n"+
			"  producer publish b\n"+
			"consumer process b #1 -> publish b\n", w.traces(4))
	})
}

func TestEventsAsChildren(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parleyotel.EventsAsChildren())
		got := w.pass(app)
		a := app.Publisher(w.at("a"))
		w.start(app)
		require.NoError(w, a.Publish(w.ctx(), "x"))
		next(w, got)
		require.Equal(w, ""+
			"producer publish a\n"+
			"  consumer process a #1 -> publish a\n"+
			"    producer publish b\n"+
			"      consumer process b #1 -> publish b\n", w.traces(4))
	})
}

// Of a request, what is sent on continues the run that made it.
func TestForwardedResultsOfARequest(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := w.pass(app)
		a := app.Publisher(w.at("a"))
		w.start(app)
		_, err := a.Request(w.ctx(), "x")
		require.NoError(w, err)
		next(w, got)
		require.Equal(w, ""+
			"client request a\n"+
			"  server process a #1\n"+
			"    producer publish b\n"+
			"consumer process b #1 -> publish b\n", w.traces(4))
	})
}

func TestDestinationsAreTemplates(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		events := topology.Topic(w.at("events"))
		app := w.app(parleyotel.System("other"))
		got := make(chan string, 1)
		app.Subscriber("orders.{tenant}.placed", func(in struct {
			Tenant string `path:"tenant"`
		},
		) {
			got <- in.Tenant
		}, parley.From(events))
		placed := app.Publisher("orders.{tenant}.placed", parley.To(events))
		w.start(app)
		require.NoError(w, placed.Publish(w.ctx(), "x", parley.Path("tenant", "acme")))
		require.Equal(w, "acme", next(w, got))
		all := w.wait(2)
		require.Equal(w, "publish events:orders.{tenant}.placed", w.short(all[0].Name))
		const template = "messaging.destination.template"
		sent, _ := value(&all[0], template)
		require.Equal(w, w.at("events")+":orders.{tenant}.placed", sent.AsString())
		received, _ := value(&all[1], template)
		require.Equal(w, w.at("events")+":orders.{tenant}.placed:"+w.name+"."+w.at("events")+".orders.*.placed", received.AsString())
		for i := range all {
			for _, a := range all[i].Attributes {
				require.NotContains(w, a.Value.String(), "acme")
			}
			for _, absent := range []attribute.Key{"messaging.destination.name", "messaging.rabbitmq.destination.routing_key"} {
				_, ok := value(&all[i], absent)
				require.False(w, ok, absent)
			}
			system, _ := value(&all[i], "messaging.system")
			require.Equal(w, "other", system.AsString())
		}
	})
}

// A failed event goes to the error queue with its trace, and a replay is linked
// to where it came from.
func TestErrorQueueAndReplay(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), flaky(3), parley.Retry(parley.Immediate(1), parley.Delayed(time.Millisecond)))
		q := app.Publisher(w.at("q"))
		w.start(app)
		ctx := baggage.ContextWithBaggage(w.ctx(), bag(w, "tenant", "acme"))
		require.NoError(w, q.Publish(ctx, "x"))
		const before = "" +
			"producer publish q\n" +
			"consumer process q #1 !unavailable -> publish q\n" +
			"consumer process q #2 !unavailable -> publish q\n" +
			"consumer process q #3 !unavailable -> publish q\n"
		require.Equal(w, before+"consumer process q #4 -> publish q\n", w.traces(5))

		w.spans.Reset()
		app = w.app()
		app.Subscriber(w.at("r"), flaky(1))
		r := app.Publisher(w.at("r"))
		w.start(app)
		require.NoError(w, r.Publish(ctx, "x", parley.Header("tracestate", "ignored")))
		failed, err := app.ErrorQueue(w.at("r"))
		require.NoError(w, err)
		require.Eventually(w, func() bool { return app.Stats().Moved == 1 }, patience, time.Millisecond)
		kept, err := failed.List(w.ctx(), 0)
		require.NoError(w, err)
		require.Len(w, kept, 1)
		publish := w.wait(2)[0].SpanContext
		require.Contains(w, kept[0].Message.Header("traceparent"), publish.TraceID().String()+"-"+publish.SpanID().String())
		require.Equal(w, "tenant=acme", kept[0].Message.Header("baggage"))
		n, err := failed.Replay(w.ctx(), nil)
		require.NoError(w, err)
		require.Equal(w, 1, n)
		require.Equal(w, ""+
			"producer publish r\n"+
			"consumer process r #1 !unavailable -> publish r\n"+
			"consumer process r #1 -> publish r\n", w.traces(3))
	})
}

func TestPublishOutcomes(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		nowhere := app.Publisher(w.at("nowhere"))
		require.ErrorIs(w, nowhere.Publish(w.ctx(), "x"), parley.ErrNotStarted)
		require.NoError(w, app.Err())
		require.Error(w, nowhere.Publish(w.ctx(), "x"))
		w.start(app)
		require.ErrorIs(w, nowhere.Publish(w.ctx(), "x"), parley.ErrNoRoute)
		require.Equal(w, ""+
			"producer publish nowhere !not_started\n"+
			"producer publish nowhere !no_route\n", w.traces(2))
	})
}

// What a sender writes into the headers does no harm.
func TestForeignEvents(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(string) {})
		w.start(app)
		for _, headers := range []parley.Headers{
			nil,
			{"x-other": "1"},
			{"traceparent": "nonsense"},
			{"traceparent": "00-00000000000000000000000000000000-0000000000000000-01"},
			{"traceparent": int64(7), "tracestate": true, "baggage": []any{"a"}},
			{"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "baggage": ";;;=", "tracestate": "=,="},
			{"traceparent": []byte("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
		} {
			w.raw(w.at("q"), &parley.Message{Body: []byte("x"), ContentType: "text/plain", Headers: headers})
		}
		require.Equal(w, map[string]int{
			"consumer process q #1":            5,
			"consumer process q #1 -> outside": 2,
		}, w.lines(7))
	})
}

// A result that is sent on is stamped in a copy: the handler may hold it.
func TestResultsThatTheHandlerHolds(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		held := &parley.Message{Body: []byte("held"), Headers: parley.Headers{"x-own": "1"}}
		got := make(chan *parley.Message, 2)
		app.Subscriber(w.at("held"), func(string) *parley.Message { return held }, parley.PublishTo(w.at("b")))
		app.Subscriber(w.at("echo"), func(m *parley.Message) *parley.Message { return m }, parley.PublishTo(w.at("b")))
		app.Subscriber(w.at("b"), func(m *parley.Message) { got <- m })
		one, echo := app.Publisher(w.at("held")), app.Publisher(w.at("echo"))
		w.start(app)
		require.NoError(w, one.Publish(w.ctx(), "x"))
		m := next(w, got)
		require.Equal(w, "1", m.Header("x-own"))
		require.NotEmpty(w, m.Header("traceparent"))
		require.Equal(w, parley.Headers{"x-own": "1"}, held.Headers)

		require.NoError(w, echo.Publish(w.ctx(), "x", parley.Header("x-sender", "1")))
		m = next(w, got)
		require.Equal(w, "x", string(m.Body))
		require.Empty(w, m.Header("x-sender"), "of its own input only the body is sent on")
		require.NotEmpty(w, m.Header("traceparent"))
	})
}

func TestPanicsAndErrorsOfEvents(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("panics"), func(string) { panic("secret text") })
		app.Subscriber(w.at("fails"), func(string) error { return errors.New("secret text") })
		panics, fails := app.Publisher(w.at("panics")), app.Publisher(w.at("fails"))
		w.start(app)
		require.NoError(w, panics.Publish(w.ctx(), "x"))
		w.wait(2)
		require.NoError(w, fails.Publish(w.ctx(), "x"))
		require.Equal(w, ""+
			"producer publish panics\n"+
			"consumer process panics #1 !internal -> publish panics\n"+
			"producer publish fails\n"+
			"consumer process fails #1 !unknown -> publish fails\n", w.traces(4))
		w.holdsNoSecret()
	})
}
