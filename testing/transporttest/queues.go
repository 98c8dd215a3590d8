package transporttest

import (
	"context"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needDeclareQueue(b Broker) bool { return b.Features.DeclareQueue }

var queueCases = []testCase{
	{
		name:    "queue/declare",
		promise: "DeclareQueue makes the queue unless it exists alike.",
		needs:   needDeclareQueue,
		run: func(e *env) {
			c := e.connect()
			q := e.onQueue("q", topology.MessageTTL(time.Hour)).Queue
			require.NoError(e.t, c.declareQueue(e.ctx, q))
			c.put(q.Name, "kept")
			require.NoError(e.t, e.connect().declareQueue(e.ctx, q), "again, by another connection")
			got := c.collect(e.onQueue("q", topology.MessageTTL(time.Hour)))
			require.Equal(e.t, "kept", string(got.next().Body))
		},
	},
	{
		name:    "queue/declare with other arguments",
		promise: "A queue that exists with other arguments is a PermanentError.",
		needs:   func(b Broker) bool { return needDeclareQueue(b) && needArguments(b) },
		run: func(e *env) {
			c := e.connect()
			q := e.onQueue("q", topology.MessageTTL(time.Hour)).Queue
			require.NoError(e.t, c.declareQueue(e.ctx, q))
			other := e.onQueue("q", topology.MessageTTL(time.Minute)).Queue
			requirePermanent(e, c.declareQueue(e.ctx, other), q.Name)
			requirePermanent(e, c.declareQueue(e.ctx, topology.QueueDeclaration{Durable: true}), "wanted a name")
			long := topology.QueueDeclaration{Name: strings.Repeat("q", 256), Durable: true}
			requirePermanent(e, c.declareQueue(e.ctx, long), "wanted a name")
			c.put(q.Name, "the connection lives on")
			require.NoError(e.t, c.declareQueue(e.ctx, q))
		},
	},
	{
		name:    "queue/declare across a lost session",
		promise: "DeclareQueue is idempotent: while there is no session it waits until ctx ends.",
		needs:   func(b Broker) bool { return needDeclareQueue(b) && b.Disconnect != nil },
		run: func(e *env) {
			c := e.connect()
			q := e.onQueue("q").Queue
			for range 5 {
				e.Disconnect()
				require.NoError(e.t, c.declareQueue(e.ctx, q))
			}
			e.eventually("the queue takes messages", func() bool {
				conf, err := c.Publish(e.ctx, toQueue(q.Name, "x"))
				return err == nil && transport.Wait(e.ctx, conf) == nil
			})
		},
	},
	{
		name:    "queue/declare in vain",
		promise: "Every method returns by the end of its context or by Close; later calls return ErrClosed.",
		needs:   needDeclareQueue,
		run: func(e *env) {
			c := e.connect()
			q := e.onQueue("q").Queue
			over, cancel := context.WithCancel(e.ctx)
			cancel()
			require.ErrorIs(e.t, c.declareQueue(over, q), context.Canceled)
			require.NoError(e.t, c.Close(e.ctx))
			require.ErrorIs(e.t, c.declareQueue(e.ctx, q), transport.ErrClosed)
		},
	},
}

func (c *conn) declareQueue(ctx context.Context, q topology.QueueDeclaration) error {
	c.e.t.Helper()
	d, ok := c.Conn.(transport.QueueDeclarer)
	require.True(c.e.t, ok, "wanted a transport.QueueDeclarer, got %T", c.Conn)
	return d.DeclareQueue(ctx, q)
}
