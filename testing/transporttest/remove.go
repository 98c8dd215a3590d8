package transporttest

import (
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needRemove(b Broker) bool { return b.Features.Remove }

var removeCases = []testCase{
	{
		name:    "remove/queue",
		promise: "RemoveQueue deletes a queue with its messages; what does not exist is no error.",
		needs:   needRemove,
		run: func(e *env) {
			c := e.connect()
			q := e.queueOf(c, "a", "b")
			require.NoError(e.t, c.remover().RemoveQueue(e.ctx, q))
			require.ErrorIs(e.t, c.send(toQueue(q, "c")), transport.ErrNoRoute)
			require.NoError(e.t, c.remover().RemoveQueue(e.ctx, q), "again")
		},
	},
	{
		name:    "remove/exchange",
		promise: "RemoveExchange deletes an exchange with its bindings.",
		needs:   func(b Broker) bool { return needRemove(b) && b.Features.Exchanges && b.Features.Arguments },
		run: func(e *env) {
			c := e.connect()
			x := topology.Topic(e.name("x"))
			c.collect(e.onExchange(x, "q"))
			require.NoError(e.t, c.remover().RemoveExchange(e.ctx, x.Name))
			require.NoError(e.t, c.remover().RemoveExchange(e.ctx, x.Name), "again")
			other := e.connect(topology.Fanout(x.Name))
			require.NoError(e.t, other.remover().RemoveExchange(e.ctx, x.Name), "the name was free")
		},
	},
	{
		name:    "remove/closed",
		promise: "After Close the error is ErrClosed.",
		needs:   needRemove,
		run: func(e *env) {
			c := e.connect()
			require.NoError(e.t, c.Close(e.ctx))
			require.ErrorIs(e.t, c.remover().RemoveQueue(e.ctx, e.name("q")), transport.ErrClosed)
			require.ErrorIs(e.t, c.remover().RemoveExchange(e.ctx, e.name("x")), transport.ErrClosed)
		},
	},
}

// remover returns the connection as what deletes.
func (c *conn) remover() transport.Remover {
	c.e.t.Helper()
	r, ok := c.Conn.(transport.Remover)
	require.True(c.e.t, ok, "wanted a transport.Remover, got %T", c.Conn)
	return r
}
