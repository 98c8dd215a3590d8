package parleyotel_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/parley-go/parley"
)

// flaky returns a handler that fails the first n times.
func flaky(n int32) func(context.Context, string) (string, error) {
	var calls atomic.Int32
	return func(_ context.Context, s string) (string, error) {
		if calls.Add(1) <= n {
			return "", parley.NewError(parley.CodeUnavailable, "secret text")
		}
		return s, nil
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(ctx context.Context, s string) string {
			require.True(w, trace.SpanContextFromContext(ctx).IsSampled(), "the handler's context has the span")
			return s
		})
		q := app.Publisher(w.at("q"))
		w.start(app)
		ctx, user := w.begin("checkout")
		_, err := q.Request(ctx, "x", parley.MessageID("m1"))
		require.NoError(w, err)
		user.End()
		require.Equal(w, ""+
			"internal checkout\n"+
			"  client request q\n"+
			"    server process q #1\n", w.traces(3))

		all := w.wait(3)
		correlation, _ := value(&all[1], "messaging.message.conversation_id")
		require.NotEmpty(w, correlation.AsString())
		shared := []attribute.KeyValue{
			attribute.String("messaging.destination.name", w.at("q")),
			attribute.String("messaging.system", "rabbitmq"),
			attribute.String("messaging.rabbitmq.destination.routing_key", w.at("q")),
			attribute.String("messaging.message.id", "m1"),
			attribute.String("messaging.message.conversation_id", correlation.AsString()),
		}
		require.ElementsMatch(w, append([]attribute.KeyValue{
			attribute.String("messaging.operation.name", "request"),
			attribute.String("messaging.operation.type", "send"),
		}, shared...), all[1].Attributes)
		require.ElementsMatch(w, append([]attribute.KeyValue{
			attribute.String("messaging.operation.name", "process"),
			attribute.String("messaging.operation.type", "process"),
			attribute.Int("parley.attempt", 1),
		}, shared...), all[2].Attributes)
		require.True(w, all[2].Parent.IsRemote())
		require.Equal(w, "https://opentelemetry.io/schemas/1.43.0", all[2].InstrumentationScope.SchemaURL)
		require.Equal(w, "github.com/parley-go/parley/parleyotel", all[2].InstrumentationScope.Name)
	})
}

func TestRequestWithAnImmediateRetry(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), flaky(1), parley.Retry(parley.Immediate(1)))
		q := app.Publisher(w.at("q"))
		w.start(app)
		_, err := q.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.Equal(w, ""+
			"client request q\n"+
			"  server process q #1 !unavailable\n"+
			"  server process q #2\n", w.traces(3))
	})
}

func TestRequestWithADelayedRetry(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), flaky(3), parley.Retry(parley.Immediate(1), parley.Delayed(5*time.Millisecond)))
		q := app.Publisher(w.at("q"))
		w.start(app)
		_, err := q.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.Equal(w, ""+
			"client request q\n"+
			"  server process q #1 !unavailable\n"+
			"  server process q #2 !unavailable\n"+
			"  server process q #3 !unavailable\n"+
			"  server process q #4\n", w.traces(5))
	})
}

// due is a context whose deadline passes when something has happened.
type due struct {
	context.Context

	passed <-chan struct{}
}

func (d due) Done() <-chan struct{} { return d.passed }

func (d due) Err() error {
	select {
	case <-d.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func TestRequestsThatFail(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, release := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("refuses"), func(string) error { return parley.NewError(parley.CodeNotFound, "secret text") })
		app.Subscriber(w.at("odd"), func(string) error { return parley.NewError("made_up", "") })
		app.Subscriber(w.at("panics"), func(string) { panic("secret text") })
		app.Subscriber(w.at("reads"), func(int) {})
		app.Subscriber(w.at("slow"), func(string) { close(begun); <-release })
		w.start(app)
		for _, address := range []string{"refuses", "odd", "panics", "reads", "nowhere"} {
			_, err := app.Publisher(w.at(address)).Request(w.ctx(), "x")
			require.Error(w, err)
		}
		_, err := app.Publisher(w.at("slow")).Request(due{w.ctx(), begun}, "x")
		require.ErrorIs(w, err, parley.ErrTimeout)
		close(release)
		require.Equal(w, ""+
			"client request refuses !not_found\n"+
			"  server process refuses #1 !not_found\n"+
			"client request odd !_OTHER\n"+
			"  server process odd #1 !_OTHER\n"+
			"client request panics !internal\n"+
			"  server process panics #1 !internal\n"+
			"client request reads !invalid_argument\n"+
			"  server process reads #1 !invalid_argument\n"+
			"client request nowhere !no_route\n"+
			"client request slow !timeout\n"+
			"  server process slow #1\n", w.traces(11))
		w.holdsNoSecret()
	})
}

// A request that is called off is seen at both sides, through nested calls too.
func TestRequestsThatAreCalledOff(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun := make(chan struct{}, 1)
		back := app.Publisher(w.at("back"), parley.Cancellable())
		app.Subscriber(w.at("back"), func(ctx context.Context, _ string) error {
			begun <- struct{}{}
			<-ctx.Done()
			return context.Cause(ctx)
		})
		app.Subscriber(w.at("front"), func(ctx context.Context, s string) error {
			_, err := back.Request(ctx, s)
			return err
		})
		front := app.Publisher(w.at("front"), parley.Cancellable())
		w.start(app)
		ctx, cancel := context.WithCancel(w.ctx())
		go func() {
			<-begun
			cancel()
		}()
		_, err := front.Request(ctx, "x")
		require.ErrorIs(w, err, context.Canceled)
		require.Equal(w, ""+
			"client request front !canceled\n"+
			"  server process front #1 !canceled\n"+
			"    client request back !canceled\n"+
			"      server process back #1 !canceled\n", w.traces(4))
		require.Eventually(w, func() bool { return app.Stats().Cancelled == 2 }, patience, time.Millisecond)
		require.Equal(w, []string{"2"}, w.points(w.collect()["parley.messages.cancelled"]))
	})
}

// holdsNoSecret asserts that no span tells the text of an error.
func (w *world) holdsNoSecret() {
	w.Helper()
	for _, s := range w.spans.GetSpans() {
		require.Empty(w, s.Events)
		for _, a := range s.Attributes {
			require.NotContains(w, a.Value.String(), "secret")
		}
	}
}

// A caller that is not parley's, with an answer to a queue of its own.
func TestForeignRequest(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		answers := make(chan *parley.Message, 1)
		app.Subscriber(w.at("q"), func(s string) string { return s })
		app.Subscriber(w.at("answers"), func(m *parley.Message) { answers <- m })
		w.start(app)
		w.raw(w.at("q"), &parley.Message{Body: []byte("x"), ContentType: "text/plain", ReplyTo: w.at("answers"), CorrelationID: "c1"})
		require.Equal(w, "c1", next(w, answers).CorrelationID)
		require.Equal(w, ""+
			"consumer process q #1\n"+
			"consumer process answers #1 -> process q\n", w.traces(2))
	})
}

func TestServiceWithoutTelemetryInBetween(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		client, server := w.app(), w.plain()
		server.Subscriber(w.at("q"), func(string) error { return errors.New("no") })
		q := client.Publisher(w.at("q"))
		w.start(server)
		w.start(client)
		_, err := q.Request(w.ctx(), "x")
		require.Error(w, err)
		require.Equal(w, "client request q !unknown\n", w.traces(1))
	})
}

func TestPublicEndpoint(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.public(true, ""+
			"client request q\n"+
			"server process q #1 -> request q\n"+
			"  client request next\n"+
			"    server process next #1\n")
	})
}
