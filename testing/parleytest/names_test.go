package parleytest_test

import (
	"context"
	"log/slog"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// fullApp uses names in every place where a broker has some.
func fullApp(fn any) *parley.App {
	app := newApp()
	app.Subscriber("orders.place", fn, parley.Retry(parley.Delayed(time.Millisecond)))
	app.Subscriber("orders.*", fn, parley.From(topology.Topic("events"), topology.Quorum()), parley.OnFailure(parley.DeadLetter))
	app.Subscriber("receipts", func(m *parley.Message) string { return m.Address + " " + m.CorrelationID })
	return app
}

// Tests that use the same names on one broker do not meet, see their own names
// only, and leave nothing behind.
func TestNamesOfItsOwn(t *testing.T) {
	t.Parallel()
	before := &wire{Transport: rabbitmq.New(rabbittest.URL(t)), queues: map[string]bool{}}
	t.Run("tests", func(t *testing.T) {
		for _, tenant := range []string{"red", "green", "blue"} {
			t.Run(tenant, func(t *testing.T) {
				t.Parallel()
				ts := parleytest.Start(t, fullApp(func(m *parley.Message) (string, error) {
					return tenant, errDown
				}), parleytest.On(before))
				ts.Publish("orders.place", tenant)
				ts.Publish("orders.paid", tenant, parley.To(topology.Topic("events")))
				failed := ts.ErrorQueue("orders.place")
				require.Len(t, failed, 1)
				require.Equal(t, "orders.place", failed[0].Address)
				require.Equal(t, tenant, string(failed[0].Message.Body))
				failed = ts.ErrorQueue("shop.events.orders.*")
				require.Len(t, failed, 1)
				require.Equal(t, "orders.paid", failed[0].Address)
				require.Equal(t, "events", failed[0].Exchange)

				ts.Raw("receipts", &parley.Message{ReplyTo: "answers", CorrelationID: "c1"})
				ts.Subscriber("receipts").Settled(parleytest.ErrorQueue)
				require.Equal(t, "reply_unroutable", ts.ErrorQueue("receipts")[0].Reason)
				ts.Queue("answers")
				ts.Raw("receipts", &parley.Message{ReplyTo: "answers", CorrelationID: "c2"})
				require.Equal(t, []string{"receipts c2"}, parleytest.Published[string](ts, "answers"))
			})
		}
	})
	require.Len(t, before.queues, 3*8)
	conn, err := before.Transport.Connect(t.Context(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {}})
	require.NoError(t, err)
	defer func() { require.NoError(t, conn.Close(context.Background())) }()
	for queue := range before.queues {
		_, err := conn.(transport.QueueInspector).Depth(t.Context(), queue)
		require.ErrorContains(t, err, "NOT_FOUND", queue)
	}
}

// wire notes the queues that are declared at the broker.
type wire struct {
	transport.Transport
	mu     sync.Mutex
	queues map[string]bool
}

func (w *wire) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	c, err := w.Transport.Connect(ctx, s)
	return &wireConn{c.(everything), w}, err
}

func (w *wire) note(queue string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queues[queue] = true
}

// everything is what a connection to RabbitMQ can do.
type everything interface {
	transport.Conn
	transport.QueueDeclarer
	transport.QueueInspector
	transport.ReplyClassifier
	transport.DurableReplies
	transport.Remover
}

type wireConn struct {
	everything
	wire *wire
}

func (c *wireConn) Subscribe(ctx context.Context, s transport.Subscription) (transport.Consumer, error) {
	c.wire.note(s.Topology.Queue.Name)
	c.wire.note(s.Topology.ErrorQueue)
	return c.everything.Subscribe(ctx, s)
}

func (c *wireConn) DeclareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	c.wire.note(q.Name)
	return c.everything.DeclareQueue(ctx, q)
}

// One environment variable runs a test on RabbitMQ, through a network that can
// be cut.
func TestEnvironment(t *testing.T) {
	u, err := url.Parse(rabbittest.URL(t))
	require.NoError(t, err)
	t.Setenv(parleytest.EnvURL, u.String())
	app := newApp()
	app.Subscriber("orders.place", place)
	ts := parleytest.Start(t, app)
	receipt, err := parleytest.Request[Receipt](ts, "orders.place", order)
	require.NoError(t, err)
	require.Equal(t, Receipt{"o1", 200}, receipt)
	require.NotEqual(t, "memory", app.Health().Connections[0].Name)
	require.Equal(t, "orders.place", app.Health().Subscribers[0].Queue)
	for range 2 {
		ts.Broker().Disconnect()
		receipt, err = parleytest.Request[Receipt](ts, "orders.place", order)
		require.NoError(t, err)
		require.Equal(t, Receipt{"o1", 200}, receipt)
	}
	ts.Publish("orders.place", order)
	ts.Subscriber("orders.place").Times(4)
}

// The name of a reply queue that the transport is given stays as it is.
func TestReplyQueueOfTheTransport(t *testing.T) {
	t.Parallel()
	app := newApp()
	app.Subscriber("orders.place", place)
	ts := parleytest.Start(t, app, parleytest.On(rabbitmq.New(rabbittest.URL(t), rabbitmq.ReplyQueue(t.Name()))))
	_, err := parleytest.Request[Receipt](ts, "orders.place", order)
	require.NoError(t, err)
	require.Equal(t, t.Name(), replyAddress(ts))
}

// With plain names the broker has what the app declares, and keeps it.
func TestPlainNames(t *testing.T) {
	t.Parallel()
	below := &wire{Transport: rabbitmq.New(rabbittest.URL(t)), queues: map[string]bool{}}
	app := newApp()
	app.Subscriber("plain.names", func(string) {})
	ts := parleytest.Start(t, app, parleytest.On(below), parleytest.PlainNames())
	ts.Publish("plain.names", "hello")
	ts.Subscriber("plain.names").CalledWith("hello").Handled()
	require.Equal(t, map[string]bool{"plain.names": true, "plain.names.error": true}, below.queues)
}
