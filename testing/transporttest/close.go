package transporttest

import (
	"context"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

var closeCases = []testCase{
	{
		name:    "close/later calls",
		promise: "Later calls of any method return ErrClosed; a second Close returns nil.",
		run: func(e *env) {
			c := e.connect()
			s := e.onQueue("q")
			consumer := c.collect(s)
			require.NoError(e.t, c.Close(e.ctx))
			_, err := c.Publish(e.ctx, toQueue(s.Queue.Name, "x"))
			require.ErrorIs(e.t, err, transport.ErrClosed)
			_, err = c.Request(e.ctx, toQueue(s.Queue.Name, "x"))
			require.ErrorIs(e.t, err, transport.ErrClosed)
			_, err = c.Subscribe(e.ctx, transport.Subscription{
				Topology: s, Prefetch: 1, Workers: 1,
				Handle: func(context.Context, *transport.Message) transport.Verdict { return transport.Ack },
			})
			require.ErrorIs(e.t, err, transport.ErrClosed)
			require.Error(e.t, consumer.Err())
			require.Error(e.t, consumer.Ready(e.ctx))
			require.NoError(e.t, consumer.Stop(e.ctx))
			require.NoError(e.t, c.Close(e.ctx))
		},
	},
	{
		name:    "close/under publishers",
		promise: "Every method returns by Close. The outcome of a publication is known at the latest when the session that carried it ends.",
		run:     closeUnderPublishers,
	},
	{
		name:    "close/stops consumers",
		promise: "Close stops what still consumes: what was not settled is delivered to others.",
		run:     closeStopsConsumers,
	},
	{
		name:    "close/one of two",
		promise: "A connection is closed by its owner: others of the same transport live on.",
		run: func(e *env) {
			a, b := e.connect(), e.connect()
			got := b.collect(e.onQueue("q"))
			require.NoError(e.t, a.Close(e.ctx))
			b.put(e.name("q"), "x")
			got.next()
		},
	},
	{
		name:    "close/connect again",
		promise: "One value may serve several apps, and an app may connect again after it stopped.",
		run: func(e *env) {
			s := e.onQueue("q")
			first := e.connect()
			first.declare(s)
			first.put(s.Queue.Name, "x")
			require.NoError(e.t, first.Close(e.ctx))
			e.connect().collect(s).next()
		},
	},
}

func closeUnderPublishers(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	c.declare(s)
	started := make(chan struct{}, 1)
	var group sync.WaitGroup
	endings := make(chan error, 4)
	for range cap(endings) {
		group.Go(func() { endings <- publishUntilError(e, c, s.Queue.Name, started) })
	}
	receive(e, started, "publishers at work")
	require.NoError(e.t, c.Close(e.ctx))
	group.Wait()
	for range cap(endings) {
		require.ErrorIs(e.t, <-endings, transport.ErrClosed)
	}
}

// publishUntilError publishes as fast as it is told the outcomes. It returns
// what Publish returned; of an outcome only its coming is of interest.
func publishUntilError(e *env, c *conn, queue string, started chan<- struct{}) error {
	for {
		confirmation, err := c.Publish(e.ctx, toQueue(queue, "x"))
		if err != nil {
			return err
		}
		select {
		case <-confirmation.Done():
		case <-e.ctx.Done():
			return e.ctx.Err()
		}
		select {
		case started <- struct{}{}:
		default:
		}
	}
}

func closeStopsConsumers(e *env) {
	c := e.connect()
	s := e.onQueue("q")
	started := make(chan struct{})
	c.consume(s, 5, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
		close(started)
		<-ctx.Done()
		return transport.Ack
	})
	for _, body := range []string{"1", "2", "3"} {
		c.put(s.Queue.Name, body)
	}
	receive(e, started, "a delivery")
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	// A budget of nothing: whether Close reports it is not the point here.
	_ = c.Close(ctx)
	require.ElementsMatch(e.t, []string{"1", "2", "3"}, e.connect().collect(s).bodies(3))
}
