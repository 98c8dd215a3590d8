package memory_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

func TestConsumersTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		got := make([]string, 3)
		for i := range got {
			w.subscribe(w.queue("q"), 100, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
				got[i] += string(m.Body)
				return transport.Ack
			})
		}
		w.put("q", "1", "2", "3", "4", "5", "6")
		synctest.Wait()
		require.Equal(t, []string{"14", "25", "36"}, got)
	})
}

func TestReturnIsNoAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var seen []int
		w.subscribe(w.queue("q", topology.Quorum()), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
			seen = append(seen, m.DeliveryCount)
			return []transport.Verdict{transport.Return, transport.Requeue, transport.Return, transport.Ack}[len(seen)-1]
		})
		w.put("q", "x")
		synctest.Wait()
		require.Equal(t, []int{0, 0, 1, 1}, seen)
	})
}

// A classic queue does not count; it delivers what the sender claims.
func TestForgedDeliveryCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declare("classic")
	w.declare("quorum", topology.Quorum())
	m := text("x")
	m.SetHeader("x-delivery-count", 7)
	require.NoError(t, w.send("classic", m))
	require.NoError(t, w.send("quorum", m))
	require.Equal(t, 7, w.Peek("classic")[0].DeliveryCount)
	require.Zero(t, w.Peek("quorum")[0].DeliveryCount)
}

// What was prefetched and never handled goes back before Stop has ended, as no
// attempt.
func TestStopReturnsPrefetchedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		c := w.subscribe(w.queue("q", topology.Quorum()), 10, 1, func(context.Context, *transport.Message) transport.Verdict {
			<-release
			return transport.Ack
		})
		w.put("q", "1", "2", "3")
		stopped := make(chan error)
		go func() { stopped <- c.Stop(context.Background()) }()
		synctest.Wait()
		require.Equal(t, []string{"2", "3"}, w.bodies("q"))
		require.Equal(t, 1, w.Unsettled("q"))
		for _, m := range w.Peek("q") {
			require.True(t, m.Redelivered)
			require.Zero(t, m.DeliveryCount)
		}
		close(release)
		require.NoError(t, <-stopped)
		require.Zero(t, w.Unsettled("q"))
	})
}

// Close does not wait longer than its context for a handler that does not end.
func TestCloseIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		release := make(chan struct{})
		defer close(release)
		w.subscribe(w.queue("q"), 1, 1, func(context.Context, *transport.Message) transport.Verdict {
			<-release
			return transport.Ack
		})
		w.put("q", "x")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, w.Close(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		require.Equal(t, []string{"x"}, w.bodies("q"))
	})
}

// A handler may answer while its connection is being closed.
func TestHandlerPublishesDuringClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		other := connect(t, w.Broker, w.Broker)
		other.declare("answers")
		release := make(chan struct{})
		w.subscribe(w.queue("q"), 1, 1, func(context.Context, *transport.Message) transport.Verdict {
			<-release
			if w.send("answers", text("answer")) != nil {
				return transport.Reject
			}
			return transport.Ack
		})
		w.put("q", "x")
		closed := make(chan error)
		go func() { closed <- w.Close(context.Background()) }()
		synctest.Wait()
		close(release)
		require.NoError(t, <-closed)
		require.Equal(t, []string{"answer"}, other.bodies("answers"))
	})
}
