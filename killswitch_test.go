package parley_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// dependency is what a handler needs; it may be down.
type dependency struct {
	down atomic.Bool
	runs atomic.Int32
}

func (d *dependency) use(string) error {
	d.runs.Add(1)
	if d.down.Load() {
		return errFlaky
	}
	return nil
}

func TestKillSwitchSavesAQueue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		var d dependency
		d.down.Store(true)
		sub := app.Subscriber(w.at("work"), d.use, parley.Retry(parley.Immediate(1)), parley.Concurrency(4),
			parley.KillSwitch(parley.KillSwitchOptions{Rate: 1, Window: 4, Pause: 10 * time.Millisecond, MaxPause: 20 * time.Millisecond}))
		_, paused := sub.Paused()
		require.False(w, paused)
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		before := time.Now()
		for range 50 {
			require.NoError(w, work.Publish(w.ctx(), "x"))
		}
		require.Eventually(w, func() bool { _, paused := sub.Paused(); return paused }, patience, time.Millisecond)
		w.logged("probe failed")
		since, _ := sub.Paused()
		require.Equal(w, &since, app.Health().Subscribers[0].PausedSince)
		require.False(w, since.Before(before))
		d.down.Store(false)
		require.Eventually(w, func() bool {
			s := app.Stats()
			return s.Handled+s.Failed == 50
		}, patience, time.Millisecond)
		require.Less(w, len(failed), 4, "at most what had failed before it opened")
		_, paused = sub.Paused()
		require.False(w, paused)
		require.EqualValues(w, 1, app.Stats().Pauses)
		for _, line := range []string{"the subscriber pauses", "probe failed", "the subscriber goes on"} {
			require.Contains(w, w.log.String(), line)
		}
	})
}

// The probes come after a pause that doubles, one at a time.
func TestKillSwitchSchedule(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		begin := time.Now()
		runs := make(chan time.Duration, 100)
		var up atomic.Bool
		sub := app.Subscriber("work", func(string) error {
			runs <- time.Since(begin)
			if up.Load() {
				return nil
			}
			return errFlaky
		}, parley.Concurrency(1), parley.Prefetch(5), parley.KillSwitch(parley.KillSwitchOptions{Window: 2, Pause: time.Second, MaxPause: 3 * time.Second}))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		for range 5 {
			require.NoError(t, work.Publish(t.Context(), "x"))
		}
		time.Sleep(8 * time.Second)
		up.Store(true)
		since, paused := sub.Paused()
		require.True(t, paused)
		require.Equal(t, begin, since)
		time.Sleep(time.Minute)
		var at []time.Duration
		for range len(runs) {
			at = append(at, <-runs)
		}
		// One failure ends in the error queue, the second opens the switch.
		require.Equal(t, []time.Duration{0, 0, time.Second, 3 * time.Second, 6 * time.Second, 9 * time.Second, 9 * time.Second, 9 * time.Second, 9 * time.Second}, at)
		require.EqualValues(t, 1, app.Stats().Failed)
		require.EqualValues(t, 4, app.Stats().Handled)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// What waits is given back after five minutes at most, and Stop waits for
// nothing of it.
func TestKillSwitchGivesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker)
		var d dependency
		d.down.Store(true)
		app.Subscriber("work", d.use, parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Pause: time.Hour}))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		for range 10 {
			require.NoError(t, work.Publish(t.Context(), "x"))
		}
		time.Sleep(4 * time.Minute)
		require.EqualValues(t, 1, app.Stats().Returned, "the one that failed")
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 11, app.Stats().Returned)
		begin := time.Now()
		require.NoError(t, app.Stop(context.Background()))
		require.LessOrEqual(t, time.Since(begin), time.Second)
		require.Equal(t, 10, broker.Depth("work"))
		require.EqualValues(t, 1, d.runs.Load())
	})
}

// Errors that another attempt cannot cure say nothing about a dependency: they
// neither open the switch nor close it.
func TestKillSwitchCountsWhatAnotherAttemptMayCure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		sub := app.Subscriber("work", func(s string) error {
			switch s {
			case "flaky":
				return errFlaky
			case "panic":
				panic(s)
			default:
				return parley.NewError(parley.CodeNotFound, "gone")
			}
		}, parley.KillSwitch(parley.KillSwitchOptions{Window: 2, Rate: 1, Pause: time.Minute}))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		send := func(body string) (paused bool) {
			require.NoError(t, work.Publish(t.Context(), body))
			synctest.Wait()
			_, paused = sub.Paused()
			return paused
		}
		require.False(t, send("gone"))
		require.False(t, send("gone"))
		require.False(t, send("flaky"))
		require.False(t, send("gone"))
		require.True(t, send("panic"))
		require.NoError(t, work.Publish(t.Context(), "gone"))
		time.Sleep(90 * time.Second)
		_, paused := sub.Paused()
		require.True(t, paused)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A caller that waits is told of its failure also while the switch is open, and
