package transporttest

import (
	"context"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needDisconnect(b Broker) bool { return b.Disconnect != nil }

var recoveryCases = []testCase{
	{
		name:    "recovery/consumes again",
		promise: "It reconnects for ever after a lost connection and consumes again what was subscribed.",
		needs:   needDisconnect,
		run: func(e *env) {
			c := e.connect()
			got := c.collect(e.onQueue("q"))
			for _, body := range []string{"1", "2", "3"} {
				e.Disconnect()
				c.putAgain(e.name("q"), body)
				for string(got.next().Body) != body {
				}
				require.NoError(e.t, got.Ready(e.ctx))
				require.NoError(e.t, got.Err())
			}
		},
	},
	{
		name:    "recovery/session lost",
		promise: "A handler's context is cancelled when the delivery can no longer be settled, with the cause ErrSessionLost; the broker delivers it again, and the late verdict settles nothing.",
		needs:   needDisconnect,
		run:     sessionLost,
	},
	{
		name:    "recovery/late verdicts",
		promise: "It settles each delivery on the session that delivered it. A delivery whose session is gone is not settled: the broker delivers it again.",
		needs:   needDisconnect,
		run:     lateVerdicts,
	},
	{
		name:    "recovery/one worker",
		promise: "Workers bounds the running calls of Handle, over sessions too; the next delivery is handled when the late handler has returned.",
		needs:   needDisconnect,
		run:     oneWorkerOverSessions,
	},
	{
		name:    "recovery/exclusive queue",
		promise: "It consumes again what was subscribed: an exclusive queue is declared and bound anew.",
		needs:   func(b Broker) bool { return needDisconnect(b) && b.Features.Exchanges && b.Features.Exclusive },
		run: func(e *env) {
			c := e.connect()
			x := topology.Fanout(e.name("x"))
			got := c.collect(e.resolve("", e.name("app"), x, topology.Broadcast()))
			e.Disconnect()
			e.eventually("a broadcast is routed again", func() bool {
				confirmation, err := c.Publish(e.ctx, &transport.Publication{Message: text("x"), Exchange: &x, Mandatory: true})
				return err == nil && transport.Wait(e.ctx, confirmation) == nil
			})
			require.Equal(e.t, "x", string(got.next().Body))
		},
	},
	{
		name:    "recovery/requests",
		promise: "Lost is closed when no reply can arrive any more because the reply address went away with its session. The next request has an address that works.",
		needs:   func(b Broker) bool { return needDisconnect(b) && needSessionReplies(b) },
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("silent")
			c.declare(s)
			pending := c.ask(s.Queue.Name, "1", "x")
			e.connect().serve(e, "echo")
			e.Disconnect()
			receive(e, pending.Lost(), "the loss of the reply address")
			e.eventually("a request is answered again", func() bool { return c.answered(e.name("echo")) })
		},
	},
	{
		name:    "recovery/stop",
		promise: "Stop returns by the end of its context, whatever the broker does.",
		needs:   needDisconnect,
		run: func(e *env) {
			got := e.connect().collect(e.onQueue("q"))
			e.Disconnect()
			require.NoError(e.t, got.Stop(e.ctx))
		},
	},
	{
		name:    "recovery/deleted queue",
		promise: "It recovers by itself until Stop: a deleted queue is declared again and consumed.",
		needs:   func(b Broker) bool { return b.DeleteQueue != nil },
		run: func(e *env) {
			c := e.connect()
			got := c.collect(e.onQueue("q"))
			c.put(e.name("q"), "before")
			require.Equal(e.t, "before", string(got.next().Body))
			e.DeleteQueue(e.name("q"))
			c.putAgain(e.name("q"), "after")
			require.Equal(e.t, "after", string(got.next().Body))
			require.NoError(e.t, got.Ready(e.ctx))
		},
	},
	{
		name:    "recovery/others undisturbed",
		promise: "It recovers by itself until Stop: what happens to one subscription's queue does not disturb the others.",
		needs:   func(b Broker) bool { return b.DeleteQueue != nil },
		run:     othersUndisturbed,
	},
}

