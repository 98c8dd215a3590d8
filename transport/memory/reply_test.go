package memory_test

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// ask sends a request that nobody answers and returns where a reply is wanted.
func (w *world) ask() (transport.Pending, string) {
	w.t.Helper()
	w.declare("silent")
	p, err := w.Request(context.Background(), &transport.Publication{Message: text("x"), Key: "silent", Mandatory: true})
	require.NoError(w.t, err)
	m, ok := w.Take("silent")
	require.True(w.t, ok)
	return p, m.ReplyTo
}

func (w *world) reply(address, body string) error {
	w.t.Helper()
	c, err := w.Publish(context.Background(), &transport.Publication{Message: text(body), Key: address, Mandatory: true, Reply: true})
	require.NoError(w.t, err)
	return c.Err()
}

func TestReplyAddresses(t *testing.T) {
	t.Parallel()
	b := memory.New()
	inbox := connect(t, b, b)
	direct := connect(t, b, b.With(memory.DirectReplies()))
	named := connect(t, b, b.With(memory.ReplyQueue("answers")))
	for prefix, w := range map[string]*world{"amq.gen-": inbox, "amq.rabbitmq.reply-to.": direct, "answers": named} {
		_, address := w.ask()
		require.True(t, strings.HasPrefix(address, prefix), address)
		if w != named {
			require.Len(t, address, len(prefix)+22, "128 random bits")
		}
		require.NoError(t, inbox.reply(address, "hello"))
		require.Equal(t, "hello", string((<-w.replies).Body))
	}
}

func TestReplyAddressAfterDisconnect(t *testing.T) {
	t.Parallel()
	b := memory.New()
	inbox := connect(t, b, b)
	direct := connect(t, b, b.With(memory.DirectReplies()))
	_, oldInbox := inbox.ask()
	_, oldDirect := direct.ask()
	b.Disconnect()
	require.ErrorIs(t, inbox.reply(oldInbox, "late"), transport.ErrNoRoute)
	require.NoError(t, inbox.reply(oldDirect, "late"), "direct reply-to drops without notice")
	_, address := inbox.ask()
	require.NotEqual(t, oldInbox, address)
	require.NoError(t, inbox.reply(address, "in time"))
	require.Equal(t, "in time", string((<-inbox.replies).Body))
	require.Empty(t, direct.replies)
}

// A network that fails takes all sessions along: nobody hears what another one
// says because it is cut first.
func TestNobodyHearsOfADisconnect(t *testing.T) {
	t.Parallel()
	b := memory.New()
	var says func() error
	var outcomes []error
	first, err := b.Connect(context.Background(), transport.Settings{
		Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {},
		OnLink: func(_ transport.State, now transport.Status) {
			if says != nil && now.Err != nil {
				outcomes = append(outcomes, says())
			}
		},
	})
	require.NoError(t, err)
	defer func() { require.NoError(t, first.Close(context.Background())) }()
	inbox, direct := connect(t, b, b), connect(t, b, b.With(memory.DirectReplies()))
	own, err := inbox.Conn.(transport.Inboxes).Inbox(context.Background())
	require.NoError(t, err)
	_, address := direct.ask()
	says = func() error { return errors.Join(inbox.reply(own.Address, "cut"), inbox.reply(address, "cut")) }
	b.Disconnect()
	require.Len(t, outcomes, 1)
	require.ErrorIs(t, outcomes[0], transport.ErrNoRoute)
	require.Empty(t, inbox.replies)
	require.Empty(t, direct.replies)
}

func TestNamedReplyQueueOutlivesItsSession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		w := connect(t, b, b.With(memory.ReplyQueue("answers")))
		pending, address := w.ask()
		require.Nil(t, pending.Lost())
		b.Disconnect()
		require.NoError(t, w.reply(address, "one"))
		require.Equal(t, "one", string((<-w.replies).Body))

		// While its owner is away, replies wait; then the queue expires.
		require.NoError(t, w.Close(context.Background()))
		server := connect(t, b, b)
		require.NoError(t, server.reply(address, "two"))
		again := connect(t, b, b.With(memory.ReplyQueue("answers")))
		again.ask()
		require.Equal(t, "two", string((<-again.replies).Body))
		require.NoError(t, again.Close(context.Background()))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		require.ErrorIs(t, server.reply(address, "three"), transport.ErrNoRoute)
	})
}

