package rabbitmq_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// lonely is a consumer whose queue changes while its network is gone. What it
// treats as permanent it tries again in half an hour at the earliest.
type lonely struct {
	transport.Conn
	consumer transport.Consumer
	bodies   chan string
	// faults are why it does not consume, one for each attempt.
	faults chan error
}

func newLonely(t *testing.T, s topology.Subscription, change func(ch *amqp.Channel) error) *lonely {
	t.Helper()
	url := rabbittest.URL(t)
	proxy := rabbittest.NewProxy(t, url)
	l := &lonely{bodies: make(chan string, 100), faults: make(chan error, 1000)}
	l.Conn = connect(t, settings(), proxy.URL(), rabbitmq.Backoff(time.Millisecond, time.Hour))
	var err error
	l.consumer, err = l.Subscribe(within(t, patience), transport.Subscription{
		Topology: s, Prefetch: 10, Workers: 1,
		Handle: func(_ context.Context, m *transport.Message) transport.Verdict {
			l.bodies <- string(m.Body)
			return transport.Ack
		},
		OnStatus: func(_ transport.State, now transport.Status) {
			if now.Err != nil && len(l.faults) < cap(l.faults) {
				l.faults <- now.Err
			}
		},
	})
	require.NoError(t, err)

	own, err := amqp.Dial(url)
	require.NoError(t, err)
	t.Cleanup(func() { _ = own.Close() })
	proxy.Freeze()
	proxy.Cut()
	// The broker may not have noticed the end of the connection at once.
	require.Eventually(t, func() bool {
		ch, err := own.Channel()
		return err == nil && change(ch) == nil
	}, patience, 5*time.Millisecond)
	proxy.Thaw()
	return l
}

// fault returns the first one with that text.
func (l *lonely) fault(t *testing.T, text string) error {
	t.Helper()
	for {
		if err := await(t, l.faults, text); strings.Contains(err.Error(), text) {
			return err
		}
	}
}

// After a lost connection a queue that is still held is most likely held by the
// old one: it is asked for again soon.
func TestQueueHeldAfterALostConnection(t *testing.T) {
	t.Parallel()
	s := queue(t)
	s.Queue.Exclusive, s.Queue.Durable = true, false
	var holder *amqp.Channel
	l := newLonely(t, s, func(ch *amqp.Channel) error {
		holder = ch
		_, err := ch.QueueDeclare(s.Queue.Name, false, false, true, false, nil)
		return err
	})
	_, permanent := errors.AsType[*transport.PermanentError](l.fault(t, "RESOURCE_LOCKED"))
	require.False(t, permanent)
	_, err := holder.QueueDelete(s.Queue.Name, false, false, false)
	require.NoError(t, err)
	require.NoError(t, l.consumer.Ready(within(t, patience)))
	publishUntilStored(t, l, s.Queue.Name, "after")
	awaitBody(t, l.bodies, "after")
}

// A queue that exists with other arguments now is for an operator to look at: it
// is not asked for again and again.
func TestRefusedQueueIsNotAskedForHot(t *testing.T) {
	t.Parallel()
	s := queue(t)
	l := newLonely(t, s, func(ch *amqp.Channel) error {
		if _, err := ch.QueueDelete(s.Queue.Name, false, false, false); err != nil {
			return err
		}
		_, err := ch.QueueDeclare(s.Queue.Name, true, false, false, false, amqp.Table{topology.ArgMaxLength: 5})
		return err
	})
	requirePermanent(t, l.fault(t, "PRECONDITION_FAILED"), "declare queue ", "wanted it as declared here", "hint: ")
	// Many times as long as the first pauses would be.
	for range 20 {
		k, _ := collect(t, l, queue(t))
		require.NoError(t, k.Stop(within(t, patience)))
	}
	require.Empty(t, l.faults, "it was asked for again")
	requirePermanent(t, l.consumer.Err(), "declare queue ")
}
