package parley_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// patient is a service whose handler fails until it is cured.
type patient struct {
	*world
	app     *parley.App
	cured   atomic.Bool
	handled chan string
	errors  *parley.FailedQueue
}

// newPatient starts the service with n messages in its error queue, which have
// the ids "0", "1", … and the same bodies.
func newPatient(w *world, n int) *patient {
	w.Helper()
	p := &patient{world: w, app: w.app(), handled: make(chan string, 4096)}
	p.app.Subscriber(w.at("q"), p.handle, parley.Concurrency(1))
	q := p.app.Publisher(w.at("q"))
	w.start(p.app)
	var err error
	p.errors, err = p.app.ErrorQueue(w.at("q"))
	require.NoError(w, err)
	for i := range n {
		require.NoError(w, q.Publish(w.ctx(), fmt.Sprint(i), parley.MessageID(fmt.Sprint(i)), parley.Header("x-kept", "yes")))
	}
	p.depth(n)
	return p
}

func (p *patient) handle(s string) error {
	if !p.cured.Load() {
		return parley.NewError(parley.CodeUnavailable, "not today: "+s)
	}
	p.handled <- s
	return nil
}

// depth waits until the error queue has n messages.
func (p *patient) depth(n int) {
	p.Helper()
	deep(p.world, p.errors, n)
}

func deep(w *world, q *parley.FailedQueue, n int) {
	w.Helper()
	require.Eventually(w, func() bool {
		got, err := q.Depth(w.ctx())
		return err == nil && got == n
	}, patience, 5*time.Millisecond, "wanted a depth of %d", n)
}

// ids lists the queue.
func (p *patient) ids() []string {
	p.Helper()
	all, err := p.errors.List(p.ctx(), 0)
	require.NoError(p, err)
	ids := make([]string, len(all))
	for i, f := range all {
		ids[i] = f.Message.ID
	}
	return ids
}

func TestErrorQueueIsListed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		began := time.Now().Truncate(time.Second)
		p := newPatient(w, 3)
		require.Equal(w, w.at("q.error"), p.errors.Name())
		for range 2 {
			require.Equal(w, []string{"0", "1", "2"}, p.ids(), "they stay, in their order")
		}
		two, err := p.errors.List(w.ctx(), 2)
		require.NoError(w, err)
		require.Len(w, two, 2)
		f := two[1]
		require.Equal(w, "1", string(f.Message.Body))
		require.Equal(w, parley.CodeUnavailable, f.Code)
		require.Equal(w, "not today: 1", f.Reason)
		require.Equal(w, 1, f.Attempt)
		require.Equal(w, w.at("q"), f.Address)
		require.Empty(w, f.Exchange)
		require.Contains(w, f.Handler, "handle")
		require.False(w, f.Time.Before(began), "%s is before %s", f.Time, began)

		one, err := p.errors.Inspect(w.ctx(), "2")
		require.NoError(w, err)
		require.Equal(w, "not today: 2", one.Reason)
		_, err = p.errors.Inspect(w.ctx(), "3")
		require.ErrorIs(w, err, parley.ErrNoFailedMessage)
		require.ErrorContains(w, err, `"3"`)
		require.Equal(w, []string{"0", "1", "2"}, p.ids())

		n, err := p.errors.Purge(w.ctx())
		require.NoError(w, err)
		require.Equal(w, 3, n)
		require.Empty(w, p.ids())
	})
}

func TestErrorQueueNeedsARunningApp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(string) {})
		q, err := app.ErrorQueue(w.at("q"))
		require.NoError(w, err)
		all := func(want error) {
			w.Helper()
			_, err := q.List(w.ctx(), 0)
			require.ErrorIs(w, err, want)
			_, err = q.Inspect(w.ctx(), "1")
			require.ErrorIs(w, err, want)
			_, err = q.Depth(w.ctx())
			require.ErrorIs(w, err, want)
			_, err = q.Purge(w.ctx())
			require.ErrorIs(w, err, want)
			_, err = q.Replay(w.ctx(), nil)
			require.ErrorIs(w, err, want)
			require.ErrorIs(w, q.ReplayOne(w.ctx(), "1"), want)
			require.ErrorContains(w, err, w.at("q.error"))
		}
		all(parley.ErrNotStarted)
		require.NoError(w, app.Start(w.ctx()))
		_, err = q.List(w.ctx(), 0)
		require.NoError(w, err)
		require.NoError(w, app.Stop(w.ctx()))
		all(parley.ErrStopped)
	})
}

func TestErrorQueueThatDoesNotExist(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.start(w.app())
		q, err := app.ErrorQueue(w.at("absent"))
		require.NoError(w, err)
		_, err = q.List(w.ctx(), 0)
		var permanent *transport.PermanentError
		require.ErrorAs(w, err, &permanent)
		require.ErrorContains(w, err, w.at("absent.error"))
		_, err = q.Replay(w.ctx(), nil)
		require.ErrorAs(w, err, &permanent)
	})
}

