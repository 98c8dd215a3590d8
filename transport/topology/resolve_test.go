package topology_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport/topology"
)

func TestResolveNames(t *testing.T) {
	t.Parallel()
	events := topology.Topic("events")
	for name, c := range map[string]struct {
		address    string
		values     []topology.Value
		queue      string
		errorQueue string
		keys       []string
	}{
		"queue":           {"orders", nil, "orders", "orders.error", nil},
		"named queue":     {"orders", []topology.Value{topology.Queue("q")}, "q", "q.error", nil},
		"error queue":     {"orders.error", []topology.Value{topology.ErrorQueueReader()}, "orders.error", "orders.error.error", nil},
		"exchange":        {"a.b", []topology.Value{events}, "app.events.a.b", "app.events.a.b.error", []string{"a.b"}},
		"parameters":      {"a.{b}.{c...}", []topology.Value{events}, "app.events.a.*.#", "app.events.a.*.#.error", []string{"a.*.#"}},
		"exchange, queue": {"a", []topology.Value{events, topology.Queue("q")}, "q", "q.error", []string{"a"}},
		"own bindings":    {"a", []topology.Value{events, topology.Bind("x.#"), topology.Bind("y")}, "app.events.a", "app.events.a.error", []string{"x.#", "y"}},
		"broadcast":       {"a", []topology.Value{events, topology.Broadcast()}, "", "app.events.a.error", []string{"a"}},
		"last one wins":   {"a", []topology.Value{topology.Queue("p"), topology.Queue("q")}, "q", "q.error", nil},
	} {
		s, err := topology.Resolve("app", template(t, c.address), c.values...)
		require.NoError(t, err, name)
		require.Equal(t, c.queue, s.Queue.Name, name)
		require.Equal(t, c.errorQueue, s.ErrorQueue, name)
		var keys []string
		for _, b := range s.Bindings {
			keys = append(keys, b.Key)
		}
		require.Equal(t, c.keys, keys, name)
	}
}

func TestResolveFlags(t *testing.T) {
	t.Parallel()
	resolve := func(values ...topology.Value) topology.Subscription {
		s, err := topology.Resolve("app", template(t, "a"), values...)
		require.NoError(t, err)
		return s
	}
	s := resolve()
	require.Equal(t, topology.QueueDeclaration{Name: "a", Durable: true}, s.Queue, "no arguments: policies belong to operators")
	require.Nil(t, s.Exchange)

	s = resolve(topology.Fanout("f"), topology.Broadcast())
	require.True(t, s.Broadcast && s.Queue.Exclusive && s.Queue.AutoDelete)
	require.False(t, s.Queue.Durable)

	require.False(t, resolve(topology.Exclusive()).Queue.Durable)
	require.False(t, resolve(topology.Durable(false)).Queue.Durable)
	require.True(t, resolve(topology.AutoDelete()).Queue.AutoDelete)

	s = resolve(topology.Passive())
	require.True(t, s.Passive)
	s = resolve(topology.Direct("d", topology.Passive()))
	require.True(t, s.Exchange.Passive)
	require.False(t, s.Passive, "the exchange alone")
}

func TestResolveArguments(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value topology.Value
		key   string
		want  any
	}{
		"classic":         {topology.Classic(), "x-queue-type", "classic"},
		"quorum":          {topology.Quorum(), "x-queue-type", "quorum"},
		"stream":          {topology.Stream("first"), "x-queue-type", "stream"},
		"ttl":             {topology.MessageTTL(3 * time.Second), "x-message-ttl", int64(3000)},
		"expires":         {topology.Expires(time.Minute), "x-expires", int64(60_000)},
		"length":          {topology.MaxLength(7), "x-max-length", int64(7)},
		"bytes":           {topology.MaxLengthBytes(8), "x-max-length-bytes", int64(8)},
		"overflow":        {topology.Overflow(topology.RejectPublish), "x-overflow", "reject-publish"},
		"dead letter":     {topology.DeadLetter("x", "k"), "x-dead-letter-exchange", "x"},
		"dead letter key": {topology.DeadLetter("", "k"), "x-dead-letter-routing-key", "k"},
		"delivery limit":  {topology.DeliveryLimit(3), "x-delivery-limit", int64(3)},
		"priority":        {topology.MaxPriority(9), "x-max-priority", int64(9)},
		"single":          {topology.SingleActiveConsumer(), "x-single-active-consumer", true},
		"any other":       {topology.Argument("x-own", "v"), "x-own", "v"},
	} {
		s, err := topology.Resolve("", template(t, "a"), c.value)
		require.NoError(t, err, name)
		require.Equal(t, c.want, s.Queue.Arguments[c.key], name)
	}
	s, err := topology.Resolve("", template(t, "a"), topology.DeadLetter("x", ""))
	require.NoError(t, err)
	require.NotContains(t, s.Queue.Arguments, "x-dead-letter-routing-key")
	s, err = topology.Resolve("", template(t, "a"), topology.ConsumerPriority(5), topology.Stream("first"))
	require.NoError(t, err)
	require.Equal(t, topology.Arguments{"x-priority": int64(5), "x-stream-offset": "first"}, s.ConsumerArguments)
}