func TestNamedReplyQueueHasOneHolder(t *testing.T) {
	t.Parallel()
	b := memory.New()
	first := connect(t, b, b.With(memory.ReplyQueue("answers")))
	first.ask()
	second := connect(t, b, b.With(memory.ReplyQueue("answers")))
	_, err := second.Request(context.Background(), &transport.Publication{Message: text("x"), Key: "silent"})
	require.ErrorIs(t, err, transport.ErrNotSent)
	var permanent *transport.PermanentError
	require.ErrorAs(t, err, &permanent)
	require.ErrorContains(t, err, `queue "answers": wanted to consume alone`)
}

// OnReply is called from one goroutine at a time, whoever brings the replies.
func TestRepliesComeOneAtATime(t *testing.T) {
	t.Parallel()
	const senders, each = 8, 200
	b := memory.New()
	var running, calls atomic.Int32
	var overlap atomic.Bool
	all := make(chan struct{})
	client, err := b.Connect(context.Background(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {
		overlap.CompareAndSwap(false, running.Add(1) > 1)
		runtime.Gosched()
		if calls.Add(1) == senders*each {
			close(all)
		}
		running.Add(-1)
	}})
	require.NoError(t, err)
	w := connect(t, b, b)
	w.declare("q")
	_, err = client.Request(context.Background(), &transport.Publication{Message: text("x"), Key: "q"})
	require.NoError(t, err)
	m, _ := b.Take("q")
	var group sync.WaitGroup
	for range senders {
		group.Go(func() {
			for range each {
				_, err := w.Publish(context.Background(), &transport.Publication{Message: text("y"), Key: m.ReplyTo, Reply: true})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	<-all
	require.False(t, overlap.Load())
	require.NoError(t, client.Close(context.Background()))
}

func TestClassifyReply(t *testing.T) {
	t.Parallel()
	judge := newWorld(t).Conn.(transport.ReplyClassifier)
	for address, want := range map[string]transport.ReplyClass{
		"amq.gen-abc": transport.ReplyWaiting, "amq.rabbitmq.reply-to.abc": transport.ReplyWaiting,
		"receipts": transport.ReplyNamed, "amq.topic": transport.ReplyForbidden, "amq.": transport.ReplyForbidden,
		"victim|exchange": transport.ReplyForbidden, "orders.place.error": transport.ReplyForbidden,
		"": transport.ReplyForbidden, strings.Repeat("q", 256): transport.ReplyForbidden,
	} {
		require.Equal(t, want, judge.ClassifyReply(address), address)
	}
}

func TestUnsupportedTopology(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var check transport.TopologyChecker = w.Broker
	require.NoError(t, check.CheckTopology(w.queue("q")))
	require.ErrorContains(t, check.CheckTopology(w.queue("q", topology.Stream("first"))), `"q"`)
	require.ErrorContains(t, check.CheckTopology(w.queue("q", topology.NewExchange("x-random", "dice"))), `"x-random"`)
}

// Close waits for the last call of OnReply, and no longer than its context.
func TestCloseWaitsForOnReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		started, release := make(chan struct{}, 2), make(chan struct{})
		client, err := b.Connect(context.Background(), transport.Settings{Logger: slog.New(slog.DiscardHandler), OnReply: func(*transport.Message) {
			started <- struct{}{}
			<-release
		}})
		require.NoError(t, err)
		w := connect(t, b, b)
		w.declare("q")
		_, err = client.Request(context.Background(), &transport.Publication{Message: text("x"), Key: "q"})
		require.NoError(t, err)
		m, _ := b.Take("q")
		go func() { _ = w.reply(m.ReplyTo, "one") }()
		<-started
		require.NoError(t, w.reply(m.ReplyTo, "two"), "nobody waits behind a running call")
		ended := make(chan error)
		go func() { ended <- client.Close(context.Background()) }()
		synctest.Wait()
		select {
		case <-ended:
			require.Fail(t, "Close returned while OnReply was running")
		default:
		}
		close(release)
		<-started
		require.NoError(t, <-ended)
	})
}
