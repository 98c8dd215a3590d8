package memory_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// refused subscribes and returns the text of the permanent error.
func (w *world) refused(s topology.Subscription) string {
	w.t.Helper()
	_, err := w.Subscribe(context.Background(), transport.Subscription{
		Topology: s, Prefetch: 1, Workers: 1, Handle: verdict(transport.Ack),
	})
	var permanent *transport.PermanentError
	require.ErrorAs(w.t, err, &permanent)
	return err.Error()
}

func TestRefusedDeclarations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("q", topology.MessageTTL(time.Second))
	other := connect(t, w.Broker, w.Broker)
	other.subscribe(w.queue("mine", topology.Exclusive()), 1, 1, verdict(transport.Ack))

	reserved := w.queue("x")
	reserved.Queue.Name = "amq.mine"
	nothing := w.queue("zero")
	nothing.Queue.Arguments = topology.Arguments{topology.ArgMaxLength: "many"}
	for name, c := range map[string]struct {
		s    topology.Subscription
		want string
	}{
		"other value": {w.queue("q", topology.MessageTTL(time.Minute)), `memory: queue "q" exists with another argument: ` +
			`inequivalent arg "x-message-ttl" (PRECONDITION_FAILED): wanted 60000, got 1000; hint: `},
		"fewer":        {w.queue("q"), `wanted none, got 1000`},
		"locked":       {w.queue("mine", topology.Exclusive()), `queue "mine": wanted to use it, got an exclusive queue of another connection (RESOURCE_LOCKED)`},
		"reserved":     {reserved, `(ACCESS_REFUSED)`},
		"not a limit":  {nothing, `queue "zero": invalid arg "x-max-length" (PRECONDITION_FAILED): wanted a number from 0 to `},
		"policy":       {w.queue("p", topology.Overflow("explode")), `"x-overflow"`},
		"expires":      {w.queue("p", topology.Expires(0)), `"x-expires" (PRECONDITION_FAILED): wanted at least 1 ms, got 0`},
		"stream":       {w.queue("p", topology.Stream("first")), `got a stream`},
		"kind":         {w.queue("p", topology.NewExchange("x-random", "dice")), `exchange "dice": wanted kind direct, fanout, topic or headers, got "x-random"`},
		"amq exchange": {w.queue("p", topology.Topic("amq.mine")), `exchange "amq.mine": wanted a name that does not begin with "amq."`},
		"x-match":      {w.queue("p", topology.Headers("h"), topology.BindHeaders("some", nil)), `got some`},
	} {
		require.Contains(t, w.refused(c.s), c.want, name)
	}
}

func TestRefusedExchanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("q", topology.Topic("x", topology.Argument("a", 1)), topology.Bind("#"))
	w.declare("q", topology.Topic("x", topology.Argument("a", int64(1))), topology.Bind("#"))
	for name, c := range map[string]struct {
		x    topology.Exchange
		want string
	}{
		"type":        {topology.Fanout("x"), `exchange "x" exists with another argument: inequivalent arg "type" (PRECONDITION_FAILED): wanted fanout, got topic`},
		"durable":     {topology.Topic("x", topology.Durable(false)), `"durable" (PRECONDITION_FAILED): wanted false, got true`},
		"auto-delete": {topology.Topic("x", topology.AutoDelete()), `"auto_delete"`},
		"internal":    {topology.Topic("x", topology.Internal()), `"internal"`},
		"arguments":   {topology.Topic("x", topology.Argument("a", 2)), `"a" (PRECONDITION_FAILED): wanted 2, got 1`},
		"none":        {topology.Topic("x"), `wanted none, got 1`},
	} {
		require.Contains(t, w.refused(w.queue("q", c.x, topology.Bind("#"))), c.want, name)
	}
}

func TestIntegerWidthOfArgumentsDoesNotMatter(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.queue("q")
	s.Queue.Arguments = topology.Arguments{topology.ArgMaxLength: int8(5)}
	w.subscribe(s, 1, 1, verdict(transport.Ack))
	w.declare("q", topology.MaxLength(5))
}

func TestPredeclaredExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := topology.Topic("amq.topic")
	w.declare("q", x, topology.Bind("a.#"))
	_, err := w.Publish(context.Background(), &transport.Publication{Message: text("x"), Exchange: &x, Key: "a"})
	require.NoError(t, err)
	require.Equal(t, 1, w.Depth("q"))
}

func TestInternalExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := topology.Fanout("inside", topology.Internal())
	w.declare("dead", x)
	w.declare("q", topology.MaxLength(0), topology.DeadLetter("inside", ""))
	_, err := w.Publish(context.Background(), &transport.Publication{Message: text("x"), Exchange: &x})
	require.ErrorIs(t, err, transport.ErrNotSent)
	w.put("q", "through the dead-letter exchange")
	require.Equal(t, 1, w.Depth("dead"))
}

func TestAutoDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := topology.Fanout("x", topology.AutoDelete())
	w.declare("q", x, topology.AutoDelete())
	require.Empty(t, w.Queues())
	// The exchange went with its last binding, so another kind may come.
	w.declare("q", topology.Topic("x"), topology.Bind("#"))
}

func TestTwoBrokersAreTwoWorlds(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t), newWorld(t)
	a.declare("q")
	require.NoError(t, a.send("q", text("x")))
	require.ErrorIs(t, b.send("q", text("x")), transport.ErrNoRoute)
	require.Empty(t, b.Queues())
}

func TestInspection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("b")
	w.declare("a")
	w.put("b", "1", "2")
	require.Equal(t, []string{"a", "b"}, w.Queues())
	require.Equal(t, []string{"1", "2"}, w.bodies("b"))
	m, ok := w.Take("b")
	require.True(t, ok)
	require.Equal(t, "1", string(m.Body))
	require.Equal(t, 1, w.Depth("b"))
	_, ok = w.Take("a")
	require.False(t, ok)
	_, ok = w.Take("absent")
	require.False(t, ok)
	require.Zero(t, w.Depth("absent")+w.Unsettled("absent")+w.Consumers("absent"))
	require.Equal(t, `memory.ReplyQueue("r")`, memory.ReplyQueue("r").String())
}

func TestTableThatHoldsItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := map[string]any{}
	table["self"] = table
	m := text("x")
	m.SetHeader("table", table)
	_, err := w.Publish(context.Background(), &transport.Publication{Message: m, Key: "q"})
	require.ErrorIs(t, err, transport.ErrNotSent)
}