func TestResolveQuorum(t *testing.T) {
	t.Parallel()
	resolve := func(values ...topology.Value) topology.Arguments {
		s, err := topology.Resolve("app", template(t, "a"), values...)
		require.NoError(t, err)
		return s.Queue.Arguments
	}
	require.Equal(t, topology.Arguments{
		"x-queue-type": "quorum", "x-delivery-limit": int64(topology.DefaultDeliveryLimit),
		"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "a.error",
	}, resolve(topology.Quorum()))
	require.Equal(t, int64(3), resolve(topology.DeliveryLimit(3), topology.Quorum())["x-delivery-limit"])
	own := resolve(topology.Quorum(), topology.DeadLetter("x", ""))
	require.Equal(t, "x", own["x-dead-letter-exchange"])
	require.NotContains(t, own, "x-dead-letter-routing-key")
}

// The two outlive the same nodes.
func TestErrorQueueIsOfTheQueuesKind(t *testing.T) {
	t.Parallel()
	declared := func(values ...topology.Value) topology.QueueDeclaration {
		s, err := topology.Resolve("app", template(t, "a"), values...)
		require.NoError(t, err)
		return s.ErrorQueueDeclaration()
	}
	require.Equal(t, topology.QueueDeclaration{Name: "a.error", Durable: true}, declared())
	require.Equal(t, topology.QueueDeclaration{
		Name: "a.error", Durable: true, Arguments: topology.Arguments{"x-queue-type": "quorum"},
	}, declared(topology.Quorum(), topology.DeliveryLimit(3)))
}

func TestResolveHeaders(t *testing.T) {
	t.Parallel()
	given := topology.Arguments{"kind": "refund"}
	s, err := topology.Resolve("app", template(t, "a"), topology.Headers("h"), topology.BindHeaders("all", given))
	require.NoError(t, err)
	require.Equal(t, topology.Arguments{"kind": "refund", "x-match": "all"}, s.Bindings[0].Arguments)
	require.Equal(t, topology.Arguments{"kind": "refund"}, given, "the caller's map is left alone")
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	events := topology.Topic("events")
	values := func(v ...topology.Value) []topology.Value { return v }
	for name, c := range map[string]struct {
		app, address string
		values       []topology.Value
		want         []string // in this order
	}{
		"broadcast without exchange":  {"app", "a", values(topology.Broadcast()), []string{"wanted an exchange", "hint"}},
		"binding without exchange":    {"app", "a", values(topology.Bind("k")), []string{"wanted an exchange", "hint"}},
		"parameters without exchange": {"app", "a.{b}", nil, []string{"without {parameters}", "a.{b}", "hint"}},
		"exchange without name":       {"app", "a", values(topology.Topic("")), []string{"exchange with a name"}},
		"named broadcast":             {"app", "a", values(events, topology.Broadcast(), topology.Queue("q")), []string{`topology.Queue("q")`}},
		"no app":                      {"", "a", values(events), []string{"wanted a queue name", "parley.Info", "topology.Queue"}},
		"error queue":                 {"app", "a.error", nil, []string{`"a.error"`, "ErrorQueueReader"}},
		"long name":                   {"app", strings.Repeat("x", 250), nil, []string{"at most 249 bytes", "got 250"}},
		"long name of a broadcast":    {"app", strings.Repeat("x", 250), values(events, topology.Broadcast()), []string{"at most 249 bytes"}},
		"reserved name":               {"app", "amq.a", nil, []string{`"amq."`, `"amq.a"`}},
		"exclusive quorum":            {"app", "a", values(topology.Quorum(), topology.Exclusive()), []string{"type quorum"}},
		"transient stream":            {"app", "a", values(topology.Stream("first"), topology.Durable(false)), []string{"type stream"}},
		"broadcast quorum":            {"app", "a", values(events, topology.Quorum(), topology.Broadcast()), []string{"type quorum"}},
		"headers without a match":     {"app", "a", values(topology.Headers("h")), []string{"header match", "BindHeaders"}},
	} {
		_, err := topology.Resolve(c.app, template(t, c.address), c.values...)
		_, ok := errors.AsType[*topology.Error](err)
		require.True(t, ok, "%s: %v", name, err)
		rest := err.Error()
		for _, fragment := range c.want {
			_, after, found := strings.Cut(rest, fragment)
			require.True(t, found, "%s: %q in %q", name, fragment, err)
			rest = after
		}
	}
}

func TestResolveKeepsNothingOfItsValues(t *testing.T) {
	t.Parallel()
	shared := []topology.Value{topology.Topic("events"), topology.Quorum(), topology.Argument("x-own", 1)}
	first, err := topology.Resolve("app", template(t, "a"), shared...)
	require.NoError(t, err)
	first.Queue.Arguments["x-own"] = 2
	first.Exchange.Name = "changed"
	second, err := topology.Resolve("app", template(t, "a"), shared...)
	require.NoError(t, err)
	require.Equal(t, 1, second.Queue.Arguments["x-own"])
	require.Equal(t, "events", second.Exchange.Name)
}
