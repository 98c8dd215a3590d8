package transporttest

import (
	"context"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// patience bounds a case, and separately its clean-up. It is far above what
// any step takes on a busy machine.
const patience = 2 * time.Minute

// env is the surroundings of one case.
type env struct {
	Broker
	t   *testing.T
	ctx context.Context
	id  string
	// queues are the names to delete at the end.
	queues []string
}

func newEnv(t *testing.T, b Broker) *env {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	e := &env{Broker: b, t: t, ctx: ctx, id: rand.Text()}
	t.Cleanup(e.deleteQueues)
	return e
}

func (e *env) deleteQueues() {
	if e.DeleteQueue == nil {
		return
	}
	for _, q := range e.queues {
		e.DeleteQueue(q)
	}
}

// name returns a name that no other case has.
func (e *env) name(part string) string { return "transporttest." + e.id + "." + part }

// onQueue is a subscription to the queue called part, without an exchange.
func (e *env) onQueue(part string, values ...topology.Value) topology.Subscription {
	e.t.Helper()
	return e.resolve(part, "", append(values, topology.Queue(e.name(part)))...)
}

// onExchange is a subscription to the queue called part that is bound to x.
func (e *env) onExchange(x topology.Exchange, part string, values ...topology.Value) topology.Subscription {
	e.t.Helper()
	return e.resolve(part, "", append(values, x, topology.Queue(e.name(part)))...)
}

func (e *env) resolve(part, app string, values ...topology.Value) topology.Subscription {
	e.t.Helper()
	address, err := topology.ParseTemplate(part)
	require.NoError(e.t, err)
	s, err := topology.Resolve(app, address, values...)
	require.NoError(e.t, err)
	e.queues = append(e.queues, s.ErrorQueue)
	if s.Queue.Name != "" {
		e.queues = append(e.queues, s.Queue.Name)
	}
	return s
}

// conn is a connection of one case.
type conn struct {
	transport.Conn
	e *env
	// replies receives what the connection hands to OnReply.
	replies chan *transport.Message
}

// connect returns a connection that is closed when the case ends.
func (e *env) connect(exchanges ...topology.Exchange) *conn {
	e.t.Helper()
	return e.connectWith(func(s *transport.Settings) { s.Exchanges = exchanges })
}

// connectWith is connect with settings of the case's own.
func (e *env) connectWith(change func(s *transport.Settings)) *conn {
	e.t.Helper()
	c := &conn{e: e, replies: make(chan *transport.Message, 1024)}
	s := c.settings(nil)
	change(&s)
	var err error
	c.Conn, err = e.Transport.Connect(e.ctx, s)
	require.NoError(e.t, err)
	e.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(e.t, c.Close(ctx))
	})
	return c
}

func (c *conn) settings(exchanges []topology.Exchange) transport.Settings {
	return transport.Settings{
		App:       "transporttest",
		Exchanges: exchanges,
		Logger:    slog.New(slog.DiscardHandler),
		OnReply:   func(m *transport.Message) { c.replies <- m },
	}
}

// send publishes p and waits for its outcome.
func (c *conn) send(p *transport.Publication) error {
	c.e.t.Helper()
	confirmation, err := c.Publish(c.e.ctx, p)
	require.NoError(c.e.t, err)
	return transport.Wait(c.e.ctx, confirmation)
}

// put stores a message with that body in a queue.
func (c *conn) put(queue, body string) {
	c.e.t.Helper()
	require.NoError(c.e.t, c.send(toQueue(queue, body)))
}

// emit publishes a message with that body to an exchange.
func (c *conn) emit(x topology.Exchange, key, body string) {
	c.e.t.Helper()
	require.NoError(c.e.t, c.send(&transport.Publication{Message: text(body), Exchange: &x, Key: key}))
}

// declare declares what s owns and leaves it without a consumer.
func (c *conn) declare(s topology.Subscription) {
	c.e.t.Helper()
	consumer, err := c.Subscribe(c.e.ctx, transport.Subscription{
		Topology: s, Prefetch: 1, Workers: 1,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Return },
	})
	require.NoError(c.e.t, err)
	require.NoError(c.e.t, consumer.Stop(c.e.ctx))
}

// consume subscribes with a handler of the case's own.
func (c *conn) consume(s topology.Subscription, prefetch, workers int, handle handleFunc) transport.Consumer {
	c.e.t.Helper()
	consumer, err := c.Subscribe(c.e.ctx, transport.Subscription{
		Topology: s, Prefetch: prefetch, Workers: workers, Handle: handle,
	})
	require.NoError(c.e.t, err)
	return consumer
}

type handleFunc = func(context.Context, *transport.Message) transport.Verdict

func text(body string) *transport.Message {
	return &transport.Message{Body: []byte(body), ContentType: "text/plain"}
}

func toQueue(queue, body string) *transport.Publication {
	return &transport.Publication{Message: text(body), Key: queue, Mandatory: true}
}

// collector acknowledges what arrives and keeps it.
type collector struct {
	transport.Consumer
	e        *env
	messages chan *transport.Message
}

// collect consumes s one message at a time.
func (c *conn) collect(s topology.Subscription) *collector {
	c.e.t.Helper()
	return c.collectWith(s, transport.Ack)
}

// collectWith consumes s one message at a time, giving each that verdict.
func (c *conn) collectWith(s topology.Subscription, v transport.Verdict) *collector {
	c.e.t.Helper()
	k := &collector{e: c.e, messages: make(chan *transport.Message, 4096)}
	k.Consumer = c.consume(s, 10, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		k.messages <- m
		return v
	})
	return k
}

// next returns the next message.
func (k *collector) next() *transport.Message {
	k.e.t.Helper()
	return receive(k.e, k.messages, "a message")
}

// bodies returns the bodies of the next n messages.
func (k *collector) bodies(n int) []string {
	k.e.t.Helper()
	got := make([]string, 0, n)
	for range n {
		got = append(got, string(k.next().Body))
	}
	return got
}

// receive returns what ch gives, or ends the test when the case's time is up.
func receive[T any](e *env, ch <-chan T, what string) T {
	e.t.Helper()
	select {
	case v := <-ch:
		return v
	case <-e.ctx.Done():
		require.FailNow(e.t, "waited in vain for "+what)
		panic("unreachable")
	}
}
