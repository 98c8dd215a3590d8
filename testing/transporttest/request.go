package transporttest

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

func needSessionReplies(b Broker) bool { return b.Features.SessionReplies }

var requestCases = []testCase{
	{
		name:    "request/reply",
		promise: "Request publishes p like Publish with a reply address of the transport's own. Every message that arrives there is handed to OnReply.",
		run: func(e *env) {
			c := e.connect()
			e.connect().serve(e, "echo")
			c.ask(e.name("echo"), "1", "hello")
			got := receive(e, c.replies, "the reply")
			require.Equal(e.t, "re: hello", string(got.Body))
			require.Equal(e.t, "1", got.CorrelationID)
			require.Equal(e.t, "yes", got.Header("served"))
		},
	},
	{
		name:    "request/many in flight",
		promise: "Any number are in flight at once on one connection; each gets its own reply.",
		run:     manyInFlight,
	},
	{
		name:    "request/several replies",
		promise: "Every message that arrives there is handed to OnReply, from one goroutine at a time, in order.",
		run:     severalReplies,
	},
	{
		name:    "request/no route",
		promise: "A request to a queue that does not exist is ErrNoRoute, told by its confirmation.",
		run: func(e *env) {
			pending, err := e.connect().Request(e.ctx, toQueue(e.name("absent"), "x"))
			require.NoError(e.t, err)
			require.ErrorIs(e.t, transport.Wait(e.ctx, pending), transport.ErrNoRoute)
		},
	},
	{
		name:    "request/sender's message unchanged",
		promise: "Request publishes p with a reply address in its message: the caller's own message keeps what it had.",
		run: func(e *env) {
			c := e.connect()
			e.connect().serve(e, "echo")
			p := toQueue(e.name("echo"), "hello")
			_, err := c.Request(e.ctx, p)
			require.NoError(e.t, err)
			receive(e, c.replies, "the reply")
			require.Empty(e.t, p.Message.ReplyTo)
		},
	},
	{
		name:    "request/classify",
		promise: "ReplyWaiting belongs to somebody who waits for the answer now; ReplyNamed is an ordinary queue; ReplyForbidden must not be answered.",
		run:     classify,
	},
	{
		name:    "request/reply address of another connection",
		promise: "A reply address is unguessable and belongs to one connection: others' replies never arrive there.",
		run: func(e *env) {
			a, b := e.connect(), e.connect()
			e.connect().serve(e, "echo")
			a.ask(e.name("echo"), "1", "from a")
			b.ask(e.name("echo"), "1", "from b")
			require.Equal(e.t, "re: from a", string(receive(e, a.replies, "a reply").Body))
			require.Equal(e.t, "re: from b", string(receive(e, b.replies, "a reply").Body))
			require.Empty(e.t, a.replies)
			require.Empty(e.t, b.replies)
		},
	},
	{
		name:    "request/reply to a requester that is gone",
		promise: "An unroutable reply to a waiting caller is told where the broker can tell it; it never hurts the connection.",
		run:     requesterGone,
	},
	{
		name:    "request/lost",
		promise: "Lost is closed when no reply can arrive any more because the reply address went away with its session.",
		needs:   needSessionReplies,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			e.connect().declare(s)
			pending := c.ask(s.Queue.Name, "1", "x")
			require.NotNil(e.t, pending.Lost())
			select {
			case <-pending.Lost():
				require.FailNow(e.t, "lost before anything happened")
			default:
			}
			require.NoError(e.t, c.Close(e.ctx))
			receive(e, pending.Lost(), "the loss of the reply address")
		},
	},
}

// ask sends a request and waits until it is stored.
func (c *conn) ask(queue, id, body string) transport.Pending {
	c.e.t.Helper()
	p := toQueue(queue, body)
	p.Message.CorrelationID = id
	pending, err := c.Request(c.e.ctx, p)
	require.NoError(c.e.t, err)
	require.NoError(c.e.t, transport.Wait(c.e.ctx, pending))
	return pending
}

