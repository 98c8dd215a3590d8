package transporttest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var settleCases = []testCase{
	{
		name:    "settle/ack",
		promise: "Ack removes the message from its queue.",
		run: func(e *env) {
			settledForGood(e, transport.Ack)
		},
	},
	{
		name:    "settle/reject without dead-letter exchange",
		promise: "Reject gives it to the queue's dead-letter exchange, or drops it where there is none.",
		run: func(e *env) {
			settledForGood(e, transport.Reject)
		},
	},
	{
		name:    "settle/requeue",
		promise: "Requeue puts it back after a failure. Redelivered is true when the broker may have delivered the message before.",
		run: func(e *env) {
			putBack(e, transport.Requeue)
		},
	},
	{
		name:    "settle/return",
		promise: "Return puts it back untouched. Redelivered is true when the broker may have delivered the message before.",
		run: func(e *env) {
			putBack(e, transport.Return)
		},
	},
	{
		name:    "settle/requeued message keeps its place",
		promise: "Requeue puts it back: where it was, before what came later.",
		run:     requeueKeepsPlace,
	},
	{
		name:    "settle/reject with dead-letter exchange",
		promise: "Reject gives it to the queue's dead-letter exchange.",
		needs:   func(b Broker) bool { return b.Features.DeadLetter },
		run:     rejectDeadLetters,
	},
	{
		name:    "settle/dead letter keeps its key",
		promise: "An empty dead-letter key keeps the message's own routing key.",
		needs:   func(b Broker) bool { return b.Features.DeadLetter && b.Features.Exchanges },
		run: func(e *env) {
			c := e.connect()
			graves := topology.Direct(e.name("graves"), topology.AutoDelete())
			dead := c.collect(e.onExchange(graves, "dead", topology.Bind(e.name("q"))))
			c.collectWith(e.onQueue("q", topology.DeadLetter(graves.Name, "")), transport.Reject)
			c.put(e.name("q"), "x")
			got := dead.next()
			require.Equal(e.t, graves.Name, got.Exchange)
			require.Equal(e.t, e.name("q"), got.Address)
		},
	},
}

// settledForGood gives v to one message and looks for it again.
func settledForGood(e *env, v transport.Verdict) {
	e.t.Helper()
	c := e.connect()
	s := e.onQueue("q")
	first := c.collectWith(s, v)
	c.put(s.Queue.Name, "gone")
	require.Equal(e.t, "gone", string(first.next().Body))
	require.NoError(e.t, first.Stop(e.ctx))
	c.put(s.Queue.Name, "marker")
	got := c.collect(s).next()
	require.Equal(e.t, "marker", string(got.Body))
	require.False(e.t, got.Redelivered)
}

// putBack gives v to the first delivery of a message.
func putBack(e *env, v transport.Verdict) {
	e.t.Helper()
	c := e.connect()
	seen := make(chan *transport.Message, 10)
	c.consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		seen <- m
		if m.Redelivered {
			return transport.Ack
		}
		return v
	})
	p := toQueue(e.name("q"), "again")
	p.Message.ID = "the one"
	require.NoError(e.t, c.send(p))
	first, second := receive(e, seen, "a delivery"), receive(e, seen, "another delivery")
	require.False(e.t, first.Redelivered)
	require.True(e.t, second.Redelivered)
	require.Equal(e.t, "again", string(second.Body))
	require.Equal(e.t, "the one", second.ID)
}

func requeueKeepsPlace(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	for _, body := range []string{"1", "2", "3"} {
		c.put(s.Queue.Name, body)
	}
	bodies := make(chan string, 10)
	c.consume(s, 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		bodies <- string(m.Body)
		if m.Redelivered {
			return transport.Ack
		}
		return transport.Requeue
	})
	for _, want := range []string{"1", "1", "2", "2", "3", "3"} {
		require.Equal(e.t, want, receive(e, bodies, "a delivery"))
	}
}

func rejectDeadLetters(e *env) {
	c := e.connect()
	dead := c.collect(e.onQueue("dead"))
	s := e.onQueue("q", topology.DeadLetter("", e.name("dead")))
	c.collectWith(s, transport.Reject)
	p := toQueue(s.Queue.Name, "bad")
	p.Message.ID = "the one"
	p.Message.SetHeader("tenant", "acme")
	require.NoError(e.t, c.send(p))
	got := dead.next()
	require.Equal(e.t, "bad", string(got.Body))
	require.Equal(e.t, "the one", got.ID)
	require.Equal(e.t, e.name("dead"), got.Address)
	require.Equal(e.t, "acme", got.Headers["tenant"])
	requireDeath(e, got, "rejected", s.Queue.Name)
}

// requireDeath looks at the newest entry of the header x-death.
//
// Source: https://www.rabbitmq.com/docs/dlx#effects
func requireDeath(e *env, m *transport.Message, reason, queue string) {
	e.t.Helper()
	deaths, ok := m.Headers["x-death"].([]any)
	require.True(e.t, ok, "x-death arrived as %T", m.Headers["x-death"])
	require.NotEmpty(e.t, deaths)
	death, ok := deaths[0].(map[string]any)
	require.True(e.t, ok, "an entry of x-death arrived as %T", deaths[0])
	require.Equal(e.t, reason, death["reason"])
	require.Equal(e.t, queue, death["queue"])
	require.Equal(e.t, int64(1), death["count"])
	require.Empty(e.t, death["exchange"])
	require.Equal(e.t, []any{queue}, death["routing-keys"])
	require.Contains(e.t, death, "time")
	require.Equal(e.t, reason, m.Headers["x-first-death-reason"])
	require.Equal(e.t, queue, m.Headers["x-first-death-queue"])
}
