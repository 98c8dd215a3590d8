package transporttest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needArguments(b Broker) bool { return b.Features.Arguments }

func needExclusive(b Broker) bool { return b.Features.Exclusive }

var declareCases = []testCase{
	{
		name:    "declare/again",
		promise: "Subscribe declares what s owns: what exists already with the same arguments is taken as it is.",
		run: func(e *env) {
			s := e.onQueue("q")
			c := e.connect()
			c.declare(s)
			c.put(s.Queue.Name, "kept")
			e.connect().declare(s)
			require.Equal(e.t, "kept", string(c.collect(s).next().Body))
		},
	},
	{
		name:    "declare/other arguments",
		promise: "A refused declaration is returned at once: a PermanentError that names the queue.",
		needs:   needArguments,
		run: func(e *env) {
			c := e.connect()
			c.declare(e.onQueue("q", topology.MessageTTL(time.Hour)))
			refused(e, c, e.onQueue("q", topology.MessageTTL(time.Minute)), e.name("q"))
			refused(e, c, e.onQueue("q"), e.name("q"))
			c.put(e.name("q"), "the connection lives on")
		},
	},
	{
		name:    "declare/not durable",
		promise: "A refused declaration is returned at once: a PermanentError that names the queue.",
		needs:   needArguments,
		run: func(e *env) {
			c := e.connect()
			c.declare(e.onQueue("q"))
			refused(e, c, e.onQueue("q", topology.Durable(false)), e.name("q"))
		},
	},
	{
		name:    "declare/classic type",
		promise: "Classic declares x-queue-type classic. RabbitMQ treats a queue without the argument as equivalent.",
		needs:   needArguments,
		run: func(e *env) {
			c := e.connect()
			c.declare(e.onQueue("q"))
			c.declare(e.onQueue("q", topology.Classic()))
		},
	},
	{
		name:    "declare/exchange of another kind",
		promise: "A refused declaration is returned at once: a PermanentError that names the exchange.",
		needs:   needExchanges,
		run: func(e *env) {
			c := e.connect()
			x := topology.Topic(e.name("x"), topology.AutoDelete())
			c.collect(e.onExchange(x, "q", topology.Bind("#")))
			other := topology.Direct(x.Name, topology.AutoDelete())
			refused(e, c, e.onExchange(other, "other", topology.Bind("k")), x.Name)
			notSent(e, c, other)
			_, err := e.Transport.Connect(e.ctx, c.settings([]topology.Exchange{other}))
			requirePermanent(e, err, x.Name)
			c.emit(x, "k", "the connection lives on")
		},
	},
	{
		name:    "declare/exchange of an unknown kind",
		promise: "A refused declaration is returned at once: a PermanentError that names the exchange. What others do goes on.",
		needs:   needExchanges,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			k := c.collect(s)
			x := topology.NewExchange("x-no-such-kind", e.name("x"))
			refused(e, c, e.onExchange(x, "other", topology.Bind("k")), x.Name)
			notSent(e, c, x)
			_, err := e.Transport.Connect(e.ctx, c.settings([]topology.Exchange{x}))
			requirePermanent(e, err, x.Name)
			c.put(s.Queue.Name, "the others go on")
			require.Equal(e.t, "the others go on", string(k.next().Body))
		},
	},
	{
		name:    "declare/exchanges of the settings",
		promise: "Exchanges are declared (or, where passive, checked) before Connect returns.",
		needs:   needExchanges,
		run: func(e *env) {
			x := topology.Fanout(e.name("x"), topology.AutoDelete())
			e.connect(x)
			c := e.connect(topology.Fanout(x.Name, topology.Passive()))
			// Bound and unbound again, the exchange deletes itself.
			c.collect(e.onExchange(x, "q"))
		},
	},
	{
		name:    "declare/error queue",
		promise: "ErrorQueue is the durable queue that takes what cannot be processed; it is declared with its subscriber.",
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			c.collect(s)
			c.put(s.ErrorQueue, "failed")
			got := c.collect(e.resolve(s.ErrorQueue, "", topology.ErrorQueueReader()))
			require.Equal(e.t, "failed", string(got.next().Body))
		},
	},
	{
		name:    "declare/passive queue missing",
		promise: "Passive declares nothing and checks that everything exists.",
		run: func(e *env) {
			c := e.connect()
			refused(e, c, e.onQueue("q", topology.Passive()), e.name("q"))
			require.ErrorIs(e.t, c.send(toQueue(e.name("q"), "x")), transport.ErrNoRoute)
		},
	},
	{
		name:    "declare/passive error queue missing",
		promise: "Passive declares nothing and checks that everything exists, the error queue too.",
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			bare := s
			bare.ErrorQueue = ""
			c.declare(bare)
			s.Passive = true
			refused(e, c, s, s.ErrorQueue)
		},
	},
	{
		name:    "declare/passive on what exists",
		promise: "Passive declares nothing: an existing queue serves, whatever its arguments.",
		run: func(e *env) {
			c := e.connect()
			c.declare(e.onQueue("q", topology.MessageTTL(time.Hour)))
			got := c.collect(e.onQueue("q", topology.Passive()))
			c.put(e.name("q"), "x")
			require.Equal(e.t, "x", string(got.next().Body))
		},
	},
	{
		name:    "declare/passive exchange missing",
		promise: "Passive checks that the exchange exists instead of declaring it.",
		needs:   needExchanges,
		run: func(e *env) {
			c := e.connect()
			x := topology.Topic(e.name("absent"), topology.Passive())
			_, err := e.Transport.Connect(e.ctx, c.settings([]topology.Exchange{x}))
			requirePermanent(e, err, x.Name)
			refused(e, c, e.onExchange(x, "q", topology.Bind("#")), x.Name)
			notSent(e, c, x)
			c.declare(e.onQueue("other"))
			c.put(e.name("other"), "the connection lives on")
		},
	},
	{
		name:    "declare/exclusive ends with its connection",
		promise: "Exclusive declares a queue that only this connection may use and that goes away with it.",
		needs:   needExclusive,
		run: func(e *env) {
			owner, other := e.connect(), e.connect()
			got := owner.collect(e.onQueue("q", topology.Exclusive()))
			other.put(e.name("q"), "x")
			got.next()
			require.NoError(e.t, owner.Close(e.ctx))
			e.eventually("the queue is gone", func() bool {
				p := toQueue(e.name("q"), "y")
				c, err := other.Publish(e.ctx, p)
				return err == nil && transport.Wait(e.ctx, c) != nil
			})
			require.ErrorIs(e.t, other.send(toQueue(e.name("q"), "z")), transport.ErrNoRoute)
		},
	},
}

// eventually asks until the condition holds or the case's time is up.
func (e *env) eventually(what string, holds func() bool) {
	e.t.Helper()
	const pause = 5 * time.Millisecond
	require.Eventually(e.t, holds, patience, pause, what)
}

// refused subscribes to s and expects a permanent error that names name.
func refused(e *env, c *conn, s topology.Subscription, name string) {
	e.t.Helper()
	_, err := c.Subscribe(e.ctx, transport.Subscription{
		Topology: s, Prefetch: 1, Workers: 1,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
	})
	requirePermanent(e, err, name)
}

func requirePermanent(e *env, err error, name string) {
	e.t.Helper()
	var permanent *transport.PermanentError
	require.ErrorAs(e.t, err, &permanent)
	require.ErrorContains(e.t, err, name)
}

// notSent publishes to an exchange that the broker does not grant.
func notSent(e *env, c *conn, x topology.Exchange) {
	e.t.Helper()
	_, err := c.Publish(e.ctx, &transport.Publication{Message: text("x"), Exchange: &x, Key: "k"})
	require.ErrorIs(e.t, err, transport.ErrNotSent)
	requirePermanent(e, err, x.Name)
}
