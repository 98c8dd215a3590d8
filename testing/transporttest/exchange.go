package transporttest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needExchanges(b Broker) bool { return b.Features.Exchanges }

func needHeaders(b Broker) bool { return b.Features.HeadersExchange }

var exchangeCases = []testCase{
	{
		name:    "exchange/direct",
		promise: "Direct: a message goes to the queues that are bound with exactly its routing key.",
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Direct(e.name("x"), topology.AutoDelete()), []string{"a.b"}, map[string]bool{
				"a.b": true, "a": false, "a.b.c": false, "A.B": false, "": false,
			})
		},
	},
	{
		name:    "exchange/direct knows no wildcards",
		promise: "Direct: a message goes to the queues that are bound with exactly its routing key.",
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Direct(e.name("x"), topology.AutoDelete()), []string{"a.*", "#"}, map[string]bool{
				"a.b": false, "a.*": true, "#": true,
			})
		},
	},
	{
		name:    "exchange/fanout",
		promise: "Fanout: a message goes to every bound queue.",
		needs:   needExchanges,
		run:     fanoutCopies,
	},
	{
		name:    "exchange/topic one word",
		promise: `Topic: in a binding key "*" stands for one word.`,
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Topic(e.name("x"), topology.AutoDelete()), []string{"orders.*.placed"}, map[string]bool{
				"orders.eu.placed": true, "orders..placed": true, "orders.placed": false, "orders.a.b.placed": false,
				"orders.eu.placed.x": false, "orders.eu.paid": false,
			})
		},
	},
	{
		name:    "exchange/topic any words",
		promise: `Topic: "#" stands for any number of words, none included.`,
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Topic(e.name("x"), topology.AutoDelete()), []string{"orders.#"}, map[string]bool{
				"orders": true, "orders.eu": true, "orders.eu.placed": true, "order": false, "orders2.eu": false, "": false,
			})
		},
	},
	{
		name:    "exchange/topic any words inside",
		promise: `Topic: "#" stands for any number of words, none included, wherever it stands.`,
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Topic(e.name("x"), topology.AutoDelete()), []string{"a.#.z", "#.tail.*"}, map[string]bool{
				"a.z": true, "a.b.z": true, "a.b.c.z": true, "a.z.z": true, "a.z.b": false, "az": false,
				"tail.x": true, "b.tail.x": true, "tail": false,
			})
		},
	},
	{
		name:    "exchange/topic everything",
		promise: `Topic: "#" stands for any number of words, none included.`,
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Topic(e.name("x"), topology.AutoDelete()), []string{"#"}, map[string]bool{"": true, "a": true, "a.b": true})
		},
	},
	{
		name:    "exchange/several bindings",
		promise: "A queue gets a message once, however many of its bindings match.",
		needs:   needExchanges,
		run: func(e *env) {
			routes(e, topology.Topic(e.name("x"), topology.AutoDelete()), []string{"a.*", "*.b", "c"}, map[string]bool{
				"a.b": true, "a.x": true, "x.b": true, "c": true, "x.y": false,
			})
		},
	},
	{
		name:    "exchange/headers all",
		promise: "Headers: a message goes to the queues whose binding arguments its headers match, all of them.",
		needs:   needHeaders,
		run: func(e *env) {
			headersRoute(e, "all", map[string]transport.Headers{
				"both":        {"kind": "refund", "size": 3},
				"and more":    {"kind": "refund", "size": int8(3), "other": true},
				"!one":        {"kind": "refund"},
				"!other kind": {"kind": "order", "size": 3},
				"!none":       nil,
			})
		},
	},
	{
		name:    "exchange/headers any",
		promise: "Headers: a message goes to the queues whose binding arguments its headers match, any of them.",
		needs:   needHeaders,
		run: func(e *env) {
			headersRoute(e, "any", map[string]transport.Headers{
				"both":   {"kind": "refund", "size": 3},
				"one":    {"size": 3},
				"!wrong": {"kind": "order", "size": 4},
				"!none":  nil,
			})
		},
	},
	{
		name:    "exchange/address of a delivery",
		promise: "Address is the routing key that the message was published with; Exchange is the exchange it was published to.",
		needs:   needExchanges,
		run: func(e *env) {
			c := e.connect()
			x := topology.Topic(e.name("x"), topology.AutoDelete())
			got := c.collect(e.onExchange(x, "q", topology.Bind("orders.#")))
			c.emit(x, "orders.eu", "x")
			m := got.next()
			require.Equal(e.t, "orders.eu", m.Address)
			require.Equal(e.t, x.Name, m.Exchange)
		},
	},
	{
		name:    "exchange/broadcast",
		promise: "Broadcast gives every instance its own exclusive queue, so that each gets every message.",
		needs:   func(b Broker) bool { return b.Features.Exchanges && b.Features.Exclusive },
		run: func(e *env) {
			x := topology.Fanout(e.name("x"), topology.AutoDelete())
			publisher := e.connect()
			var all []*collector
			for range 3 {
				all = append(all, e.connect().collect(e.resolve("", e.name("app"), x, topology.Broadcast())))
			}
			publisher.emit(x, "", "one")
			publisher.emit(x, "", "two")
			for _, got := range all {
				require.Equal(e.t, []string{"one", "two"}, got.bodies(2))
			}
		},
	},
}

// routes binds a queue with keys and publishes with each key of want, which
// says whether the message arrives.
func routes(e *env, x topology.Exchange, keys []string, want map[string]bool) {
	e.t.Helper()
	c := e.connect()
	values := make([]topology.Value, len(keys))
	for i, k := range keys {
		values[i] = topology.Bind(k)
	}
	got := c.collect(e.onExchange(x, "q", values...))
	for key, arrives := range want {
		err := c.send(&transport.Publication{Message: text(key), Exchange: &x, Key: key, Mandatory: true})
		if !arrives {
			require.ErrorIs(e.t, err, transport.ErrNoRoute, "routing key %q, bindings %q", key, keys)
			continue
		}
		require.NoError(e.t, err, "routing key %q, bindings %q", key, keys)
		require.Equal(e.t, key, string(got.next().Body))
	}
	// Whatever arrived twice would stand before the marker.
	c.put(e.name("q"), "marker")
	require.Equal(e.t, "marker", string(got.next().Body))
}

func fanoutCopies(e *env) {
	c := e.connect()
	x := topology.Fanout(e.name("x"), topology.AutoDelete())
	var all []*collector
	for i := range 3 {
		all = append(all, c.collect(e.onExchange(x, fmt.Sprintf("q%d", i))))
	}
	c.emit(x, "whatever", "hello")
	for _, got := range all {
		m := got.next()
		require.Equal(e.t, "hello", string(m.Body))
		// Nobody else may see this: a received message belongs to its handler.
		copy(m.Body, "xxxxx")
	}
}

// headersRoute publishes with each header table. A name that begins with "!"
// marks one that must not match.
func headersRoute(e *env, match string, tables map[string]transport.Headers) {
	e.t.Helper()
	c := e.connect()
	x := topology.Headers(e.name("x"), topology.AutoDelete())
	got := c.collect(e.onExchange(x, "q", topology.BindHeaders(match, topology.Arguments{"kind": "refund", "size": 3})))
	for name, headers := range tables {
		m := text(name)
		m.Headers = headers
		err := c.send(&transport.Publication{Message: m, Exchange: &x, Mandatory: true})
		if name[0] == '!' {
			require.ErrorIs(e.t, err, transport.ErrNoRoute, "headers %s", name)
			continue
		}
		require.NoError(e.t, err, "headers %s", name)
		require.Equal(e.t, name, string(got.next().Body))
	}
}
