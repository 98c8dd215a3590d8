package parley_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// patience bounds every wait of a test; it is no expectation about speed.
const patience = time.Minute

// world is a transport on which one test runs, with names of its own.
type world struct {
	*testing.T
	transport transport.Transport
	name      string
	log       *logRecord
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
	name := strings.NewReplacer("/", ".", "#", "-", " ", "_").Replace(t.Name())
	return &world{T: t, transport: tr, name: name, log: &logRecord{}}
}

// at returns an address that no other test uses.
func (w *world) at(address string) string { return w.name + "." + address }

// app returns an app on the world's transport.
func (w *world) app(opts ...parley.Option) *parley.App {
	base := []parley.Option{
		parley.Info(w.name, "1.0.0"),
		parley.Logger(slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))),
	}
	return parley.New(w.transport, append(base, opts...)...)
}

// start runs the app until the test ends.
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

// ctx bounds one step of a test.
func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	return ctx
}

// longCtx bounds a step with thousands of messages.
func (w *world) longCtx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), 4*patience)
	w.Cleanup(cancel)
	return ctx
}

// inTime runs a step that ends with its limit, and in which something has to
// happen before: where that came too late for a short limit, the next one is
// longer.
func (w *world) inTime(step func(limit time.Duration) (enough bool)) {
	w.Helper()
	for limit := 300 * time.Millisecond; !step(limit); limit *= 2 {
		require.Less(w, limit, patience, "no limit was long enough")
	}
}

// logged waits until an app has logged text.
func (w *world) logged(text string) {
	w.Helper()
	require.Eventually(w, func() bool { return strings.Contains(w.log.String(), text) }, patience, time.Millisecond, text)
}

// client is a connection below parley: what a peer that nobody here wrote
// would send and see.
func (w *world) client() (transport.Conn, <-chan *parley.Message) {
	w.Helper()
	replies := make(chan *parley.Message, 100)
	conn, err := w.transport.Connect(w.ctx(), transport.Settings{
		Logger:  slog.New(slog.DiscardHandler),
		OnReply: func(m *parley.Message) { replies <- m },
	})
	require.NoError(w, err)
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		require.NoError(w, conn.Close(ctx))
	})
	return conn, replies
}

// inbox is a client with an inbox, where heard arrives.
func (w *world) inbox() (conn transport.Conn, address string, heard <-chan *parley.Message) {
	w.Helper()
	conn, heard = w.client()
	inbox, err := conn.(transport.Inboxes).Inbox(w.ctx())
	require.NoError(w, err)
	return conn, inbox.Address, heard
}

// publish sends a raw message to a queue and waits until it is stored.
func (w *world) publish(conn transport.Conn, queue string, m *parley.Message) {
	w.Helper()
	c, err := conn.Publish(w.ctx(), &transport.Publication{Message: m, Key: queue, Mandatory: true})
	require.NoError(w, err)
	require.NoError(w, transport.Wait(w.ctx(), c))
}

// collect consumes a queue raw, an error queue too.
func (w *world) collect(queue string, values ...topology.Value) <-chan *parley.Message {
	w.Helper()
	conn, _ := w.client()
	got := make(chan *parley.Message, 100)
	_, err := conn.Subscribe(w.ctx(), rawSubscription(w, queue, func(m *parley.Message) transport.Verdict {
		got <- m
		return transport.Ack
	}, values...))
	require.NoError(w, err)
	return got
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

// nothing asserts that no value is there now.
func nothing[T any](w *world, c <-chan T) {
	w.Helper()
	select {
	case v := <-c:
		w.Fatalf("wanted nothing, got %v", v)
	default:
	}
}

// logRecord keeps what an app logs.
type logRecord struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logRecord) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logRecord) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
