package transporttest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

var publishCases = []testCase{
	{
		name:    "publish/stored",
		promise: "Err is the outcome, valid after Done is closed: nil when the message is stored.",
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			c.declare(s)
			c.put(s.Queue.Name, "hello")
			require.Equal(e.t, "hello", string(c.collect(s).next().Body))
		},
	},
	{
		name:    "publish/no route",
		promise: "Mandatory asks for ErrNoRoute when no queue takes the message.",
		run: func(e *env) {
			require.ErrorIs(e.t, e.connect().send(toQueue(e.name("absent"), "x")), transport.ErrNoRoute)
		},
	},
	{
		name:    "publish/no route beside stored",
		promise: "Mandatory asks for ErrNoRoute when no queue takes the message: each publication has its own outcome.",
		run:     outcomesApart,
	},
	{
		name:    "publish/exchange without bindings",
		promise: "An event published to an exchange may have no subscriber; mandatory insists.",
		needs:   func(b Broker) bool { return b.Features.Exchanges },
		run: func(e *env) {
			c := e.connect()
			x := topology.Topic(e.name("events"), topology.AutoDelete())
			p := &transport.Publication{Message: text("x"), Exchange: &x, Key: "a.b"}
			require.NoError(e.t, c.send(p))
			p.Mandatory = true
			require.ErrorIs(e.t, c.send(p), transport.ErrNoRoute)
		},
	},
	{
		name:    "publish/order",
		promise: "Messages that one goroutine publishes reach a queue in the order of the calls. With one worker they are handled in queue order.",
		run:     orderIsKept,
	},
	{
		name:    "publish/context ended before",
		promise: "An error means that nothing was stored: ErrNotSent, with the cause of ctx joined when it ended.",
		run: func(e *env) {
			c := e.connect()
			why := errors.New("lost interest")
			ctx, cancel := context.WithCancelCause(e.ctx)
			cancel(why)
			_, err := c.Publish(ctx, toQueue(e.name("q"), "x"))
			require.ErrorIs(e.t, err, transport.ErrNotSent)
			require.ErrorIs(e.t, err, why)
			_, err = c.Request(ctx, toQueue(e.name("q"), "x"))
			require.ErrorIs(e.t, err, transport.ErrNotSent)
			require.ErrorIs(e.t, err, why)
		},
	},
	{
		name:    "publish/key too long",
		promise: "Key is the routing key, at most 255 bytes; a message that cannot be sent is ErrNotSent and disturbs no other.",
		run: func(e *env) {
			refusedBeforeSending(e, "routing key", func(p *transport.Publication) { p.Key = strings.Repeat("k", 256) })
		},
	},
	{
		name:    "publish/correlation id too long",
		promise: "CorrelationID ties a reply to its request, at most 255 bytes; a message that cannot be sent is ErrNotSent and disturbs no other.",
		run: func(e *env) {
			refusedBeforeSending(e, "", func(p *transport.Publication) { p.Message.CorrelationID = strings.Repeat("c", 256) })
		},
	},
	{
		name:    "publish/header of a foreign type",
		promise: "A value may be nil, a bool, … of these: another type is ErrNotSent with the header's name in the text.",
		run: func(e *env) {
			refusedBeforeSending(e, "odd", func(p *transport.Publication) { p.Message.SetHeader("odd", struct{ A int }{1}) })
		},
	},
	{
		name:    "publish/further keys that are none",
		promise: "A message that cannot be sent is ErrNotSent and disturbs no other: CC and BCC are lists of routing keys.",
		run: func(e *env) {
			c := e.connect()
			for _, name := range []string{"CC", "BCC"} {
				for _, v := range []any{"key", nil, map[string]any{}, []any{"key", 1}} {
					p := toQueue(e.name("q"), "spoilt")
					p.Message.SetHeader(name, v)
					_, err := c.Publish(e.ctx, p)
					require.ErrorIs(e.t, err, transport.ErrNotSent, "%s: %v", name, v)
					require.ErrorContains(e.t, err, name)
				}
			}
			refusedBeforeSending(e, "CC", func(p *transport.Publication) { p.Message.SetHeader("CC", "key") })
		},
	},
	{
		name:    "publish/expiration beyond all bounds",
		promise: "Expiration is at most LongestExpiration.",
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			c.declare(s)
			got := c.collect(s)
			for _, d := range []time.Duration{transport.LongestExpiration, transport.LongestExpiration + 1, math.MaxInt64} {
				p := toQueue(s.Queue.Name, "x")
				p.Message.Expiration = d
				require.NoError(e.t, c.send(p), "%s", d)
				require.Equal(e.t, transport.LongestExpiration, got.next().Expiration, "%s", d)
			}
		},
	},
	{
		name:    "publish/header too large",
		promise: "A uint64 that does not fit an int64 cannot be sent.",
		run: func(e *env) {
			refusedBeforeSending(e, "huge", func(p *transport.Publication) { p.Message.SetHeader("huge", uint64(1<<63)) })
		},
	},
}

// refusedBeforeSending publishes what spoil makes of a good message, and then a
// good one. fragment must stand in the error.
func refusedBeforeSending(e *env, fragment string, spoil func(*transport.Publication)) {
	e.t.Helper()
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	p := toQueue(s.Queue.Name, "spoilt")
	spoil(p)
	_, err := c.Publish(e.ctx, p)
	require.ErrorIs(e.t, err, transport.ErrNotSent)
	require.ErrorContains(e.t, err, fragment)
	c.put(s.Queue.Name, "good")
	require.Equal(e.t, "good", string(c.collect(s).next().Body))
}

func outcomesApart(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	outcomes := make([]transport.Confirmation, 100)
	for i := range outcomes {
		key := s.Queue.Name
		if i%3 == 0 {
			key = e.name("absent")
		}
		var err error
		outcomes[i], err = c.Publish(e.ctx, toQueue(key, fmt.Sprint(i)))
		require.NoError(e.t, err)
	}
	for i, o := range outcomes {
		err := transport.Wait(e.ctx, o)
		if i%3 == 0 {
			require.ErrorIs(e.t, err, transport.ErrNoRoute, "publication %d", i)
			continue
		}
		require.NoError(e.t, err, "publication %d", i)
	}
}

func orderIsKept(e *env) {
	const n = 300
	c := e.connect()
	got := c.collect(e.onQueue("q"))
	want := make([]string, n)
	outcomes := make([]transport.Confirmation, n)
	for i := range want {
		want[i] = fmt.Sprint(i)
		var err error
		outcomes[i], err = c.Publish(e.ctx, toQueue(e.name("q"), want[i]))
		require.NoError(e.t, err)
	}
	for _, o := range outcomes {
		require.NoError(e.t, transport.Wait(e.ctx, o))
	}
	require.Equal(e.t, want, got.bodies(n))
}
