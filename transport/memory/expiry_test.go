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

func TestMessageTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("dead")
		w.declare("q", topology.MessageTTL(time.Minute), topology.DeadLetter("", "dead"))
		w.put("q", "first")
		time.Sleep(30 * time.Second)
		w.put("q", "second")
		time.Sleep(30*time.Second - time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []string{"first", "second"}, w.bodies("q"))
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		require.Equal(t, []string{"second"}, w.bodies("q"))
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		require.Zero(t, w.Depth("q"))
		require.Equal(t, []string{"first", "second"}, w.bodies("dead"))
	})
}

// An expiration that is shorter than the one before it waits for the head of
// the queue.
func TestExpirationBehindTheHead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("dead")
		w.declare("q", topology.DeadLetter("", "dead"))
		require.NoError(t, w.send("q", &transport.Message{Body: []byte("long"), Expiration: time.Minute}))
		require.NoError(t, w.send("q", &transport.Message{Body: []byte("short"), Expiration: time.Second}))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Zero(t, w.Depth("dead"))
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"long", "short"}, w.bodies("dead"))
		death := w.Peek("dead")[1].Headers["x-death"].([]any)[0].(map[string]any)
		require.Equal(t, "1000", death["original-expiration"])
	})
}

func TestTTLOfZeroDeliversOrDrops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.declare("q", topology.MessageTTL(0))
		w.put("q", "nobody there")
		require.Zero(t, w.Depth("q"))
		got := make(chan string, 1)
		w.subscribe(w.queue("q", topology.MessageTTL(0)), 1, 1, func(_ context.Context, m *transport.Message) transport.Verdict {
			got <- string(m.Body)
			return transport.Ack
		})
		w.put("q", "somebody there")
		require.Equal(t, "somebody there", <-got)
	})
}

func TestPrefetchedMessageDoesNotExpire(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		got := make(chan time.Duration, 2)
		began := time.Now()
		w.subscribe(w.queue("q", topology.MessageTTL(time.Second)), 2, 1, func(context.Context, *transport.Message) transport.Verdict {
			got <- time.Since(began)
			time.Sleep(time.Minute)
			return transport.Ack
		})
		w.put("q", "1", "2", "3")
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		require.Equal(t, time.Duration(0), <-got)
		require.Equal(t, time.Minute, <-got)
		require.Empty(t, got, "the third was not prefetched and has expired")
	})
}

// A message that comes back keeps the time of its expiry.
func TestRequeuedMessageExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.subscribe(w.queue("q", topology.MessageTTL(time.Minute)), 1, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
			time.Sleep(40 * time.Second)
			return transport.Return
		})
		w.put("q", "x")
		synctest.Wait()
		require.NoError(t, c.Stop(context.Background()))
		require.Equal(t, 1, w.Depth("q"))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		require.Zero(t, w.Depth("q"))
	})
}

func TestUnusedQueueExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := w.queue("q", topology.Expires(time.Minute))
		c := w.subscribe(s, 1, 1, verdict(transport.Ack))
		time.Sleep(time.Hour)
		require.Equal(t, []string{"q"}, w.Queues(), "a consumed queue does not expire")
		require.NoError(t, c.Stop(context.Background()))
		time.Sleep(59 * time.Second)
		w.declare("q", topology.Expires(time.Minute))
		time.Sleep(59 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"q"}, w.Queues(), "declaring it again is a use")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Empty(t, w.Queues())
	})
}

func TestBudgetOfStop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		cause := make(chan error, 1)
		c := w.subscribe(w.queue("q"), 1, 1, func(ctx context.Context, _ *transport.Message) transport.Verdict {
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return transport.Ack
		})
		w.put("q", "x")
		began := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		require.ErrorIs(t, c.Stop(ctx), context.DeadlineExceeded)
		require.Equal(t, 10*time.Second, time.Since(began))
		require.ErrorIs(t, <-cause, context.DeadlineExceeded)
		require.True(t, w.Peek("q")[0].Redelivered)
	})
}
