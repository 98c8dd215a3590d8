package transporttest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

var consumeCases = []testCase{
	{
		name:    "consume/competing consumers",
		promise: "Two subscriptions with the same non-empty queue name compete: they share the messages, each goes to one of them.",
		run:     consumersCompete,
	},
	{
		name:    "consume/prefetch",
		promise: "Prefetch bounds the unsettled deliveries.",
		run:     prefetchHolds,
	},
	{
		name:    "consume/workers",
		promise: "Workers bounds the running calls of Handle.",
		run:     workersHold,
	},
	{
		name:    "consume/all workers",
		promise: "Workers bounds the running calls of Handle: so many do run at once.",
		run: func(e *env) {
			const workers = 8
			c := e.connect()
			started := make(chan struct{}, workers)
			release := make(chan struct{})
			c.consume(e.onQueue("q"), workers, workers, func(context.Context, *transport.Message) transport.Verdict {
				started <- struct{}{}
				<-release
				return transport.Ack
			})
			defer close(release)
			for i := range workers {
				c.put(e.name("q"), fmt.Sprint(i))
			}
			for range workers {
				receive(e, started, "a handler that runs beside the others")
			}
		},
	},
	{
		name:    "consume/one worker",
		promise: "With 1, each message is settled before the next one is handled, in queue order.",
		run:     oneWorkerIsSerial,
	},
	{
		name:    "consume/ended goroutine",
		promise: "Exited decides about a delivery whose Handle or Exited ended its goroutine, with the same message; the worker is replaced.",
		run:     exitedDecides,
	},
	{
		name:    "consume/ended goroutine, nobody decides",
		promise: "Exited may be nil, which is Requeue.",
		run: func(e *env) {
			c := e.connect()
			seen := make(chan bool, 10)
			c.consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
				seen <- m.Redelivered
				if !m.Redelivered {
					runtime.Goexit()
				}
				return transport.Ack
			})
			c.put(e.name("q"), "x")
			require.False(e.t, receive(e, seen, "the delivery"))
			require.True(e.t, receive(e, seen, "the second delivery"))
		},
	},
	{
		name:    "consume/ready",
		promise: "Ready waits until the broker has accepted the consumer: at once when it has. Err is nil while consuming.",
		run: func(e *env) {
			got := e.connect().collect(e.onQueue("q"))
			require.NoError(e.t, got.Ready(e.ctx))
			require.NoError(e.t, got.Err())
		},
	},
	{
		name:    "consume/subscribe with an ended context",
		promise: "While the broker is absent Subscribe waits until ctx ends: with an ended one it subscribes nothing.",
		run: func(e *env) {
			c := e.connect()
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			_, err := c.Subscribe(ctx, transport.Subscription{
				Topology: e.onQueue("q"), Prefetch: 1, Workers: 1,
				Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
			})
			require.ErrorIs(e.t, err, context.Canceled)
		},
	},
	{
		name:    "consume/context outlives subscribe",
		promise: "ctx bounds only this call.",
		run: func(e *env) {
			c := e.connect()
			ctx, cancel := context.WithCancel(e.ctx)
			seen := make(chan error, 1)
			_, err := c.Subscribe(ctx, transport.Subscription{
				Topology: e.onQueue("q"), Prefetch: 1, Workers: 1,
				Handle: func(ctx context.Context, _ *transport.Message) transport.Verdict {
					seen <- ctx.Err()
					return transport.Ack
				},
			})
			require.NoError(e.t, err)
			cancel()
			c.put(e.name("q"), "x")
			require.NoError(e.t, receive(e, seen, "a delivery"))
		},
	},
}

