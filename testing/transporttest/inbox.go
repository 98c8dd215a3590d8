package transporttest

import (
	"context"
	"fmt"
	"sync"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

func needInbox(b Broker) bool { return b.Features.Inbox }

var inboxCases = []testCase{
	{
		name:    "inbox/frames of both sides",
		promise: "What arrives at an inbox is handed to OnReply in the order of its arrival, whatever address requests carry.",
		needs:   needInbox,
		run:     inboxOrder,
	},
	{
		name:    "inbox/one for a session",
		promise: "Inbox returns the inbox of the present session, to concurrent callers the same one; another connection has another.",
		needs:   needInbox,
		run: func(e *env) {
			a, b := e.connect(), e.connect()
			first, again := a.inbox(), a.inbox()
			require.Equal(e.t, first.Address, again.Address)
			require.NotEqual(e.t, first.Address, b.inbox().Address)
			classifier, ok := a.Conn.(transport.ReplyClassifier)
			require.True(e.t, ok)
			require.Equal(e.t, transport.ReplyWaiting, classifier.ClassifyReply(first.Address))
		},
	},
	{
		name:    "inbox/gone",
		promise: "A mandatory message to an inbox ends with ErrNoRoute once it is gone; Lost is closed by then.",
		needs:   needInbox,
		run: func(e *env) {
			a, b := e.connect(), e.connect()
			inbox := a.inbox()
			require.NoError(e.t, b.send(toInbox(inbox, "x")))
			receive(e, a.replies, "the message")
			require.NoError(e.t, a.Close(e.ctx))
			receive(e, inbox.Lost, "the loss of the inbox")
			e.eventually("the inbox is gone", func() bool {
				confirmation, err := b.Publish(e.ctx, toInbox(inbox, "y"))
				require.NoError(e.t, err)
				err = transport.Wait(e.ctx, confirmation)
				if err != nil {
					require.ErrorIs(e.t, err, transport.ErrNoRoute)
				}
				return err != nil
			})
			require.Empty(e.t, a.replies)
		},
	},
	{
		name:    "inbox/beside requests",
		promise: "An inbox does not disturb requests, whose replies arrive as ever.",
		needs:   needInbox,
		run: func(e *env) {
			a := e.connect()
			e.connect().serve(e, "echo")
			inbox := a.inbox()
			a.ask(e.name("echo"), "1", "hello")
			require.Equal(e.t, "re: hello", string(receive(e, a.replies, "the reply").Body))
			require.NoError(e.t, e.connect().send(toInbox(inbox, "x")))
			require.Equal(e.t, "x", string(receive(e, a.replies, "the message").Body))
		},
	},
	{
		name:    "inbox/after a lost session",
		promise: "Lost is closed when nothing can arrive there any more; the next session has an inbox that works.",
		needs:   func(b Broker) bool { return needInbox(b) && needDisconnect(b) },
		run: func(e *env) {
			a := e.connect()
			inbox := a.inbox()
			e.Disconnect()
			receive(e, inbox.Lost, "the loss of the inbox")
			next := a.inbox()
			require.NotEqual(e.t, inbox.Address, next.Address)
			e.eventually("the new inbox works", func() bool {
				confirmation, err := e.connect().Publish(e.ctx, toInbox(next, "x"))
				return err == nil && transport.Wait(e.ctx, confirmation) == nil
			})
			require.Equal(e.t, "x", string(receive(e, a.replies, "the message").Body))
		},
	},
	{
		name:    "inbox/of a publication",
		promise: "Inbox asks for replies at the connection's inbox; Publish fills it with the address that the message got.",
		needs:   needInbox,
		run: func(e *env) {
			a := e.connect()
			e.connect().serve(e, "echo")
			var inbox transport.Inbox
			p := toQueue(e.name("echo"), "hello")
			p.Message.CorrelationID, p.Inbox = "1", &inbox
			require.NoError(e.t, a.send(p))
			require.Equal(e.t, a.inbox(), inbox)
			require.Equal(e.t, "re: hello", string(receive(e, a.replies, "the reply").Body))
		},
	},
	{
		name:    "inbox/gone while its message waited",
		promise: "The reply address is that of the inbox that lives when the message is sent.",
		needs:   func(b Broker) bool { return needInbox(b) && needDisconnect(b) && b.Block != nil },
		run:     inboxGoneMeanwhile,
	},
	{
		name:    "inbox/ended context and closed connection",
		promise: "The errors are those of Publish: nothing is made for a caller that gave up, and after Close the error is ErrClosed.",
		needs:   needInbox,
		run: func(e *env) {
			a := e.connect()
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			_, err := a.inboxes().Inbox(ctx)
			if err != nil {
				require.ErrorIs(e.t, err, transport.ErrNotSent)
				require.ErrorIs(e.t, err, context.Canceled)
			}
			require.NoError(e.t, a.Close(e.ctx))
			_, err = a.inboxes().Inbox(e.ctx)
			require.ErrorIs(e.t, err, transport.ErrClosed)
		},
	},
}

// waitingContext tells when somebody begins to wait for its end.
type waitingContext struct {
	context.Context
	begun func()
}

func (c waitingContext) Done() <-chan struct{} {
	c.begun()
	return c.Context.Done()
}

// inboxGoneMeanwhile has a request and a message of the same kind wait while the
// session goes.
func inboxGoneMeanwhile(e *env) {
	a := e.connect()
	e.connect().serve(e, "echo")
	e.Block(true)
	waiting, sent := make(chan struct{}, 2), make(chan (<-chan struct{}), 2)
	begin := func(send func(context.Context, *transport.Publication) (lost <-chan struct{}, err error)) {
		ctx := waitingContext{e.ctx, sync.OnceFunc(func() { waiting <- struct{}{} })}
		go func() {
			p := toQueue(e.name("echo"), "hello")
			p.Message.CorrelationID = "1"
			lost, err := send(ctx, p)
			assert.NoError(e.t, err)
			sent <- lost
		}()
	}
	begin(func(ctx context.Context, p *transport.Publication) (<-chan struct{}, error) {
		pending, err := a.Request(ctx, p)
		if err != nil {
			return nil, err
		}
		return pending.Lost(), nil
	})
	begin(func(ctx context.Context, p *transport.Publication) (<-chan struct{}, error) {
		var inbox transport.Inbox
		p.Inbox = &inbox
		_, err := a.Publish(ctx, p)
		return inbox.Lost, err
	})
	for range 2 {
		receive(e, waiting, "a message that waits")
	}
	e.Disconnect()
	e.Block(false)
	for range 2 {
		select {
		case <-receive(e, sent, "the end of the wait"):
			require.Fail(e.t, "it was sent with the address of a dead inbox")
		default:
		}
		require.Equal(e.t, "re: hello", string(receive(e, a.replies, "the reply").Body))
	}
}

func (c *conn) inboxes() transport.Inboxes {
	c.e.t.Helper()
	i, ok := c.Conn.(transport.Inboxes)
	require.True(c.e.t, ok, "wanted a transport.Inboxes, got %T", c.Conn)
	return i
}

// inbox returns the connection's present inbox.
func (c *conn) inbox() transport.Inbox {
	c.e.t.Helper()
	i, err := c.inboxes().Inbox(c.e.ctx)
	require.NoError(c.e.t, err)
	require.NotNil(c.e.t, i.Lost)
	select {
	case <-i.Lost:
		require.FailNow(c.e.t, "lost before anything happened")
	default:
	}
	return i
}

func toInbox(i transport.Inbox, body string) *transport.Publication {
	return &transport.Publication{Message: text(body), Key: i.Address, Mandatory: true, Reply: true}
}

// inboxOrder sends both ways at once between two inboxes.
func inboxOrder(e *env) {
	const n = 200
	a, b := e.connect(), e.connect()
	toA, toB := a.inbox(), b.inbox()
	for i := range n {
		for c, to := range map[*conn]transport.Inbox{a: toB, b: toA} {
			_, err := c.Publish(e.ctx, toInbox(to, fmt.Sprint(i)))
			require.NoError(e.t, err)
		}
	}
	for _, c := range []*conn{a, b} {
		for i := range n {
			require.Equal(e.t, fmt.Sprint(i), string(receive(e, c.replies, "a message").Body))
		}
	}
}
