package rabbitmq_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// patience is far above what any step takes on a busy machine.
const patience = 45 * time.Second

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// logged collects what a connection logs.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *logged) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func settings() transport.Settings {
	return transport.Settings{App: "test", Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {}}
}

// connect returns a connection that is closed when the test ends.
func connect(t *testing.T, s transport.Settings, url string, options ...rabbitmq.Option) transport.Conn {
	t.Helper()
	c, err := rabbitmq.New(url, options...).Connect(within(t, patience), s)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close(within(t, patience))) })
	return c
}

// queue is a subscription to a durable queue with a name of the test's own.
func queue(t *testing.T) topology.Subscription {
	t.Helper()
	name := "test." + rand.Text()
	s, err := topology.Resolve("", mustTemplate(t, name))
	require.NoError(t, err)
	return s
}

func mustTemplate(t *testing.T, text string) topology.Template {
	t.Helper()
	address, err := topology.ParseTemplate(text)
	require.NoError(t, err)
	return address
}

// collect consumes s and hands on the bodies.
func collect(t *testing.T, c transport.Conn, s topology.Subscription) (transport.Consumer, <-chan string) {
	t.Helper()
	bodies := make(chan string, 10000)
	k, err := c.Subscribe(within(t, patience), transport.Subscription{
		Topology: s, Prefetch: 10, Workers: 2,
		Handle: func(_ context.Context, m *transport.Message) transport.Verdict {
			bodies <- string(m.Body)
			return transport.Ack
		},
	})
	require.NoError(t, err)
	return k, bodies
}

func publish(ctx context.Context, c transport.Conn, key, body string) error {
	conf, err := c.Publish(ctx, &transport.Publication{Message: &transport.Message{Body: []byte(body)}, Key: key, Mandatory: true})
	if err != nil {
		return err
	}
	return transport.Wait(ctx, conf)
}

// publishUntilStored repeats what a fault may have swallowed.
func publishUntilStored(t *testing.T, c transport.Conn, key, body string) {
	t.Helper()
	require.Eventually(t, func() bool { return publish(within(t, patience), c, key, body) == nil }, patience, 10*time.Millisecond)
}

func awaitBody(t *testing.T, bodies <-chan string, want string) {
	t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case got := <-bodies:
			if got == want {
				return
			}
		case <-deadline:
			require.FailNow(t, "waited in vain for "+want)
		}
	}
}

func await[T any](t *testing.T, ch <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(patience):
		require.FailNow(t, "waited in vain for "+what)
	}
	return v
}

// admin returns a channel of the plain client library.
func admin(t *testing.T, url string) *amqp.Channel {
	t.Helper()
	conn, err := amqp.Dial(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) })
	ch, err := conn.Channel()
	require.NoError(t, err)
	return ch
}
