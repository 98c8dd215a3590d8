package parley_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// A message with headers that no client accepts ends once in the error queue,
// with its reason; those around it are handled.
func TestUnreadableHeadersAreRefused(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		handled := make(chan string, 10)
		app := w.app()
		app.Subscriber(w.at("work"), func(s string) string { handled <- s; return s })
		w.start(app)
		peer, replies := w.client()
		failed := w.collect(w.at("work.error"))
		text := func(s string, h parley.Headers) *parley.Message {
			return &parley.Message{Body: []byte(s), ContentType: "text/plain", Headers: h}
		}
		w.publish(peer, w.at("work"), text("before", nil))
		w.publish(peer, w.at("work"), text("poison", parley.Headers{parley.HeaderRemoved: "1 of 2 headers", "x-tenant": "acme"}))
		w.publish(peer, w.at("work"), text("after", nil))
		require.ElementsMatch(w, []string{"before", "after"}, []string{next(w, handled), next(w, handled)})
		m := next(w, failed)
		require.Equal(w, "poison", string(m.Body))
		require.Equal(w, "invalid_argument", m.Header(parley.HeaderFailureCode))
		require.Equal(w, "headers that no client accepts: 1 of 2 headers", m.Header(parley.HeaderFailureReason))
		require.EqualValues(w, 0, m.Headers[parley.HeaderFailureAttempt])
		require.Equal(w, "acme", m.Headers["x-tenant"])
		require.NotContains(w, m.Headers, parley.HeaderRemoved, "it can be replayed without them")

		// A caller that waits is told.
		_, err := peer.Request(w.ctx(), &transport.Publication{
			Message: text("poison", parley.Headers{parley.HeaderRemoved: true, parley.HeaderDeadline: 0}),
			Key:     w.at("work"), Mandatory: true,
		})
		require.NoError(w, err)
		require.Equal(w, "invalid_argument", next(w, replies).Header(parley.HeaderError))
	})
}

// What RabbitMQ takes and the client library does not, under a whole app.
func TestPoisonHeadersEndInTheErrorQueue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
	handled := make(chan string, 10)
	app := w.app()
	app.Subscriber(w.at("work"), func(s string) { handled <- s })
	w.start(app)
	failed := w.collect(w.at("work.error"))
	conn, err := amqp.Dial(rabbittest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) })
	ch, err := conn.Channel()
	require.NoError(t, err)
	deep := any("x")
	for range 100 {
		deep = []any{deep}
	}
	for name, poison := range map[string]any{"8192 elements": make([]any, 9000), "32 levels": deep, "a frame": strings.Repeat("x", 131_010)} {
		for _, p := range []amqp.Publishing{
			{Body: []byte("before")},
			{Body: []byte("poison"), Headers: amqp.Table{"big": poison, "x-tenant": "acme"}},
			{Body: []byte("after")},
		} {
			p.ContentType = "text/plain"
			require.NoError(t, ch.PublishWithContext(w.ctx(), "", w.at("work"), true, false, p))
		}
		require.ElementsMatch(t, []string{"before", "after"}, []string{next(w, handled), next(w, handled)})
		m := next(w, failed)
		require.Equal(t, "poison", string(m.Body))
		require.Equal(t, "invalid_argument", m.Header(parley.HeaderFailureCode))
		require.Contains(t, m.Header(parley.HeaderFailureReason), name)
		require.Equal(t, "acme", m.Headers["x-tenant"])
	}
	require.NotContains(t, w.log.String(), "connection lost")
}

// As many headers as one message can have leave no room for parley's own.
func TestFullHeadersCanBeMovedAndRetried(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("work"), func(string) error { return parley.NewError(parley.CodeUnavailable, "not now") },
			parley.Retry(parley.Delayed(time.Millisecond)))
		w.start(app)
		peer, _ := w.client()
		failed := w.collect(w.at("work.error"))
		many := parley.Headers{}
		for i := range 8192 {
			many[strconv.FormatInt(int64(i), 36)] = nil
		}
		numbers := slices.Repeat([]any{int64(1)}, 6500)
		for name, h := range map[string]parley.Headers{
			"number":   many,
			"bytes":    {"big": strings.Repeat("x", 122_850)},
			"elements": {"a": numbers, "b": numbers},
		} {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte(name), ContentType: "text/plain", Headers: h})
			m := next(w, failed)
			require.Equal(w, name, string(m.Body))
			require.Equal(w, "unavailable", m.Header(parley.HeaderFailureCode))
			require.NotZero(w, m.Headers[parley.HeaderFailureOmitted])
		}
	})
}
