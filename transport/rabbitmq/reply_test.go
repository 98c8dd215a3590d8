package rabbitmq_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// replies returns settings whose replies arrive at the channel.
func replies() (transport.Settings, <-chan *transport.Message) {
	got := make(chan *transport.Message, 1000)
	s := settings()
	s.OnReply = func(m *transport.Message) { got <- m }
	return s, got
}

// echo answers requests on a queue and returns its name.
func echo(t *testing.T, c transport.Conn) string {
	t.Helper()
	s := queue(t)
	_, err := c.Subscribe(within(t, patience), transport.Subscription{
		Topology: s, Prefetch: 50, Workers: 10,
		Handle: func(ctx context.Context, m *transport.Message) transport.Verdict {
			conf, err := c.Publish(ctx, &transport.Publication{
				Message: &transport.Message{Body: m.Body, CorrelationID: m.CorrelationID},
				Key:     m.ReplyTo, Mandatory: true, Reply: true,
			})
			if err == nil {
				err = transport.Wait(ctx, conf)
			}
			if err != nil {
				return transport.Requeue
			}
			return transport.Ack
		},
	})
	require.NoError(t, err)
	return s.Queue.Name
}

func TestReplyModes(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	server := echo(t, connect(t, settings(), address))
	for name, options := range map[string][]rabbitmq.Option{
		"inbox":  nil,
		"direct": {rabbitmq.DirectReplies()},
		"queue":  {rabbitmq.ReplyQueue("test." + rand.Text())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, got := replies()
			c := connect(t, s, address, options...)
			const n = 200
			want := map[string]bool{}
			for i := range n {
				id := fmt.Sprint(i)
				want[id] = true
				p := publication(server, id)
				p.Message.CorrelationID, p.Mandatory = id, true
				pending, err := c.Request(within(t, patience), p)
				require.NoError(t, err)
				require.Equal(t, name == "queue", pending.Lost() == nil)
			}
			for range n {
				m := await(t, got, "a reply")
				require.Equal(t, string(m.Body), m.CorrelationID)
				require.True(t, want[m.CorrelationID])
				delete(want, m.CorrelationID)
			}
		})
	}
}

func TestReplyQueueSurvivesTheSession(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	proxy := rabbittest.NewProxy(t, address)
	s, got := replies()
	name := "test." + rand.Text()
	c := connect(t, s, proxy.URL(), rabbitmq.ReplyQueue(name), rabbitmq.Backoff(time.Millisecond, 100*time.Millisecond))
	silent := queue(t)
	k, _ := collect(t, c, silent)
	require.NoError(t, k.Stop(within(t, patience)))
	_, err := c.Request(within(t, patience), publication(silent.Queue.Name, "x"))
	require.NoError(t, err)

	proxy.Cut()
	other := connect(t, settings(), address)
	require.NoError(t, publish(within(t, patience), other, name, "meanwhile"))
	require.Equal(t, "meanwhile", string(await(t, got, "the reply").Body))
}

func TestReplyQueueHasOneHolder(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	name := "test." + rand.Text()
	first := connect(t, settings(), address, rabbitmq.ReplyQueue(name))
	_, err := first.Request(within(t, patience), publication(name, "x"))
	require.NoError(t, err)
	second := connect(t, settings(), address, rabbitmq.ReplyQueue(name))
	_, err = second.Request(within(t, patience), publication(name, "x"))
	require.ErrorIs(t, err, transport.ErrNotSent)
	requirePermanent(t, err, "consume reply queue ", "wanted to be its only reader", "in exclusive use", "hint: ")
}