// what is acknowledged already ends as ever.
func TestKillSwitchAndWhoCannotWait(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Pause: time.Hour}))
		ran := failing(w, app, errFlaky, parley.Retry(parley.Immediate(3)))
		app.Subscriber(w.at("first"), func(string) error { return errFlaky }, parley.AckFirst(), parley.Retry(parley.Immediate(3)))
		app.Subscriber(w.at("manual"), func(string, *parley.Delivery) error { return errFlaky }, parley.Manual())
		work, first, manual := app.Publisher(w.at("work")), app.Publisher(w.at("first")), app.Publisher(w.at("manual"))
		w.start(app)
		failed := w.collect(w.at("first.error"))
		_, err := work.Request(w.ctx(), "x")
		require.Equal(w, parley.CodeUnknown, parley.CodeOf(err))
		require.Len(w, ran, 1)
		require.NoError(w, first.Publish(w.ctx(), "x"))
		require.EqualValues(w, 1, next(w, failed).Headers[parley.HeaderFailureAttempt])
		before := app.Stats().Returned
		require.NoError(w, manual.Publish(w.ctx(), "x"))
		require.Eventually(w, func() bool { return app.Stats().Returned == before+1 }, patience, time.Millisecond)
		require.EqualValues(w, 2, app.Stats().Failed)
	})
}

// A probe that does not run, its request expired or its message a duplicate,
// leaves its place to the next one.
func TestProbeThatDoesNotRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		var d dependency
		app.Subscriber("work", d.use, parley.Concurrency(1), parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})),
			parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Pause: time.Minute}))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, work.Publish(t.Context(), "x", parley.MessageID("known")))
		synctest.Wait()
		d.down.Store(true)
		_, err := work.Request(t.Context(), "x")
		require.Error(t, err)
		d.down.Store(false)
		require.NoError(t, work.Publish(t.Context(), "x", parley.MessageID("known")))
		require.NoError(t, work.Publish(t.Context(), "x", parley.MessageID("new")))
		time.Sleep(2 * time.Minute)
		require.EqualValues(t, 3, d.runs.Load())
		require.EqualValues(t, 1, app.Stats().Duplicates)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// However many slots are free, one message probes.
func TestOneProbeAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		var runs atomic.Int32
		app.Subscriber("work", func(string) error {
			if runs.Add(1) > 1 {
				time.Sleep(time.Minute)
			}
			return errFlaky
		}, parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Pause: time.Second}))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		for range 10 {
			require.NoError(t, work.Publish(t.Context(), "x"))
			synctest.Wait()
		}
		time.Sleep(30 * time.Second)
		require.EqualValues(t, 2, runs.Load())
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestGuardsThatCannotBe(t *testing.T) {
	t.Parallel()
	store := parley.NewMemoryStore(parley.StoreOptions{})
	manual := func(string, *parley.Delivery) {}
	for _, c := range []struct {
		fn   any
		opts []parley.SubscriberOption
		want []string
	}{
		{fine, []parley.SubscriberOption{parley.RateLimit(0, time.Second)}, []string{"rate limit", "0 in 1s"}},
		{fine, []parley.SubscriberOption{parley.RateLimit(-1, time.Second)}, []string{"rate limit", "-1 in 1s"}},
		{fine, []parley.SubscriberOption{parley.RateLimit(1, 0)}, []string{"rate limit", "1 in 0s"}},
		{fine, []parley.SubscriberOption{parley.RateLimit(2, 1)}, []string{"rate limit", "2 in 1ns"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Rate: 1.5})}, []string{"rate", "1.5"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Rate: -1})}, []string{"rate", "-1"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Window: -1})}, []string{"window", "-1"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Window: 1e6})}, []string{"window", "1000000"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Pause: -1})}, []string{"pause", "-1ns"}},
		{fine, []parley.SubscriberOption{parley.KillSwitch(parley.KillSwitchOptions{Pause: 2, MaxPause: 1})}, []string{"longest", "2ns", "1ns"}},
		{manual, []parley.SubscriberOption{parley.Manual(), parley.Deduplicate(store)}, []string{"Deduplicate", "parley.Manual"}},
	} {
		err := declared(t, func(app *parley.App) { app.Subscriber("a", c.fn, c.opts...) })
		require.Error(t, err)
		_, ok := errors.AsType[*parley.RegistrationError](err)
		require.True(t, ok)
		for _, part := range append(c.want, "wanted", "got", "hint") {
			require.ErrorContains(t, err, part)
		}
	}
	require.NoError(t, declared(t, func(app *parley.App) {
		app.Subscriber("a", manual, parley.Manual(), parley.Deduplicate(nil))
		app.Subscriber("b", fine)
	}, parley.Deduplicate(store), parley.RateLimit(1, time.Hour), parley.KillSwitch(parley.KillSwitchOptions{Pause: time.Hour})))
}
