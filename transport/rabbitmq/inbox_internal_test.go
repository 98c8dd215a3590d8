package rabbitmq

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// waitingContext tells when somebody begins to wait for its end.
type waitingContext struct {
	context.Context
	waiting chan struct{}
	once    sync.Once
}

func (c *waitingContext) Done() <-chan struct{} {
	c.once.Do(func() { close(c.waiting) })
	return c.Context.Done()
}

func newWaitingContext(t *testing.T) *waitingContext {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 45*time.Second)
	t.Cleanup(cancel)
	return &waitingContext{Context: ctx, waiting: make(chan struct{})}
}

// wait waits for ch.
func (c *waitingContext) wait(t *testing.T, ch <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-ch:
	case <-c.Context.Done():
		require.FailNow(t, "waited in vain for "+what)
	}
}

// orphaned are a connection and the waits of a publication during which its inbox
// may go away.
type orphaned struct {
	*Conn
	queue string
	proxy *rabbittest.Proxy
}

func newOrphaned(t *testing.T) *orphaned {
	t.Helper()
	o := &orphaned{queue: "test." + rand.Text(), proxy: rabbittest.NewProxy(t, rabbittest.URL(t))}
	c, err := New(o.proxy.URL(), Backoff(time.Millisecond, 10*time.Millisecond)).Connect(newWaitingContext(t), transport.Settings{
		App: "test", Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {},
	})
	require.NoError(t, err)
	o.Conn = c.(*Conn)
	t.Cleanup(func() { require.NoError(t, c.Close(newWaitingContext(t))) })
	require.NoError(t, o.DeclareQueue(newWaitingContext(t), topology.QueueDeclaration{
		Name: o.queue, Durable: true, Arguments: topology.Arguments{topology.ArgExpires: int64(60_000)},
	}))
	return o
}

// arrived returns the reply address of the one message in the queue.
func (o *orphaned) arrived(t *testing.T) string {
	t.Helper()
	conn, err := amqp.Dial(rabbittest.URL(t))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	ch, err := conn.Channel()
	require.NoError(t, err)
	var d amqp.Delivery
	require.Eventually(t, func() bool {
		var ok bool
		d, ok, err = ch.Get(o.queue, true)
		return err == nil && ok
	}, 45*time.Second, time.Millisecond)
	return d.ReplyTo
}

// blocked holds publications back until the result is called.
func (o *orphaned) blocked(t *testing.T) (end func()) {
	t.Helper()
	s, err := o.publisher.session(t.Context())
	require.NoError(t, err)
	s.setBlocked(amqp.Blocking{Active: true, Reason: "test"})
	return func() { s.setBlocked(amqp.Blocking{}) }
}

// full holds back what needs a place in a window, for as long as anybody waits
// for one.
func (o *orphaned) full(kind int) func(t *testing.T) (end func()) {
	return func(t *testing.T) func() {
		t.Helper()
		s, err := o.publisher.session(t.Context())
		require.NoError(t, err)
		ln, err := s.lane(t.Context(), kind, nil)
		require.NoError(t, err)
		for i := range ln.windows.messages.places {
			ln.windows.messages.places[i].token <- struct{}{}
		}
		return func() {
			for i := range ln.windows.messages.places {
				<-ln.windows.messages.places[i].token
			}
		}
	}
}

// asks sends p as a request would, and returns where its replies come.
func (o *orphaned) asks(ctx context.Context) (transport.Inbox, error) {
	pending, err := o.Request(ctx, &transport.Publication{Message: &transport.Message{}, Key: o.queue})
	if err != nil {
		return transport.Inbox{}, err
	}
	return transport.Inbox{Lost: pending.Lost()}, nil
}

// publishes sends what names its inbox to the other side.
func (o *orphaned) publishes(ctx context.Context) (inbox transport.Inbox, err error) {
	_, err = o.Publish(ctx, &transport.Publication{Message: &transport.Message{}, Key: o.queue, Inbox: &inbox})
	return inbox, err
}

// A request that had to wait is answered at the inbox that lives when it leaves.
func TestAnInboxThatGoesWhileItsRequestWaits(t *testing.T) {
	t.Parallel()
	for name, pick := range map[string]func(o *orphaned) (send func(context.Context) (transport.Inbox, error), hold func(*testing.T) func()){
		"request, blocked": func(o *orphaned) (func(context.Context) (transport.Inbox, error), func(*testing.T) func()) {
			return o.asks, o.blocked
		},
		"request, no room": func(o *orphaned) (func(context.Context) (transport.Inbox, error), func(*testing.T) func()) {
			return o.asks, o.full(laneRequests)
		},
		"publication, blocked": func(o *orphaned) (func(context.Context) (transport.Inbox, error), func(*testing.T) func()) {
			return o.publishes, o.blocked
		},
		"publication, no room": func(o *orphaned) (func(context.Context) (transport.Inbox, error), func(*testing.T) func()) {
			return o.publishes, o.full(laneMessages)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOrphaned(t)
			send, hold := pick(o)
			dead, err := o.Inbox(t.Context())
			require.NoError(t, err)
			end := hold(t)
			ctx := newWaitingContext(t)
			var got transport.Inbox
			sent := make(chan struct{})
			go func() {
				defer close(sent)
				got, err = send(ctx)
			}()
			ctx.wait(t, ctx.waiting, "the publication")
			o.receiver.abort()
			ctx.wait(t, dead.Lost, "the loss of the inbox")
			end()
			ctx.wait(t, sent, "the end of the wait")
			require.NoError(t, err)
			select {
			case <-got.Lost:
				require.Fail(t, "it was sent with the address of a dead inbox")
			default:
			}
			living, err := o.Inbox(t.Context())
			require.NoError(t, err)
			require.NotEqual(t, dead.Address, living.Address)
			require.Equal(t, living.Address, o.arrived(t))
		})
	}
}

// Without an inbox nothing is sent.
func TestARequestWhoseInboxDoesNotComeBack(t *testing.T) {
	t.Parallel()
	o := newOrphaned(t)
	dead, err := o.Inbox(t.Context())
	require.NoError(t, err)
	end := o.blocked(t)
	ctx := newWaitingContext(t)
	cancellable, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, err = o.asks(cancellable)
	}()
	ctx.wait(t, ctx.waiting, "the request")
	o.proxy.Freeze()
	o.receiver.abort()
	ctx.wait(t, dead.Lost, "the loss of the inbox")
	end()
	cancel()
	ctx.wait(t, sent, "the end of the request")
	require.ErrorIs(t, err, transport.ErrNotSent)
	require.ErrorIs(t, err, context.Canceled)
	o.proxy.Thaw()
}
