package parley_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestRateLimitSpacesRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		starts := make(chan time.Duration, 100)
		begin := time.Now()
		app.Subscriber("work", func(string) { starts <- time.Since(begin) }, parley.RateLimit(4, time.Second))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		for range 12 {
			require.NoError(t, work.Publish(t.Context(), "x"))
		}
		time.Sleep(time.Minute)
		require.Len(t, starts, 12)
		for i := range 12 {
			require.Equal(t, time.Duration(max(0, i-3)*250)*time.Millisecond, <-starts, "run %d", i)
		}
		require.Zero(t, app.Stats().Returned)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// Tokens are taken by runs, not by messages that wait for a slot: when slow
// handlers let go, the runs that follow keep to the rate.
func TestRateLimitHoldsBehindSlowHandlers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		starts := make(chan time.Duration, 100)
		begin := time.Now()
		app.Subscriber("work", func(string) {
			starts <- time.Since(begin)
			if time.Since(begin) < time.Minute {
				time.Sleep(2 * time.Minute)
			}
		}, parley.Concurrency(2), parley.Prefetch(10), parley.RateLimit(1, time.Second))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		for range 8 {
			require.NoError(t, work.Publish(t.Context(), "x"))
		}
		time.Sleep(10 * time.Minute)
		require.Len(t, starts, 8)
		last := -time.Second
		for range 8 {
			at := <-starts
			require.GreaterOrEqual(t, at-last, time.Second)
			last = at
		}
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A request that expires while it waits is not run; one that waits longer than
// five minutes goes back to the broker; Stop waits for neither.
func TestWaitingForTheRateEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		runs := 0
		app.Subscriber("work", func(string) { runs++ }, parley.RateLimit(1, time.Hour))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		_, err := work.Request(t.Context(), "x")
		require.NoError(t, err)
		_, err = work.Request(t.Context(), "x", parley.Timeout(time.Second))
		require.ErrorIs(t, err, parley.ErrTimeout)
		synctest.Wait()
		require.EqualValues(t, 1, app.Stats().Expired)
		require.NoError(t, work.Publish(t.Context(), "x"))
		time.Sleep(4 * time.Minute)
		require.Zero(t, app.Stats().Returned)
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 1, app.Stats().Returned)
		begin := time.Now()
		require.NoError(t, app.Stop(context.Background()))
		require.LessOrEqual(t, time.Since(begin), time.Second)
		require.Equal(t, 1, runs)
	})
}

func TestRateLimitLosesNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		got := make(chan string, 100)
		app.Subscriber(w.at("work"), func(s string) { got <- s }, parley.RateLimit(10, 100*time.Millisecond), parley.Concurrency(3))
		work := app.Publisher(w.at("work"))
		w.start(app)
		begin := time.Now()
		for range 30 {
			require.NoError(w, work.Publish(w.ctx(), "x"))
		}
		for range 30 {
			next(w, got)
		}
		require.GreaterOrEqual(w, time.Since(begin), 190*time.Millisecond, "20 of them had to wait for a token")
		require.Zero(w, app.Stats().Returned)
	})
}
