package memory_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// world is a broker with one connection to it.
type world struct {
	*memory.Broker
	transport.Conn
	t       *testing.T
	replies chan *transport.Message
}

func newWorld(t *testing.T, opts ...memory.Option) *world {
	t.Helper()
	b := memory.New(opts...)
	w := connect(t, b, b)
	w.Broker = b
	return w
}

func connect(t *testing.T, b *memory.Broker, via transport.Transport) *world {
	t.Helper()
	w := &world{Broker: b, t: t, replies: make(chan *transport.Message, 100)}
	var err error
	w.Conn, err = via.Connect(context.Background(), transport.Settings{
		Logger: slog.New(slog.DiscardHandler), OnReply: func(m *transport.Message) { w.replies <- m },
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Close(context.Background())) })
	return w
}

// queue is a durable queue with what values add.
func (w *world) queue(name string, values ...topology.Value) topology.Subscription {
	w.t.Helper()
	address, err := topology.ParseTemplate(name)
	require.NoError(w.t, err)
	s, err := topology.Resolve("test", address, append(values, topology.Queue(name), topology.ErrorQueueReader())...)
	require.NoError(w.t, err)
	s.ErrorQueue = ""
	return s
}

func (w *world) subscribe(s topology.Subscription, prefetch, workers int, handle func(context.Context, *transport.Message) transport.Verdict) transport.Consumer {
	w.t.Helper()
	c, err := w.Subscribe(context.Background(), transport.Subscription{
		Topology: s, Prefetch: prefetch, Workers: workers, Handle: handle,
	})
	require.NoError(w.t, err)
	return c
}

// declare leaves what s owns without a consumer.
func (w *world) declare(name string, values ...topology.Value) {
	w.t.Helper()
	c := w.subscribe(w.queue(name, values...), 1, 1, verdict(transport.Return))
	require.NoError(w.t, c.Stop(context.Background()))
}

func verdict(v transport.Verdict) func(context.Context, *transport.Message) transport.Verdict {
	return func(context.Context, *transport.Message) transport.Verdict { return v }
}

// send publishes m to a queue and returns the outcome.
func (w *world) send(queue string, m *transport.Message) error {
	w.t.Helper()
	c, err := w.Publish(context.Background(), &transport.Publication{Message: m, Key: queue, Mandatory: true})
	require.NoError(w.t, err)
	return transport.Wait(context.Background(), c)
}

func (w *world) put(queue string, bodies ...string) {
	w.t.Helper()
	for _, body := range bodies {
		require.NoError(w.t, w.send(queue, text(body)))
	}
}

// bodies are what is ready in a queue.
func (w *world) bodies(queue string) []string {
	var all []string
	for _, m := range w.Peek(queue) {
		all = append(all, string(m.Body))
	}
	return all
}

func text(body string) *transport.Message { return &transport.Message{Body: []byte(body)} }