// serve answers every request to a queue with "re: " and its body.
func (c *conn) serve(e *env, part string) {
	e.t.Helper()
	c.consume(e.onQueue(part), 100, 10, func(ctx context.Context, m *transport.Message) transport.Verdict {
		return c.reply(ctx, m, "re: "+string(m.Body))
	})
}

// reply answers m. A reply that was not stored shows as a missing one.
func (c *conn) reply(ctx context.Context, m *transport.Message, body string) transport.Verdict {
	answer := text(body)
	answer.CorrelationID = m.CorrelationID
	answer.SetHeader("served", "yes")
	confirmation, err := c.Publish(ctx, &transport.Publication{Message: answer, Key: m.ReplyTo, Mandatory: true, Reply: true})
	if err != nil || transport.Wait(ctx, confirmation) != nil {
		return transport.Reject
	}
	return transport.Ack
}

func manyInFlight(e *env) {
	const n = 100
	client, server := e.connect(), e.connect()
	var arrived atomic.Int32
	all := make(chan struct{})
	server.consume(e.onQueue("q"), n, n, func(ctx context.Context, m *transport.Message) transport.Verdict {
		if arrived.Add(1) == n {
			close(all)
		}
		select {
		case <-all:
		case <-ctx.Done():
			return transport.Return
		}
		return server.reply(ctx, m, "re: "+string(m.Body))
	})
	for i := range n {
		client.ask(e.name("q"), fmt.Sprint("id-", i), fmt.Sprint(i))
	}
	got := map[string]string{}
	for range n {
		m := receive(e, client.replies, "all replies")
		got[m.CorrelationID] = string(m.Body)
	}
	for i := range n {
		require.Equal(e.t, fmt.Sprint("re: ", i), got[fmt.Sprint("id-", i)])
	}
}

func severalReplies(e *env) {
	const n = 50
	client, server := e.connect(), e.connect()
	server.consume(e.onQueue("q"), 1, 1, func(ctx context.Context, m *transport.Message) transport.Verdict {
		for i := range n {
			server.reply(ctx, m, fmt.Sprint(i))
		}
		return transport.Ack
	})
	client.ask(e.name("q"), "1", "x")
	for i := range n {
		require.Equal(e.t, fmt.Sprint(i), string(receive(e, client.replies, "all replies").Body))
	}
}

func classify(e *env) {
	c := e.connect()
	judge, ok := c.Conn.(transport.ReplyClassifier)
	if !ok {
		e.t.Skip("the transport has reply addresses of one kind only")
	}
	addresses := make(chan string, 1)
	e.connect().consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		addresses <- m.ReplyTo
		return transport.Ack
	})
	c.ask(e.name("q"), "1", "x")
	own := receive(e, addresses, "a reply address")
	require.NotEmpty(e.t, own)
	want := transport.ReplyNamed
	if e.Features.SessionReplies {
		want = transport.ReplyWaiting
	}
	require.Equal(e.t, want, judge.ClassifyReply(own), "address %q", own)
	require.Equal(e.t, transport.ReplyNamed, judge.ClassifyReply("receipts"))
	require.Equal(e.t, transport.ReplyForbidden, judge.ClassifyReply("amq.topic"))
}

func requesterGone(e *env) {
	client, server := e.connect(), e.connect()
	addresses := make(chan string, 1)
	server.consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		addresses <- m.ReplyTo
		return transport.Ack
	})
	client.ask(e.name("q"), "1", "x")
	address := receive(e, addresses, "a reply address")
	require.NoError(e.t, client.Close(e.ctx))

	publish := func() error {
		return server.send(&transport.Publication{Message: text("late"), Key: address, Mandatory: true, Reply: true})
	}
	if e.Features.ReplyRoute {
		e.eventually("the reply is told as unroutable", func() bool { return publish() != nil })
		require.ErrorIs(e.t, publish(), transport.ErrNoRoute)
	} else if err := publish(); err != nil {
		require.ErrorIs(e.t, err, transport.ErrNoRoute)
	}
	server.put(e.name("q"), "the connection lives on")
	receive(e, addresses, "a delivery")
}
