package parley_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

// brief is an event without its time.
type brief struct {
	kind                       parley.EventKind
	connection, address, queue string
}

func TestEvents(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		var seen []brief
		var all []parley.Event
		app := parley.New(b, parley.OnEvent(func(e parley.Event) {
			all = append(all, e)
			seen = append(seen, brief{e.Kind, e.Connection, e.Address, e.Queue})
		}))
		app.Subscriber("q", func(string) {})
		connection := func(k parley.EventKind) brief { return brief{kind: k, connection: "memory"} }
		subscriber := func(k parley.EventKind) brief { return brief{kind: k, address: "q", queue: "q"} }
		expect := func(want ...brief) {
			t.Helper()
			synctest.Wait()
			require.Equal(t, want, seen)
			seen = nil
		}
		require.NoError(t, app.Start(context.Background()))
		expect(connection(parley.EventConnected), subscriber(parley.EventSubscriberUp))
		b.Block()
		expect(connection(parley.EventBlocked))
		b.Unblock()
		expect(connection(parley.EventUnblocked))
		b.Delete("q")
		expect(subscriber(parley.EventSubscriberDown), subscriber(parley.EventSubscriberUp))
		b.Disconnect()
		expect(subscriber(parley.EventSubscriberDown), connection(parley.EventDisconnected),
			connection(parley.EventConnected), subscriber(parley.EventSubscriberUp))
		require.ErrorIs(t, all[len(all)-4].Err, transport.ErrSessionLost)
		require.ErrorIs(t, all[2].Err, parley.ErrBlocked)
		require.NoError(t, app.Stop(context.Background()))
		expect(subscriber(parley.EventSubscriberDown), connection(parley.EventDisconnected))
		for _, e := range all[len(all)-2:] {
			require.NoError(t, e.Err)
		}
		for _, e := range all {
			require.Equal(t, time.Now(), e.Time)
			require.Zero(t, e.Missed)
		}
	})
}

// An observer that is stuck holds nothing up but the end of Stop, and learns
// how much it missed.
func TestASlowObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		release := make(chan struct{})
		var seen, missed int
		var last parley.Event
		app := parley.New(b, parley.OnEvent(func(e parley.Event) {
			<-release
			seen++
			missed += e.Missed
			last = e
		}))
		require.NoError(t, app.Start(context.Background()))
		synctest.Wait()
		const rounds = 1000
		for range rounds {
			b.Block()
			b.Unblock()
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := app.Stop(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "OnEvent")
		close(release)
		synctest.Wait()
		require.Equal(t, 2*rounds+2, seen+missed, "each is delivered or counted")
		require.Equal(t, 1+1024, seen)
		require.Equal(t, parley.EventDisconnected, last.Kind)
	})
}

func TestAnObserverThatPanics(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		seen := make(chan parley.EventKind, 100)
		app := w.app(
			parley.OnEvent(func(parley.Event) { panic("oh no") }),
			parley.OnEvent(func(e parley.Event) { seen <- e.Kind }),
		)
		w.start(app)
		require.Equal(w, parley.EventConnected, next(w, seen))
		require.Contains(w, w.log.String(), "panic: oh no")
		require.Contains(w, w.log.String(), `msg="parley: started"`)
	})
}
