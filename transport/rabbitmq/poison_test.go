package rabbitmq_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// forger replaces bytes on their way to the broker.
type forger struct {
	net.Conn
	old, made []byte
}

func (f *forger) Write(b []byte) (int, error) {
	return f.Conn.Write(bytes.ReplaceAll(b, f.old, f.made))
}

// forge returns a channel in confirm mode of a peer that writes made in place of
// old, which is as long.
func forge(t *testing.T, url, old, made string) *amqp.Channel {
	t.Helper()
	require.Len(t, made, len(old))
	conn, err := amqp.DialConfig(url, amqp.Config{Dial: func(network, address string) (net.Conn, error) {
		c, err := net.DialTimeout(network, address, patience)
		if err == nil {
			err = c.SetDeadline(time.Now().Add(2 * patience))
		}
		return &forger{c, []byte(old), []byte(made)}, err
	}})
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.CloseDeadline(time.Now().Add(time.Second)) })
	ch, err := conn.Channel()
	require.NoError(t, err)
	require.NoError(t, ch.Confirm(false))
	return ch
}

func store(t *testing.T, ch *amqp.Channel, queue, body string, headers amqp.Table) {
	t.Helper()
	c, err := ch.PublishWithDeferredConfirm("", queue, true, false, amqp.Publishing{Headers: headers, MessageId: body, Body: []byte(body)})
	require.NoError(t, err)
	stored, err := c.WaitContext(within(t, patience))
	require.NoError(t, err)
	require.True(t, stored, "the broker refused %s", body)
}

// fills are headers that make a content header of so many bytes, with a message
// id of 6 bytes.
func fills(size int) amqp.Table {
	const others = 14 + 4 + len("fill") + 1 + 1 + 4 + 7
	return amqp.Table{"fill": strings.Repeat("x", size-others)}
}

func levels(n int) any {
	v := any(nil)
	for range n {
		v = []any{v}
	}
	return v
}

func names(n int) amqp.Table {
	h := amqp.Table{}
	for i := range n {
		h[fmt.Sprint(i)] = nil
	}
	return h
}

// poisons are header tables that RabbitMQ takes and amqp091-go answers by
// closing the connection.
var poisons = []struct {
	name    string
	headers amqp.Table
	says    string
}{
	{"long list", amqp.Table{"big": make([]any, 8193)}, `1 of 1 headers ("big"): a table or list of more than 8192 elements`},
	{"long table", amqp.Table{"big": names(8193)}, "more than 8192 elements"},
	{"many headers", names(8193), "more than 8192 elements"},
	{"deep", amqp.Table{"deep": levels(33)}, `1 of 1 headers ("deep"): more than 32 levels`},
	{"very deep", amqp.Table{"deep": levels(5000)}, `1 of 1 headers ("deep"): more than 32 levels`},
	{"frame a byte too large", fills(131065), `1 of 1 headers ("fill"): more than fits into a frame`},
	{"largest frame", fills(131072), `1 of 1 headers ("fill"): more than fits into a frame`},
}

// lossless returns settings that record whether a connection was ever lost.
func lossless(t *testing.T) transport.Settings {
	t.Helper()
	lost := make(chan transport.Status, 100)
	s := settings()
	s.OnLink = func(_ transport.State, now transport.Status) {
		if now.Err != nil {
			lost <- now
		}
	}
	t.Cleanup(func() {
		select {
		case l := <-lost:
			t.Errorf("lost connection %s: %v", l.Connection, l.Err)
		default:
		}
	})
	return s
}

// messages consumes s and hands on the messages; the first one with a body of
// twice goes back once.
func messages(t *testing.T, c transport.Conn, s topology.Subscription, twice string) <-chan *transport.Message {
	t.Helper()
	got := make(chan *transport.Message, 100)
	_, err := c.Subscribe(within(t, patience), transport.Subscription{
		Topology: s, Prefetch: 10, Workers: 1,
		Handle: func(_ context.Context, m *transport.Message) transport.Verdict {
			if string(m.Body) == twice && !m.Redelivered {
				return transport.Requeue
			}
			got <- m
			return transport.Ack
		},
	})
	require.NoError(t, err)
	return got
}

