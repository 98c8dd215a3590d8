package parleytest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

// In a bubble a day takes no time.
func TestVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := newApp()
		app.Subscriber("bake", func(string) string {
			time.Sleep(24 * time.Hour)
			return "done"
		})
		app.Subscriber("orders.place", func(Order) error { return errDown },
			parley.Retry(parley.Delayed(time.Minute, time.Hour, 24*time.Hour)))
		ts := parleytest.Start(t, app)

		begin := time.Now()
		answer, err := parleytest.Request[string](ts, "bake", "cake", parley.NoTimeout())
		require.NoError(t, err)
		require.Equal(t, "done", answer)
		require.Equal(t, 24*time.Hour, time.Since(begin))

		begin = time.Now()
		_, err = parleytest.Request[string](ts, "bake", "cake", parley.Timeout(time.Minute))
		require.ErrorIs(t, err, parley.ErrTimeout)
		require.Equal(t, time.Minute, time.Since(begin))
		ts.Wait()
		require.Equal(t, 24*time.Hour, time.Since(begin), "no further than the handler")

		begin = time.Now()
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Settled(parleytest.Retried)
		require.Zero(t, time.Since(begin), "an expectation passes no time that it does not need")
		ts.Wait()
		require.Equal(t, 25*time.Hour+time.Minute, time.Since(begin))
		ts.Subscriber("orders.place").Settled(parleytest.ErrorQueue).Attempts(4)
	})
}

// A bubble stays on memory when the environment names a RabbitMQ.
func TestBubbleIgnoresTheEnvironment(t *testing.T) {
	t.Setenv(parleytest.EnvURL, "amqp://guest:guest@127.0.0.1:1/")
	synctest.Test(t, func(t *testing.T) {
		app := newApp()
		app.Subscriber("orders.place", place)
		ts := parleytest.Start(t, app)
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled()
	})
}

// Wait sees everything that a message causes: forwarded results, their
// consumers, retries of those.
func TestWaitFollowsAChain(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("a", func(n int) int { return n + 1 }, parley.PublishTo("b"))
		fails := true
		app.Subscriber("b", func(n int) (int, error) {
			if fails {
				fails = false
				return 0, errDown
			}
			return n * 10, nil
		}, parley.PublishTo("c"), parley.Retry(parley.Delayed(20*time.Millisecond)), parley.Concurrency(1))
		ts := parleytest.Start(t, app, on)
		ts.Queue("c")
		m := ts.Publish("a", 1)
		ts.Wait()
		require.Equal(t, []int{20}, parleytest.Published[int](ts, "c"))
		require.Equal(t, []int{2, 2}, parleytest.Calls[int](ts.Subscriber("b")), "one for each run")
		ts.Subscriber("b").Settled(parleytest.Retried).Settled(parleytest.Ack).Attempts(2).Times(1)
		require.Contains(t, m.History(), `published to queue "b": 2`)
	})
}
