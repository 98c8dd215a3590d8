package transporttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var statusCases = []testCase{
	{
		name:    "status/connection",
		promise: "That all links are up is told before Connect returns, that they are closed before Close does, and nothing after that.",
		run: func(e *env) {
			c, links := e.watched()
			up := links.now()
			require.NotEmpty(e.t, up)
			for name, s := range up {
				require.NotEmpty(e.t, name)
				require.Equal(e.t, transport.StateUp, s.State, name)
				require.NoError(e.t, s.Err, name)
				require.False(e.t, s.Since.IsZero(), name)
				require.Zero(e.t, s.Recoveries, name)
			}
			require.NoError(e.t, c.Close(e.ctx))
			for name, s := range links.now() {
				require.Equal(e.t, transport.StateClosed, s.State, name)
				require.NoError(e.t, s.Err, name)
			}
			links.inOrder(e)
		},
	},
	{
		name:    "status/consumer",
		promise: "That a consumer is up is told before Subscribe returns, that it is closed before Stop does.",
		run: func(e *env) {
			s := e.onQueue("q")
			k, watched := e.connect().watchedConsumer(s)
			now := watched.one(e)
			require.Equal(e.t, transport.StateUp, now.State)
			require.Equal(e.t, s.Queue.Name, now.Queue)
			require.NoError(e.t, k.Stop(e.ctx))
			require.Equal(e.t, transport.StateClosed, watched.one(e).State)
			watched.inOrder(e)
		},
	},
	{
		name:    "status/named by the broker",
		promise: "Queue is the queue that a consumer reads, as the broker knows it once it has accepted the consumer.",
		needs:   func(b Broker) bool { return b.Features.Exchanges && b.Features.Exclusive },
		run: func(e *env) {
			_, watched := e.connect().watchedConsumer(e.resolve("", e.name("app"), topology.Fanout(e.name("x")), topology.Broadcast()))
			require.NotEmpty(e.t, watched.one(e).Queue)
		},
	},
	{
		name:    "status/lost",
		promise: "OnLink and OnStatus are told of each change in order, with the state before it; Err is why it is not up, and nil while up.",
		needs:   needDisconnect,
		run: func(e *env) {
			c, links := e.watched()
			_, consumer := c.watchedConsumer(e.onQueue("q"))
			e.Disconnect()
			e.eventually("everything is up again", func() bool {
				return links.recovered() && consumer.recovered()
			})
			links.inOrder(e)
			consumer.inOrder(e)
		},
	},
	{
		name:    "status/deleted queue",
		promise: "OnStatus is told when the consumer loses its queue and when it consumes again.",
		needs:   func(b Broker) bool { return b.DeleteQueue != nil },
		run: func(e *env) {
			c, links := e.watched()
			_, consumer := c.watchedConsumer(e.onQueue("q"))
			e.DeleteQueue(e.name("q"))
			e.eventually("it consumes again", consumer.recovered)
			consumer.inOrder(e)
			for name, s := range links.now() {
				require.Equal(e.t, transport.StateUp, s.State, name)
				require.Zero(e.t, s.Recoveries, name)
			}
		},
	},
	{
		name:    "status/blocked",
		promise: "A link on which the broker takes no publications is blocked, with the reason as its error, and up again afterwards.",
		needs:   func(b Broker) bool { return b.Block != nil },
		run: func(e *env) {
			c, links := e.watched()
			e.Block(true)
			e.eventually("a link is blocked", func() bool {
				// A broker may announce it at the first publication.
				ctx, cancel := context.WithTimeout(e.ctx, 10*time.Millisecond)
				defer cancel()
				_, _ = c.Publish(ctx, toQueue(e.name("q"), "x"))
				return links.any(transport.StateBlocked)
			})
			for _, s := range links.now() {
				if s.State == transport.StateBlocked {
					require.ErrorIs(e.t, s.Err, transport.ErrBlocked)
				}
			}
			e.Block(false)
			e.eventually("no link is blocked", func() bool { return !links.any(transport.StateBlocked) })
			for name, s := range links.now() {
				require.Equal(e.t, transport.StateUp, s.State, name)
				require.NoError(e.t, s.Err, name)
			}
			links.inOrder(e)
		},
	},
}

// told is one call of OnLink or OnStatus.
type told struct {
	from transport.State
	now  transport.Status
}

// chronicle is all that OnLink, or one OnStatus, was told.
type chronicle struct {
	mu  sync.Mutex
	all []told
}

func (c *chronicle) add(from transport.State, now transport.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, told{from, now})
}

func (c *chronicle) list() []told {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.all)
}

// now is the latest status by link; a consumer's is that of the name "".
func (c *chronicle) now() map[string]transport.Status {
	latest := map[string]transport.Status{}
	for _, t := range c.list() {
		latest[t.now.Connection] = t.now
	}
	return latest
}

func (c *chronicle) one(e *env) transport.Status {
	e.t.Helper()
	require.Len(e.t, c.now(), 1)
	return c.now()[""]
}

func (c *chronicle) any(s transport.State) bool {
	for _, now := range c.now() {
		if now.State == s {
			return true
		}
	}
	return false
}

func (c *chronicle) recovered() bool {
	for _, now := range c.now() {
		if now.State != transport.StateUp || now.Recoveries == 0 {
			return false
		}
	}
	return true
}

// inOrder asserts that each change begins where the one before ended, and that
// only what is not up has an error.
func (c *chronicle) inOrder(e *env) {
	e.t.Helper()
	last := map[string]transport.Status{}
	for _, t := range c.list() {
		before, known := last[t.now.Connection]
		if !known {
			before.State = transport.StateConnecting
		}
		require.Equal(e.t, before.State, t.from, "%+v after %+v", t.now, before)
		require.NotEqual(e.t, transport.StateClosed, t.from, "nothing after the end")
		require.False(e.t, t.now.Since.Before(before.Since))
		wantsError := t.now.State != transport.StateUp && t.now.State != transport.StateClosed
		require.Equal(e.t, wantsError, t.now.Err != nil, "%+v", t.now)
		last[t.now.Connection] = t.now
	}
}

// watched returns a connection and what it tells of its links.
func (e *env) watched() (*conn, *chronicle) {
	e.t.Helper()
	links := &chronicle{}
	return e.connectWith(func(s *transport.Settings) { s.OnLink = links.add }), links
}

// watchedConsumer consumes s and returns what is told of it.
func (c *conn) watchedConsumer(s topology.Subscription) (transport.Consumer, *chronicle) {
	c.e.t.Helper()
	watched := &chronicle{}
	k, err := c.Subscribe(c.e.ctx, transport.Subscription{
		Topology: s, Prefetch: 1, Workers: 1, OnStatus: watched.add,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
	})
	require.NoError(c.e.t, err)
	return k, watched
}
