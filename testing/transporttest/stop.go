package transporttest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

var stopCases = []testCase{
	{
		name:    "stop/waits and hands back",
		promise: "Stop takes no further deliveries, waits for the running handlers, writes their verdicts and hands the prefetched rest back to the broker.",
		run:     stopHandsBack,
	},
	{
		name:    "stop/begins nothing new",
		promise: "Stop takes no further deliveries: what is prefetched goes back to the broker unhandled, however long the running handlers take.",
		run:     stopBeginsNothing,
	},
	{
		name:    "stop/writes verdicts",
		promise: "Stop waits for the running handlers and writes their verdicts.",
		run:     stopWritesVerdicts,
	},
	{
		name:    "stop/budget used up",
		promise: "When ctx ends first, the handlers' contexts are cancelled, what is unsettled goes back to the broker, and Stop returns ctx's error.",
		run:     stopBudgetEnds,
	},
	{
		name:    "stop/gets nothing afterwards",
		promise: "Stop takes no further deliveries.",
		run: func(e *env) {
			c := e.connect()
			stopped, alive := c.collect(e.onQueue("q")), e.connect().collect(e.onQueue("q"))
			require.NoError(e.t, stopped.Stop(e.ctx))
			for i := range 10 {
				c.put(e.name("q"), fmt.Sprint(i))
			}
			alive.bodies(10)
			require.Empty(e.t, stopped.messages)
		},
	},
	{
		name:    "stop/twice",
		promise: "A consumer may be stopped again, by anyone, at any time.",
		run: func(e *env) {
			got := e.connect().collect(e.onQueue("q"))
			var group sync.WaitGroup
			results := make(chan error, 4)
			for range cap(results) {
				group.Go(func() { results <- got.Stop(e.ctx) })
			}
			group.Wait()
			for range cap(results) {
				require.NoError(e.t, <-results)
			}
			require.NoError(e.t, got.Stop(e.ctx))
		},
	},
	{
		name:    "stop/err afterwards",
		promise: "Err is nil while consuming, else why it is not. Ready returns the error that ended the consumer.",
		run: func(e *env) {
			got := e.connect().collect(e.onQueue("q"))
			require.NoError(e.t, got.Stop(e.ctx))
			require.Error(e.t, got.Err())
			require.Error(e.t, got.Ready(e.ctx))
		},
	},
}

func stopHandsBack(e *env) {
	const n = 300
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	for i := range n {
		c.put(s.Queue.Name, fmt.Sprint(i))
	}
	var handled sync.Map
	var count atomic.Int64
	first, stopping := make(chan struct{}), make(chan struct{})
	consumer := c.consume(s, n, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		if count.Add(1) == 1 {
			close(first)
			<-stopping
		}
		runtime.Gosched()
		handled.Store(string(m.Body), true)
		return transport.Ack
	})
	receive(e, first, "the first delivery")
	close(stopping)
	require.NoError(e.t, consumer.Stop(e.ctx))

	mine := int(count.Load())
	rest := e.connect().collect(s)
	for range n - mine {
		m := rest.next()
		_, twice := handled.LoadOrStore(string(m.Body), true)
		require.False(e.t, twice, "message %s was handled, acknowledged and delivered again", m.Body)
	}
	c.put(s.Queue.Name, "marker")
	require.Equal(e.t, "marker", string(rest.next().Body))
	require.EqualValues(e.t, mine, count.Load(), "a handler started after Stop had returned")
}

// stopBeginsNothing holds the one worker of a consumer until its end is well
// under way.
func stopBeginsNothing(e *env) {
	const n = 20
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	for i := range n {
		c.put(s.Queue.Name, fmt.Sprint(i))
	}
	begun := make(chan string, n)
	release := make(chan struct{})
	consumer := c.consume(s, n/2, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
		begun <- string(m.Body)
		<-release
		return transport.Ack
	})
	first := receive(e, begun, "the first delivery")
	stopped := make(chan error, 1)
	go func() { stopped <- consumer.Stop(e.ctx) }()
	e.eventually("Stop has begun", func() bool { return consumer.Ready(e.ctx) != nil })
	c.roundTrips()
	require.Empty(e.t, stopped, "Stop returned while a handler ran")
	close(release)
	require.NoError(e.t, receive(e, stopped, "the end of Stop"))
	require.Empty(e.t, begun, "a handler began after Stop")
	rest := e.connect().collect(s)
	require.NotContains(e.t, rest.bodies(n-1), first, "it was acknowledged and delivered again")
	c.put(s.Queue.Name, "marker")
	require.Equal(e.t, "marker", string(rest.next().Body))
}

// roundTrips takes far longer than a Stop that waits for nobody.
func (c *conn) roundTrips() {
	c.e.t.Helper()
	s := c.e.onQueue("other")
	for range 5 {
		c.declare(s)
	}
}

func stopWritesVerdicts(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	started := make(chan context.Context, 1)
	release := make(chan struct{})
	consumer := c.consume(s, 1, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
		started <- ctx
		<-release
		return transport.Ack
	})
	c.put(s.Queue.Name, "in hand")
	ctx := receive(e, started, "a delivery")
	stopped := make(chan error, 1)
	go func() { stopped <- consumer.Stop(e.ctx) }()
	c.roundTrips()
	require.Empty(e.t, stopped, "Stop returned while a handler ran")
	require.NoError(e.t, ctx.Err(), "the handler may end in peace")
	close(release)
	require.NoError(e.t, receive(e, stopped, "the end of Stop"))
	c.put(s.Queue.Name, "marker")
	require.Equal(e.t, "marker", string(c.collect(s).next().Body))
}

func stopBudgetEnds(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	started, ended := make(chan struct{}), make(chan struct{})
	verdict := make(chan struct{})
	consumer := c.consume(s, 2, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
		close(started)
		<-ctx.Done()
		close(ended)
		<-verdict
		// Too late: the delivery went back to the broker.
		return transport.Ack
	})
	defer close(verdict)
	c.put(s.Queue.Name, "in hand")
	c.put(s.Queue.Name, "prefetched")
	receive(e, started, "a delivery")

	ctx, cancel := context.WithCancel(e.ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- consumer.Stop(ctx) }()
	cancel()
	require.ErrorIs(e.t, receive(e, stopped, "the end of Stop"), context.Canceled)
	receive(e, ended, "the end of the handler's context")

	got := e.connect().collect(s)
	require.ElementsMatch(e.t, []string{"in hand", "prefetched"}, got.bodies(2))
}
