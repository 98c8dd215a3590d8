package memory_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("q")
		w.Block()
		w.Block()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := w.Publish(ctx, &transport.Publication{Message: text("x"), Key: "q"})
		require.ErrorIs(t, err, transport.ErrBlocked)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Zero(t, w.Depth("q"))

		later := make(chan error)
		go func() { later <- w.send("q", text("later")) }()
		synctest.Wait()
		require.Zero(t, w.Depth("q"))
		w.Unblock()
		w.Unblock()
		require.NoError(t, <-later)
		require.Equal(t, []string{"later"}, w.bodies("q"))
	})
}

func TestCloseFreesBlockedPublishers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Block()
		ended := make(chan error)
		go func() {
			_, err := w.Publish(context.Background(), &transport.Publication{Message: text("x"), Key: "q"})
			ended <- err
		}()
		synctest.Wait()
		require.NoError(t, w.Close(context.Background()))
		require.ErrorIs(t, <-ended, transport.ErrClosed)
	})
}

func TestRefuseNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("q")
	w.RefuseNext(2)
	require.ErrorIs(t, w.send("q", text("1")), transport.ErrRefused)
	_, err := w.Request(context.Background(), &transport.Publication{Message: text("x"), Key: "q", Mandatory: true})
	require.NoError(t, err)
	require.NoError(t, w.send("q", text("3")))
	require.Equal(t, []string{"3"}, w.bodies("q"))
}

// With one worker a handler of a lost session and one of the next session do
// not run at once.
func TestOneWorkerOverSessions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		started := make(chan bool, 2)
		release := make(chan struct{})
		w.subscribe(w.queue("q"), 1, 1, func(ctx context.Context, m *transport.Message) transport.Verdict {
			started <- m.Redelivered
			<-release
			return transport.Ack
		})
		w.put("q", "x")
		require.False(t, <-started)
		w.Disconnect()
		synctest.Wait()
		require.Empty(t, started, "a second handler runs beside the only one allowed")
		close(release)
		require.True(t, <-started)
	})
}

func TestDisconnectCountsAsAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("dead")
		counts := make(chan int, 10)
		w.subscribe(w.queue("q", topology.Quorum(), topology.DeliveryLimit(1), topology.DeadLetter("", "dead")), 1, 1,
			func(ctx context.Context, m *transport.Message) transport.Verdict {
				counts <- m.DeliveryCount
				<-ctx.Done()
				return transport.Ack
			})
		w.put("q", "x")
		for range 3 {
			synctest.Wait()
			w.Disconnect()
		}
		synctest.Wait()
		require.Len(t, counts, 2)
		require.Equal(t, []int{0, 1}, []int{<-counts, <-counts})
		require.Equal(t, []string{"x"}, w.bodies("dead"))
	})
}

func TestDeleteEndsDeliveries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cause := make(chan error, 2)
		w.subscribe(w.queue("q"), 1, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return transport.Requeue
		})
		w.put("q", "in hand", "ready")
		require.True(t, w.Delete("q"))
		require.ErrorIs(t, <-cause, transport.ErrSessionLost)
		synctest.Wait()
		require.Equal(t, []string{"q"}, w.Queues())
		require.Equal(t, 1, w.Consumers("q"))
		require.Zero(t, w.Depth("q")+w.Unsettled("q"))
		require.False(t, w.Delete("absent"))
	})
}

// Nothing is lost and nothing that was acknowledged comes again, whatever
// sessions do meanwhile.
func TestNothingIsLostByDisconnects(t *testing.T) {
	t.Parallel()
	const messages, disconnects = 3000, 30
	w := newWorld(t)
	var done sync.Map
	var left atomic.Int64
	left.Store(messages)
	all := make(chan struct{})
	handle := func(ctx context.Context, m *transport.Message) transport.Verdict {
		switch {
		case m.Body[0]%3 == 0 && !m.Redelivered:
			return transport.Requeue
		case ctx.Err() != nil:
			return transport.Return
		}
		if _, twice := done.LoadOrStore(string(m.Body), true); !twice && left.Add(-1) == 0 {
			close(all)
		}
		return transport.Ack
	}
	other := connect(t, w.Broker, w.Broker)
	w.subscribe(w.queue("q"), 20, 4, handle)
	other.subscribe(w.queue("q"), 10, 10, handle)
	var group sync.WaitGroup
	group.Go(func() {
		for range disconnects {
			w.Disconnect()
		}
	})
	group.Go(func() {
		for range disconnects {
			c, err := other.Subscribe(context.Background(), transport.Subscription{
				Topology: w.queue("q"), Prefetch: 5, Workers: 5, Handle: handle,
			})
			if err == nil {
				err = c.Stop(context.Background())
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	for i := range messages {
		w.put("q", fmt.Sprint(i))
	}
	group.Wait()
	<-all
	require.Eventually(t, func() bool { return w.Depth("q")+w.Unsettled("q") == 0 }, 30*time.Second, time.Millisecond)
}