func TestErrorQueueByName(t *testing.T) {
	t.Parallel()
	app := parley.New(memory.New(), parley.Info("shop", "1"))
	app.Subscriber("orders.{tenant}.placed", func(string) {}, parley.From(topology.Topic("events"), topology.Queue("placed")))
	app.Subscriber("twice", func(string) {}, parley.From(topology.Topic("a")))
	app.Subscriber("twice", func(string) {}, parley.From(topology.Topic("b")))
	app.Subscriber("read.error", func(string) {}, parley.From(topology.ErrorQueueReader()))
	require.NoError(t, app.Err())
	for name, want := range map[string]string{
		"orders.{tenant}.placed": "placed.error",
		"placed":                 "placed.error",
		"placed.error":           "placed.error",
		"shop.a.twice":           "shop.a.twice.error",
		"read.error":             "read.error",
		"read.error.error":       "read.error.error",
		"elsewhere":              "elsewhere.error",
		"elsewhere.error":        "elsewhere.error",
	} {
		q, err := app.ErrorQueue(name)
		require.NoError(t, err)
		require.Equal(t, want, q.Name(), name)
	}
	for name, fragment := range map[string]string{
		"":             "an empty one",
		"twice":        `hint: name the queue: app.ErrorQueue("shop.a.twice.error")`,
		"orders.{id}.": "wanted an address of a subscriber or a queue",
	} {
		_, err := app.ErrorQueue(name)
		require.ErrorContains(t, err, fragment)
	}
}

// Messages that the broker moved, and those that somebody else put there, are
// listed with what is known of them.
func TestErrorQueueWithForeignMessages(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.start(w.app())
		conn, _ := w.client()
		source, dead := w.at("source"), w.at("source.error")
		sub := rawSubscription(w, source, func(*parley.Message) transport.Verdict { return transport.Reject })
		sub.Topology.Queue.Arguments = topology.Arguments{topology.ArgDeadLetterExchange: "", topology.ArgDeadLetterRoutingKey: dead}
		k, err := conn.Subscribe(w.ctx(), sub)
		require.NoError(w, err)
		w.publish(conn, source, &parley.Message{ID: "rejected", Body: []byte("x")})
		q, err := app.ErrorQueue(source)
		require.NoError(w, err)
		deep(w, q, 1)
		require.NoError(w, k.Stop(w.ctx()))
		w.publish(conn, dead, &parley.Message{ID: "malformed", Headers: parley.Headers{
			parley.HeaderFailureCode: 7, parley.HeaderFailureTime: "yesterday", parley.HeaderFailureAttempt: "many",
			parley.HeaderFailureAddress: []byte("elsewhere"), "x-death": "none",
		}})
		w.publish(conn, dead, &parley.Message{ID: "bare"})

		all, err := q.List(w.ctx(), 0)
		require.NoError(w, err)
		require.Len(w, all, 3)
		require.Equal(w, "rejected", all[0].Reason)
		require.Equal(w, source, all[0].Address)
		require.False(w, all[0].Time.IsZero())
		require.Empty(w, all[1].Code)
		require.True(w, all[1].Time.IsZero())
		require.Zero(w, all[1].Attempt)
		require.Equal(w, "elsewhere", all[1].Address)
		require.Equal(w, source, all[2].Address, "where it must have come from")

		require.NoError(w, q.ReplayOne(w.ctx(), "rejected"))
		require.NoError(w, q.ReplayOne(w.ctx(), "bare"))
		got := make(chan *parley.Message, 2)
		sub.Topology.Passive = true
		sub.Handle = func(_ context.Context, m *parley.Message) transport.Verdict {
			got <- m
			return transport.Ack
		}
		_, err = conn.Subscribe(w.ctx(), sub)
		require.NoError(w, err)
		m := next(w, got)
		require.Equal(w, "rejected", m.ID)
		require.NotContains(w, m.Headers, "x-death")
		require.Equal(w, "bare", next(w, got).ID)
	})
}

// A broker that counts deliveries drops a message at its limit. Looking at an
// error queue again and again must not come to that.
func TestLookingLosesNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.start(w.app())
		conn, _ := w.client()
		source, dead := w.at("source"), w.at("source.error")
		d, ok := conn.(transport.QueueDeclarer)
		require.True(w, ok)
		require.NoError(w, d.DeclareQueue(w.ctx(), topology.QueueDeclaration{
			Name: dead, Durable: true,
			Arguments: topology.Arguments{
				topology.ArgQueueType: topology.TypeQuorum, topology.ArgDeliveryLimit: int64(topology.DefaultDeliveryLimit),
			},
		}))
		w.publish(conn, dead, &parley.Message{ID: "1", Body: []byte("x"), Headers: parley.Headers{
			"mine": "kept", parley.HeaderFailureReason: "why", parley.HeaderFailureAddress: source,
		}})
		q, err := app.ErrorQueue(source)
		require.NoError(w, err)
		for range 2*topology.DefaultDeliveryLimit + 5 {
			deep(w, q, 1)
			f, err := q.Inspect(w.ctx(), "1")
			require.NoError(w, err)
			require.Equal(w, "x", string(f.Message.Body))
			require.Equal(w, "why", f.Reason)
			require.Equal(w, source, f.Address)
			require.Equal(w, "kept", f.Message.Header("mine"))
		}
	})
}

// unable hides what a connection can do beside the contract.
type unable struct{ transport.Transport }

func (u unable) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	c, err := u.Transport.Connect(ctx, s)
	return struct{ transport.Conn }{c}, err
}

func TestErrorQueueOnATransportThatCannot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, unable{memory.New()})
	q, err := w.start(w.app()).ErrorQueue("q")
	require.NoError(t, err)
	_, err = q.List(w.ctx(), 0)
	require.ErrorContains(t, err, "wanted a transport that can look into a queue")
}