func othersUndisturbed(e *env) {
	c := e.connect()
	hit := c.collect(e.onQueue("hit"))
	begun, release := make(chan context.Context), make(chan struct{})
	var deliveries atomic.Int32
	other := c.consume(e.onQueue("other"), 10, 2, func(ctx context.Context, _ *transport.Message) transport.Verdict {
		deliveries.Add(1)
		begun <- ctx
		<-release
		return transport.Ack
	})
	c.put(e.name("other"), "in hand")
	ctx := receive(e, begun, "the message of the other queue")
	e.DeleteQueue(e.name("hit"))
	c.putAgain(e.name("hit"), "after")
	require.Equal(e.t, "after", string(hit.next().Body))
	require.NoError(e.t, ctx.Err(), "the handler goes on")
	require.NoError(e.t, other.Err())
	close(release)
	require.NoError(e.t, other.Stop(e.ctx))
	// It was acknowledged: nobody gets it again.
	c.put(e.name("other"), "next")
	require.Equal(e.t, "next", string(c.collect(e.onQueue("other")).next().Body))
	require.EqualValues(e.t, 1, deliveries.Load())
}

// putAgain publishes until one message was stored. One whose outcome is not
// known may have been stored too.
func (c *conn) putAgain(queue, body string) {
	c.e.t.Helper()
	c.e.eventually("a message is stored", func() bool {
		confirmation, err := c.Publish(c.e.ctx, toQueue(queue, body))
		return err == nil && transport.Wait(c.e.ctx, confirmation) == nil
	})
}

// answered reports whether a request was answered before its address was lost.
func (c *conn) answered(queue string) bool {
	pending, err := c.Request(c.e.ctx, toQueue(queue, "x"))
	if err != nil || transport.Wait(c.e.ctx, pending) != nil {
		return false
	}
	select {
	case <-c.replies:
		return true
	case <-pending.Lost():
		return false
	case <-c.e.ctx.Done():
		return false
	}
}

func sessionLost(e *env) {
	type delivery struct {
		ctx context.Context
		m   *transport.Message
	}
	c := e.connect()
	seen := make(chan delivery, 10)
	c.consume(e.onQueue("q"), 1, 2, func(ctx context.Context, m *transport.Message) transport.Verdict {
		seen <- delivery{ctx, m}
		if m.Redelivered {
			return transport.Ack
		}
		<-ctx.Done()
		return transport.Ack
	})
	c.put(e.name("q"), "x")
	first := receive(e, seen, "a delivery")
	require.False(e.t, first.m.Redelivered)
	e.Disconnect()
	receive(e, first.ctx.Done(), "the end of the handler's context")
	require.ErrorIs(e.t, context.Cause(first.ctx), transport.ErrSessionLost)
	second := receive(e, seen, "another delivery")
	require.True(e.t, second.m.Redelivered)
}

// lateVerdicts gives verdicts about deliveries of a lost session while the same
// messages are in hand again. Neither may be settled by them.
func lateVerdicts(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	seen := make(chan bool, 10)
	late := make(chan struct{})
	consumer := c.consume(s, 2, 4, func(ctx context.Context, m *transport.Message) transport.Verdict {
		seen <- m.Redelivered
		<-ctx.Done()
		if !m.Redelivered {
			<-late
		}
		if string(m.Body) == "requeued too late" {
			return transport.Requeue
		}
		return transport.Ack
	})
	c.put(s.Queue.Name, "acknowledged too late")
	c.put(s.Queue.Name, "requeued too late")
	require.False(e.t, receive(e, seen, "a delivery"))
	require.False(e.t, receive(e, seen, "a delivery"))
	e.Disconnect()
	require.True(e.t, receive(e, seen, "the first one again"))
	require.True(e.t, receive(e, seen, "the second one again"))
	close(late)

	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	// Whether the late handlers have returned by now is not the point here.
	_ = consumer.Stop(ctx)
	rest := e.connect().collect(s)
	require.ElementsMatch(e.t, []string{"acknowledged too late", "requeued too late"}, rest.bodies(2))
	c.putAgain(s.Queue.Name, "marker")
	require.Equal(e.t, "marker", string(rest.next().Body))
}

func oneWorkerOverSessions(e *env) {
	c := e.connect()
	var running atomic.Int32
	counts := make(chan int32, 10)
	contexts := make(chan context.Context, 10)
	release := make(chan struct{})
	c.consume(e.onQueue("q"), 1, 1, func(ctx context.Context, m *transport.Message) transport.Verdict {
		counts <- running.Add(1)
		defer running.Add(-1)
		contexts <- ctx
		if !m.Redelivered {
			<-release
		}
		return transport.Ack
	})
	c.put(e.name("q"), "x")
	ctx := receive(e, contexts, "a delivery")
	e.Disconnect()
	receive(e, ctx.Done(), "the end of the handler's context")
	close(release)
	receive(e, contexts, "the same message again")
	require.Equal(e.t, []int32{1, 1}, []int32{<-counts, <-counts})
}
