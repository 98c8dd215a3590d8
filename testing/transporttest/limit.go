package transporttest

import (
	"context"
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func needTTL(b Broker) bool { return b.Features.TTL && b.Features.DeadLetter }

func needMaxLength(b Broker) bool { return b.Features.MaxLength }

func needPriority(b Broker) bool { return b.Features.Priority }

// brief is a time to live that has passed long before a case gives up.
const brief = 50 * time.Millisecond

var limitCases = []testCase{
	{
		name:    "limit/message expires",
		promise: "Expiration is how long the broker keeps the message in a queue. An expired message is dead-lettered, without its expiration.",
		needs:   needTTL,
		run: func(e *env) {
			c := e.connect()
			dead := c.collect(e.onQueue("dead"))
			s := e.onQueue("q", topology.DeadLetter("", e.name("dead")))
			c.declare(s)
			p := toQueue(s.Queue.Name, "late")
			p.Message.Expiration = brief
			require.NoError(e.t, c.send(p))
			got := dead.next()
			require.Equal(e.t, "late", string(got.Body))
			require.Zero(e.t, got.Expiration)
			requireDeath(e, got, "expired", s.Queue.Name)
		},
	},
	{
		name:    "limit/queue's message TTL",
		promise: "MessageTTL drops or dead-letters messages that waited longer than d.",
		needs:   needTTL,
		run: func(e *env) {
			c := e.connect()
			dead := c.collect(e.onQueue("dead"))
			s := e.onQueue("q", topology.DeadLetter("", e.name("dead")), topology.MessageTTL(brief))
			c.declare(s)
			c.put(s.Queue.Name, "1")
			c.put(s.Queue.Name, "2")
			got := dead.next()
			requireDeath(e, got, "expired", s.Queue.Name)
			require.Equal(e.t, "1", string(got.Body))
			require.Equal(e.t, "2", string(dead.next().Body))
		},
	},
	{
		name:    "limit/queue expires",
		promise: "Expires deletes the queue when it was unused for d.",
		needs:   needTTL,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q", topology.Expires(brief))
			c.declare(s)
			e.eventually("the queue is gone", func() bool {
				confirmation, err := c.Publish(e.ctx, toQueue(s.Queue.Name, "x"))
				return err == nil && transport.Wait(e.ctx, confirmation) != nil
			})
			require.ErrorIs(e.t, c.send(toQueue(s.Queue.Name, "x")), transport.ErrNoRoute)
		},
	},
	{
		name:    "limit/max length drops the head",
		promise: "MaxLength bounds the number of ready messages; the broker's default policy is DropHead.",
		needs:   func(b Broker) bool { return b.Features.MaxLength && b.Features.DeadLetter },
		run: func(e *env) {
			c := e.connect()
			dead := c.collect(e.onQueue("dead"))
			s := e.onQueue("q", topology.DeadLetter("", e.name("dead")), topology.MaxLength(2))
			c.declare(s)
			for i := range 4 {
				c.put(s.Queue.Name, fmt.Sprint(i))
			}
			got := dead.next()
			require.Equal(e.t, "0", string(got.Body))
			requireDeath(e, got, "maxlen", s.Queue.Name)
			require.Equal(e.t, "1", string(dead.next().Body))
			require.Equal(e.t, []string{"2", "3"}, c.collect(s).bodies(2))
		},
	},
	{
		name:    "limit/max length refuses",
		promise: "ErrRefused: the broker refused the message (nack), for example because the queue is full. It was not stored.",
		needs:   needMaxLength,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q", topology.MaxLength(2), topology.Overflow(topology.RejectPublish))
			c.declare(s)
			c.put(s.Queue.Name, "1")
			c.put(s.Queue.Name, "2")
			require.ErrorIs(e.t, c.send(toQueue(s.Queue.Name, "3")), transport.ErrRefused)
			got := c.collect(s)
			require.Equal(e.t, []string{"1", "2"}, got.bodies(2))
			c.put(s.Queue.Name, "4")
			require.Equal(e.t, "4", string(got.next().Body))
		},
	},
	{
		name:    "limit/max length in bytes",
		promise: "MaxLengthBytes bounds the sum of the bodies of ready messages in bytes.",
		needs:   needMaxLength,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q", topology.MaxLengthBytes(10))
			c.declare(s)
			for _, body := range []string{"aaaa", "bbbb", "cccc"} {
				c.put(s.Queue.Name, body)
			}
			require.Equal(e.t, []string{"bbbb", "cccc"}, c.collect(s).bodies(2))
		},
	},
	{
		name:    "limit/priority",
		promise: "MaxPriority makes a classic queue order by priority 0 to n; equal ones keep their order.",
		needs:   needPriority,
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q", topology.MaxPriority(5))
			c.declare(s)
			for i, priority := range []uint8{0, 3, 5, 3, 200, 0} {
				p := toQueue(s.Queue.Name, fmt.Sprintf("%d of %d", i, priority))
				p.Message.Priority = priority
				require.NoError(e.t, c.send(p))
			}
			want := []string{"2 of 5", "4 of 200", "1 of 3", "3 of 3", "0 of 0", "5 of 0"}
			require.Equal(e.t, want, c.collect(s).bodies(len(want)))
		},
	},
	{
		name:    "limit/consumer priority",
		promise: "ConsumerPriority prefers this consumer over those with a lower number while it has room for deliveries.",
		needs:   needPriority,
		run: func(e *env) {
			c := e.connect()
			low := c.collect(e.onQueue("q"))
			high := e.connect().collect(e.onQueue("q", topology.ConsumerPriority(10)))
			for i := range 5 {
				c.put(e.name("q"), fmt.Sprint(i))
				require.Equal(e.t, fmt.Sprint(i), string(high.next().Body))
			}
			require.Empty(e.t, low.messages)
		},
	},
	{
		name:    "limit/single active consumer",
		promise: "SingleActiveConsumer lets one consumer work at a time; another takes over when it leaves.",
		needs:   func(b Broker) bool { return b.Features.SingleActive },
		run:     oneActive,
	},
}