func consumersCompete(e *env) {
	const n = 50
	publisher := e.connect()
	type hit struct{ consumer, body string }
	hits := make(chan hit, 2*n)
	both := make(chan struct{})
	var waiting atomic.Int32
	for _, name := range []string{"a", "b"} {
		var met atomic.Bool
		e.connect().consume(e.onQueue("q"), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
			// Each holds its first message until the other one has one too.
			if met.CompareAndSwap(false, true) {
				if waiting.Add(1) == 2 {
					close(both)
				}
				<-both
			}
			hits <- hit{name, string(m.Body)}
			return transport.Ack
		})
	}
	for i := range n {
		publisher.put(e.name("q"), fmt.Sprint(i))
	}
	bodies := map[string]bool{}
	shares := map[string]int{}
	for range n {
		h := receive(e, hits, "all messages")
		bodies[h.body] = true
		shares[h.consumer]++
	}
	require.Len(e.t, bodies, n, "a message was delivered twice")
	require.Len(e.t, shares, 2)
}

func prefetchHolds(e *env) {
	const n = 10
	first := e.connect()
	held := make(chan string, n)
	release := make(chan struct{})
	first.consume(e.onQueue("q"), 2, n, func(_ context.Context, m *transport.Message) transport.Verdict {
		held <- string(m.Body)
		<-release
		return transport.Ack
	})
	defer close(release)
	for i := range n {
		first.put(e.name("q"), fmt.Sprint(i))
	}
	got := []string{receive(e, held, "a delivery"), receive(e, held, "a second delivery")}
	// What the first may not have, the second gets.
	got = append(got, e.connect().collect(e.onQueue("q")).bodies(n-2)...)
	slices.Sort(got)
	require.Len(e.t, slices.Compact(got), n)
	require.Empty(e.t, held)
}

func workersHold(e *env) {
	const n, workers = 40, 2
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	for i := range n {
		c.put(s.Queue.Name, fmt.Sprint(i))
	}
	var running atomic.Int32
	counts := make(chan int32, n)
	started := make(chan struct{}, n)
	release := make(chan struct{})
	c.consume(s, n, workers, func(context.Context, *transport.Message) transport.Verdict {
		counts <- running.Add(1)
		defer running.Add(-1)
		started <- struct{}{}
		<-release
		runtime.Gosched()
		return transport.Ack
	})
	for range workers {
		receive(e, started, "a running handler")
	}
	// Whatever arrives from now on finds the workers busy.
	c.put(s.Queue.Name, "one more")
	close(release)
	for range n + 1 {
		require.LessOrEqual(e.t, receive(e, counts, "all messages"), int32(workers))
	}
}

func oneWorkerIsSerial(e *env) {
	const n = 60
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprint(i)
		c.put(s.Queue.Name, want[i])
	}
	var running atomic.Int32
	var overlap atomic.Bool
	bodies := make(chan string, n)
	c.consume(s, n, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		overlap.CompareAndSwap(false, running.Add(1) > 1)
		runtime.Gosched()
		running.Add(-1)
		bodies <- string(m.Body)
		return transport.Ack
	})
	got := make([]string, 0, n)
	for range n {
		got = append(got, receive(e, bodies, "all messages"))
	}
	require.Equal(e.t, want, got)
	require.False(e.t, overlap.Load(), "two handlers ran at once")
}

func exitedDecides(e *env) {
	c := e.connect()
	handled := make(chan string, 10)
	runs := map[*transport.Message]int{}
	exit := func(_ context.Context, m *transport.Message) transport.Verdict {
		// One worker: no two run at once.
		runs[m]++
		if string(m.Body) == "go" && runs[m] < 3 {
			runtime.Goexit()
		}
		handled <- fmt.Sprint(string(m.Body), " ", runs[m], " ", m.Redelivered)
		return transport.Ack
	}
	consumer, err := c.Subscribe(e.ctx, transport.Subscription{Topology: e.onQueue("q"), Prefetch: 5, Workers: 1, Handle: exit, Exited: exit})
	require.NoError(e.t, err)
	for _, body := range []string{"go", "stay", "go"} {
		c.put(e.name("q"), body)
	}
	for _, want := range []string{"go 3 false", "stay 1 false", "go 3 false"} {
		require.Equal(e.t, want, receive(e, handled, "a verdict"))
	}
	require.NoError(e.t, consumer.Stop(e.ctx))
}
