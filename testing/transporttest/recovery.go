package transporttest

import (
	"context"

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
