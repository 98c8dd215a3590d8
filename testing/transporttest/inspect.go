package transporttest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

func needInspect(b Broker) bool { return b.Features.Inspect }

var inspectCases = []testCase{
	{
		name:    "inspect/depth and purge",
		promise: "Depth returns how many messages are ready. Purge removes them and counts them.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b", "c")
			require.Equal(e.t, 3, c.depth(q))
			n, err := c.inspector().Purge(e.ctx, q)
			require.NoError(e.t, err)
			require.Equal(e.t, 3, n)
			require.Zero(e.t, c.depth(q))
			n, err = c.inspector().Purge(e.ctx, q)
			require.NoError(e.t, err)
			require.Zero(e.t, n, "nothing is left")
			c.put(q, "d")
			require.Equal(e.t, 1, c.depth(q), "the queue still takes messages")
		},
	},
	{
		name:    "inspect/what a consumer has",
		promise: "Depth counts without the messages that a consumer has; Purge leaves those alone.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "held", "ready")
			held, release := make(chan *transport.Message, 1), make(chan struct{})
			s := e.onQueue("q")
			k := c.consume(s, 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
				select {
				case held <- m:
				default:
					// Returned before Stop began.
				}
				<-release
				return transport.Return
			})
			require.Equal(e.t, "held", string(receive(e, held, "a message").Body))
			require.Equal(e.t, 1, c.depth(q))
			n, err := c.inspector().Purge(e.ctx, q)
			require.NoError(e.t, err)
			require.Equal(e.t, 1, n)
			stopped := make(chan error, 1)
			go func() { stopped <- k.Stop(e.ctx) }()
			close(release)
			require.NoError(e.t, receive(e, stopped, "the end of Stop"))
			require.Equal(e.t, "held", string(c.collect(s).next().Body))
		},
	},
	{
		name:    "inspect/no queue",
		promise: "A queue that does not exist is a PermanentError.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			_, err := c.inspector().Depth(e.ctx, e.name("absent"))
			requirePermanent(e, err, e.name("absent"))
			_, err = c.inspector().Purge(e.ctx, e.name("absent"))
			requirePermanent(e, err, e.name("absent"))
			q := e.queueOf(c, "the connection lives on")
			require.Equal(e.t, 1, c.depth(q))
		},
	},
	{
		name:    "inspect/in vain",
		promise: "Every method returns by the end of its context or by Close; later calls return ErrClosed.",
		needs:   needInspect,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a")
			over, cancel := context.WithCancel(e.ctx)
			cancel()
			_, err := c.inspector().Depth(over, q)
			require.ErrorIs(e.t, err, context.Canceled)
			_, err = c.inspector().Purge(over, q)
			require.ErrorIs(e.t, err, context.Canceled)
			require.Equal(e.t, 1, c.depth(q))
			require.NoError(e.t, c.Close(e.ctx))
			_, err = c.inspector().Depth(e.ctx, q)
			require.ErrorIs(e.t, err, transport.ErrClosed)
			_, err = c.inspector().Purge(e.ctx, q)
			require.ErrorIs(e.t, err, transport.ErrClosed)
		},
	},
}

// queueOf declares the queue called q with these messages and returns its name.
func (e *env) queueOf(c *conn, bodies ...string) string {
	e.t.Helper()
	s := e.onQueue("q")
	c.declare(s)
	for _, body := range bodies {
		c.put(s.Queue.Name, body)
	}
	return s.Queue.Name
}

func (c *conn) inspector() transport.QueueInspector {
	c.e.t.Helper()
	i, ok := c.Conn.(transport.QueueInspector)
	require.True(c.e.t, ok, "wanted a transport.QueueInspector, got %T", c.Conn)
	return i
}

func (c *conn) depth(queue string) int {
	c.e.t.Helper()
	n, err := c.inspector().Depth(c.e.ctx, queue)
	require.NoError(c.e.t, err)
	return n
}