// What no waiting can cure says what it is.
func TestRefusedReplyQueue(t *testing.T) {
	t.Parallel()
	node := rabbittest.Shared(t)
	name := "test." + rand.Text()
	_, err := admin(t, node.URL()).QueueDeclare(name, true, false, false, false, nil)
	require.NoError(t, err)
	for _, args := range [][]string{{"add_user", "asker", secret}, {"set_permissions", "asker", ".*", ".*", "^$"}} {
		_, err := node.Ctl(within(t, patience), args...)
		require.NoError(t, err)
	}
	u, err := url.Parse(node.URL())
	require.NoError(t, err)
	u.User = url.UserPassword("asker", secret)
	for _, refused := range []struct{ url, queue, want string }{
		{node.URL(), name, "wanted it as declared here"},
		{u.String(), "test." + rand.Text(), "wanted permission, got "},
	} {
		c := connect(t, settings(), refused.url, rabbitmq.ReplyQueue(refused.queue))
		_, err := c.Request(within(t, patience), publication(refused.queue, "x"))
		requirePermanent(t, err, refused.queue, refused.want, "hint: ")
		require.NotContains(t, err.Error(), "only reader")
	}
}

// TestUnknownDirectAddresses: RabbitMQ 3.10 closes the connection that
// publishes to a direct address of an unknown node.
func TestUnknownDirectAddresses(t *testing.T) {
	t.Parallel()
	address := rabbittest.URL(t)
	var log logged
	s := settings()
	s.Logger = log.logger()
	c := connect(t, s, address, rabbitmq.Backoff(time.Millisecond, 10*time.Millisecond))
	consumer, bodies := collect(t, c, queueNamed(t, "test."+rand.Text()))
	require.NoError(t, consumer.Ready(within(t, patience)))
	victim := queue(t)
	_, others := collect(t, c, victim)

	for i := range 100 {
		conf, err := c.Publish(within(t, patience), &transport.Publication{
			Message: &transport.Message{}, Key: unknownNode(i), Reply: true,
		})
		if err == nil {
			err = transport.Wait(within(t, patience), conf)
		}
		if err != nil {
			require.NotErrorIs(t, err, context.DeadlineExceeded)
		}
		require.NoError(t, publish(within(t, patience), c, victim.Queue.Name, fmt.Sprint(i)))
		awaitBody(t, others, fmt.Sprint(i))
	}
	// One that was alone in flight is refused from then on.
	require.Eventually(t, func() bool {
		conf, err := c.Publish(within(t, patience), &transport.Publication{Message: &transport.Message{}, Key: unknownNode(0), Reply: true})
		if err != nil {
			return false
		}
		err = transport.Wait(within(t, patience), conf)
		return errors.Is(err, transport.ErrNoRoute) && containsAll(err.Error(), "has ended connections", "hint: ")
	}, patience, time.Millisecond)
	require.Contains(t, log.String(), "a direct reply address ended the connection for replies")
	require.Empty(t, bodies)
	require.NotContains(t, log.String(), `msg="parley: connection lost" connection="test publish"`)
	require.NotContains(t, log.String(), `msg="parley: connection lost" connection="test consume"`)

	// Live addresses are served again.
	direct, got := replies()
	client := connect(t, direct, address, rabbitmq.DirectReplies())
	p := publication(echo(t, c), "x")
	_, err := client.Request(within(t, patience), p)
	require.NoError(t, err)
	require.Equal(t, "x", string(await(t, got, "a reply").Body))
}

func queueNamed(t *testing.T, name string) topology.Subscription {
	t.Helper()
	s, err := topology.Resolve("", mustTemplate(t, name))
	require.NoError(t, err)
	return s
}

// unknownNode is a well-formed direct reply address whose node does not exist:
// an Erlang process id in the external term format, and a key.
func unknownNode(i int) string {
	node := fmt.Sprintf("reply@%d", 1000+i)
	pid := []byte{131, 88, 118, 0, byte(len(node))}
	pid = append(pid, node...)
	pid = append(pid, 0, 0, 0x5d, 0xff, 0, 0, 0, 0, 0x5d, 0x92, 0x45, byte(i))
	return "amq.rabbitmq.reply-to." + base64.StdEncoding.EncodeToString(pid) + ".a2V5"
}
