package rabbitmq_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbitnode"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// largest is the largest body that the node of TestFaults takes.
const largest = 8 << 20

// TestFaults breaks a node of its own, one fault after the other.
func TestFaults(t *testing.T) {
	t.Parallel()
	node := rabbittest.Node(t, rabbitnode.Options{Config: []string{fmt.Sprintf("max_message_size = %d", largest)}})
	options := []rabbitmq.Option{rabbitmq.Backoff(20*time.Millisecond, 500*time.Millisecond)}
	for _, fault := range []struct {
		name string
		run  func(*testing.T, *rabbitnode.Node, []rabbitmq.Option)
	}{
		{"connections closed by an operator", connectionsClosed},
		{"body over the broker's limit", tooLarge},
		{"publishing blocked by an alarm", blockedByAlarm},
		{"broker frozen", frozen},
		{"frozen before the first frame", frozenAtOnce},
		{"broker killed and restarted", killed},
	} {
		t.Run(fault.name, func(t *testing.T) { fault.run(t, node, options) })
	}
}

func killed(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	c := connect(t, settings(), node.URL(), options...)
	s := queue(t)
	k, bodies := collect(t, c, s)
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "before"))
	awaitBody(t, bodies, "before")

	require.NoError(t, node.Kill())
	require.Eventually(t, func() bool { return k.Err() != nil }, patience, time.Millisecond)
	start := time.Now()
	err := publish(within(t, 200*time.Millisecond), c, s.Queue.Name, "while away")
	require.ErrorIs(t, err, transport.ErrNotSent)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(start), patience)

	require.NoError(t, node.Restart(within(t, 2*patience)))
	publishUntilStored(t, c, s.Queue.Name, "after")
	awaitBody(t, bodies, "after")
	require.NoError(t, k.Ready(within(t, patience)))
	require.NoError(t, k.Err())
}

// tooLarge: the broker answers such a message by closing the channel that all
// publishers share.
func tooLarge(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	c := connect(t, settings(), node.URL(), options...)
	s := queue(t)
	_, bodies := collect(t, c, s)
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "before"))
	awaitBody(t, bodies, "before")
	large := publication(s.Queue.Name, strings.Repeat("x", largest+1))
	conf, err := c.Publish(within(t, patience), large)
	require.NoError(t, err)
	err = transport.Wait(within(t, patience), conf)
	require.ErrorIs(t, err, transport.ErrOutcomeUnknown)
	requirePermanent(t, err, s.Queue.Name, "wanted a body within the broker's limit, got ", "message size 8388609 ", "hint: ")
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, strings.Repeat("x", largest)))
	require.Len(t, await(t, bodies, "the largest body"), largest)
}

func connectionsClosed(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	c := connect(t, settings(), node.URL(), options...)
	s := queue(t)
	k, bodies := collect(t, c, s)
	_, err := node.Ctl(within(t, patience), "close_all_connections", "maintenance")
	require.NoError(t, err)
	publishUntilStored(t, c, s.Queue.Name, "after")
	awaitBody(t, bodies, "after")
	require.NoError(t, k.Ready(within(t, patience)))
}

func blockedByAlarm(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	watched := settings()
	publishing := make(chan transport.Status, 100)
	watched.OnLink = func(_ transport.State, now transport.Status) {
		if now.Connection == "test publish" {
			publishing <- now
		}
	}
	c := connect(t, watched, node.URL(), options...)
	require.Equal(t, transport.StateUp, await(t, publishing, "the link").State)
	s := queue(t)
	_, bodies := collect(t, c, s)
	ctl := func(mark string) {
		_, err := node.Ctl(within(t, patience), "set_vm_memory_high_watermark", mark)
		require.NoError(t, err)
	}
	ctl("0.000001")
	// The alarm is announced at the first publication under it, which leaves.
	require.Eventually(t, func() bool {
		_, err := c.Publish(within(t, 100*time.Millisecond), publication(s.Queue.Name, "x"))
		return isBlocked(t, err)
	}, patience, time.Millisecond)
	alarm := await(t, publishing, "the alarm")
	require.Equal(t, transport.StateBlocked, alarm.State)
	require.ErrorIs(t, alarm.Err, transport.ErrBlocked)
	require.ErrorContains(t, alarm.Err, "low on memory")

	// Close returns although the broker reads nothing.
	other, err := rabbitmq.New(node.URL(), options...).Connect(within(t, patience), settings())
	require.NoError(t, err)
	_, err = other.Publish(within(t, patience), publication(s.Queue.Name, "other"))
	require.NoError(t, err)
	require.NoError(t, other.Close(within(t, patience)))

	ctl("0.4")
	require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "after"))
	require.Equal(t, transport.StateUp, await(t, publishing, "the end of the alarm").State)
	awaitBody(t, bodies, "after")
}

func isBlocked(t *testing.T, err error) bool {
	t.Helper()
	if !errors.Is(err, transport.ErrBlocked) {
		return false
	}
	require.ErrorIs(t, err, context.DeadlineExceeded)
	return true
}

func publication(key, body string) *transport.Publication {
	return &transport.Publication{Message: &transport.Message{Body: []byte(body)}, Key: key}
}

// noticed makes a silent broker one that is missed soon: too soon for a loaded
// machine, where it is no test's subject.
var noticed = rabbitmq.Heartbeat(2 * time.Second)

func frozen(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	c := connect(t, settings(), node.URL(), append(options, noticed)...)
	s := queue(t)
	k, bodies := collect(t, c, s)
	require.NoError(t, node.Pause())
	defer func() { _ = node.Continue() }()

	err := publish(within(t, 200*time.Millisecond), c, s.Queue.Name, "frozen")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = c.Subscribe(within(t, 200*time.Millisecond), transport.Subscription{
		Topology: queue(t), Prefetch: 1, Workers: 1,
		Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
	})
	require.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = c.Request(within(t, 200*time.Millisecond), publication(s.Queue.Name, "x"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	// The heartbeat notices.
	require.Eventually(t, func() bool { return k.Err() != nil }, patience, 10*time.Millisecond)

	require.NoError(t, node.Continue())
	publishUntilStored(t, c, s.Queue.Name, "after")
	awaitBody(t, bodies, "after")
}

// frozenAtOnce: nothing arrives after the handshake, so the client library
// itself has no deadline.
func frozenAtOnce(t *testing.T, node *rabbitnode.Node, options []rabbitmq.Option) {
	t.Helper()
	proxy := rabbittest.NewProxy(t, node.URL())
	var log logged
	s := settings()
	s.Logger = log.logger()
	c := connect(t, s, proxy.URL(), append(options, noticed)...)
	proxy.Freeze()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stopped := make(chan error, 1)
	own := queue(t)
	go func() {
		_, err := c.Subscribe(ctx, transport.Subscription{
			Topology: own, Prefetch: 1, Workers: 1,
			Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
		})
		stopped <- err
	}()
	require.Eventually(t, func() bool {
		return containsAll(log.String(), "connection lost", "i/o timeout")
	}, patience, 10*time.Millisecond)
	proxy.Cut()
	proxy.Thaw()
	require.NoError(t, await(t, stopped, "the subscription"))
}