func TestPoisonHeadersDoNotEndTheConnection(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	c := connect(t, lossless(t), url)
	s := queue(t)
	got := messages(t, c, s, "")
	peer := forge(t, url, "-", "-")
	for _, p := range poisons {
		store(t, peer, s.Queue.Name, "before", nil)
		store(t, peer, s.Queue.Name, "poison", p.headers)
		store(t, peer, s.Queue.Name, "after!", amqp.Table{"x": "y"})
		require.Equal(t, "before", string(await(t, got, p.name).Body))
		m := await(t, got, p.name)
		require.Equal(t, "poison", string(m.Body))
		require.Equal(t, "poison", m.ID)
		require.Contains(t, m.Header(transport.HeaderRemoved), p.says, p.name)
		m = await(t, got, p.name)
		require.Equal(t, "after!", string(m.Body))
		require.Equal(t, transport.Headers{"x": "y"}, m.Headers)
	}
}

// What looks into a queue meets the same messages.
func TestPoisonHeadersUnderAScan(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	c := connect(t, lossless(t), url)
	s := queue(t)
	require.NoError(t, c.(transport.QueueDeclarer).DeclareQueue(within(t, patience), s.Queue))
	peer := forge(t, url, "-", "-")
	for _, p := range poisons {
		store(t, peer, s.Queue.Name, "poison", p.headers)
	}
	var seen []string
	err := c.(transport.QueueInspector).Scan(within(t, patience), s.Queue.Name, func(m *transport.Message) (transport.Verdict, bool) {
		seen = append(seen, m.Header(transport.HeaderRemoved))
		return transport.Ack, true
	})
	require.NoError(t, err)
	require.Len(t, seen, len(poisons))
	for i, p := range poisons {
		require.Contains(t, seen[i], p.says)
	}
}

// The broker itself makes a header frame too large when it counts deliveries.
func TestHeadersThatGrowInTheBroker(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	c := connect(t, lossless(t), url)
	s := queue(t)
	s.Queue.Arguments = topology.Arguments{"x-queue-type": "quorum"}
	got := messages(t, c, s, "growth")
	store(t, forge(t, url, "-", "-"), s.Queue.Name, "growth", fills(131064))
	m := await(t, got, "the second delivery")
	require.True(t, m.Redelivered)
	require.Equal(t, 1, m.DeliveryCount)
	require.Contains(t, m.Header(transport.HeaderRemoved), `1 of 2 headers ("fill"): more than fits into a frame`)
}

// Integers that peers such as Celery send under a type of their own arrive.
func TestLongIntegersArrive(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	c := connect(t, lossless(t), url)
	s := queue(t)
	got := messages(t, c, s, "")
	peer := forge(t, url, "\x03intl\x12\x34", "\x03intL\x12\x34")
	store(t, peer, s.Queue.Name, "long", amqp.Table{"int": int64(0x1234_5678_9ABC_DEF0)})
	require.Equal(t, transport.Headers{"int": int64(0x1234_5678_9ABC_DEF0)}, await(t, got, "the message").Headers)
}

// A reply with such headers ends neither the connection nor the other calls.
func TestPoisonHeadersOfAReply(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	replies := make(chan *transport.Message, 10)
	set := lossless(t)
	set.OnReply = func(m *transport.Message) { replies <- m }
	c := connect(t, set, url)
	s := queue(t)
	got := messages(t, c, s, "")
	_, err := c.Request(within(t, patience), publication(s.Queue.Name, "request"))
	require.NoError(t, err)
	to := await(t, got, "the request").ReplyTo
	peer := forge(t, url, "-", "-")
	for _, p := range poisons {
		store(t, peer, to, "poison", p.headers)
		require.Contains(t, await(t, replies, p.name).Header(transport.HeaderRemoved), p.says)
	}
}