func oneActive(e *env) {
	publisher := e.connect()
	s := e.onQueue("q", topology.SingleActiveConsumer())
	first, second := e.connect().collect(s), e.connect().collect(s)
	for i := range 20 {
		publisher.put(s.Queue.Name, fmt.Sprint(i))
	}
	first.bodies(20)
	require.Empty(e.t, second.messages)
	require.NoError(e.t, first.Stop(e.ctx))
	publisher.put(s.Queue.Name, "next")
	require.Equal(e.t, "next", string(second.next().Body))
}

var quorumCases = []testCase{
	{
		name:    "quorum/counts deliveries",
		promise: "DeliveryCount is how many earlier deliveries the broker itself counted (quorum queues). A broker that counts deliveries counts a Requeue.",
		needs:   func(b Broker) bool { return b.Features.DeliveryLimit && b.Features.DeadLetter },
		run:     deliveriesCounted,
	},
}

func deliveriesCounted(e *env) {
	c := e.connect()
	dead := c.collect(e.onQueue("dead"))
	s := e.onQueue("q", topology.Quorum(), topology.DeliveryLimit(3), topology.DeadLetter("", e.name("dead")))
	counts := make(chan int, 100)
	c.consume(s, 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		counts <- m.DeliveryCount
		return transport.Requeue
	})
	c.put(s.Queue.Name, "poison")
	for want := range 4 {
		require.Equal(e.t, want, receive(e, counts, "a delivery"))
	}
	got := dead.next()
	require.Equal(e.t, "poison", string(got.Body))
	requireDeath(e, got, "delivery_limit", s.Queue.Name)
	require.Empty(e.t, counts)
}
