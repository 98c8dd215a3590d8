package parley_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// refusingQueue makes a declaration that differs from the default one.
var refusingQueue = topology.Quorum()

func TestHealthOfARun(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("a"), func(string) {})
		b := app.Subscriber(w.at("b"), func(string) {})
		app.Subscriber("x", func(string) {}, parley.From(topology.Fanout(w.at("x"))), parley.Broadcast())
		h := app.Health()
		require.Equal(w, parley.Health{
			App: w.name, Version: "1.0.0", Status: parley.StatusNotStarted,
			Connections: []parley.ConnectionHealth{}, Subscribers: []parley.SubscriberHealth{},
		}, h)
		require.True(w, h.Live())

		began := time.Now()
		require.NoError(w, app.Start(w.ctx()))
		h = app.Health()
		require.True(w, h.Ready(), "%+v", h)
		require.False(w, h.Since.Before(began))
		require.NotEmpty(w, h.Connections)
		for _, c := range h.Connections {
			require.Equal(w, parley.StateUp, c.State)
			require.Empty(w, c.Error)
		}
		require.Len(w, h.Subscribers, 3)
		require.Equal(w, w.at("a"), h.Subscribers[0].Address)
		require.Equal(w, w.at("b"), h.Subscribers[1].Queue)
		require.NotEmpty(w, h.Subscribers[2].Queue, "named by the broker")

		require.NoError(w, b.Stop(w.ctx()))
		h = app.Health()
		require.Equal(w, parley.StateClosed, h.Subscribers[1].State)
		require.True(w, h.Ready(), "one that was stopped on purpose is not missed")

		late := app.Subscriber(w.at("late"), func(string) {})
		require.NoError(w, late.Ready(w.ctx()))
		require.True(w, app.Health().Ready())
		require.Len(w, app.Health().Subscribers, 4)

		require.NoError(w, app.Stop(w.ctx()))
		h = app.Health()
		require.Equal(w, parley.StatusStopped, h.Status)
		require.False(w, h.Live())
		for _, s := range h.Subscribers {
			require.Equal(w, parley.StateClosed, s.State)
		}
	})
}

// A subscriber that the broker refuses in a running app keeps it from being ready.
func TestHealthOfARefusedSubscriber(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		first := w.app()
		first.Subscriber(w.at("q"), func(string) {})
		w.start(first)
		app := w.start(w.app())
		s := app.Subscriber(w.at("q"), func(string) {}, parley.From(refusingQueue))
		require.Error(w, s.Ready(w.ctx()))
		require.Eventually(w, func() bool {
			h := app.Health()
			return h.Status == parley.StatusDegraded && h.Subscribers[0].State == parley.StateClosed && h.Subscribers[0].Error != ""
		}, patience, time.Millisecond)
		require.True(w, app.Health().Live())
	})
}

// waiter is a transport whose broker is absent for the first attempt.
type waiter struct {
	transport.Transport
	present chan struct{}
}

func (t *waiter) Connect(ctx context.Context, s transport.Settings) (transport.Conn, error) {
	k := transport.NewTracker(transport.Status{Connection: "first attempt"}, s.Logger, s.OnLink)
	k.Lost(transport.ErrNotSent)
	<-t.present
	k.Up()
	return t.Transport.Connect(ctx, s)
}

func TestHealthWhileTheBrokerIsAbsent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tr := &waiter{memory.New(), make(chan struct{})}
		app := parley.New(tr)
		app.Subscriber("q", func(string) {})
		started := make(chan error)
		go func() { started <- app.Start(context.Background()) }()
		synctest.Wait()
		h := app.Health()
		require.Equal(t, parley.StatusStarting, h.Status)
		require.Equal(t, parley.StateConnecting, h.Connections[0].State)
		require.Contains(t, h.Connections[0].Error, "not sent")
		close(tr.present)
		require.NoError(t, <-started)
		require.True(t, app.Health().Ready())
		require.NoError(t, app.Stop(context.Background()))
	})
}

// Since is the time of the latest change that matters.
func TestHealthSince(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := memory.New()
		app := parley.New(b)
		app.Subscriber("q", func(string) {})
		require.NoError(t, app.Start(context.Background()))
		up := time.Now()
		time.Sleep(time.Minute)
		h := app.Health()
		require.Equal(t, up, h.Since)

		b.Block()
		blocked := time.Now()
		time.Sleep(time.Minute)
		h = app.Health()
		require.Equal(t, parley.StatusDegraded, h.Status)
		require.Equal(t, blocked, h.Since)
		require.Equal(t, parley.StateBlocked, h.Connections[0].State)
		require.Equal(t, up, h.Subscribers[0].Since, "consuming goes on")

		b.Unblock()
		again := time.Now()
		time.Sleep(time.Minute)
		require.Equal(t, again, app.Health().Since)
		b.Disconnect()
		h = app.Health()
		require.True(t, h.Ready())
		require.Equal(t, time.Now(), h.Since)
		require.Equal(t, 1, h.Connections[0].Reconnects)
		require.Equal(t, 1, h.Subscribers[0].Recoveries)
		require.NoError(t, app.Stop(context.Background()))
	})
}

func TestHealthAsJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New(), parley.Info("orders", "1.4.0"))
		app.Subscriber("orders.place", func(string) {})
		require.NoError(t, app.Start(context.Background()))
		got, err := json.Marshal(app.Health())
		require.NoError(t, err)
		require.JSONEq(t, `{
			"app": "orders", "version": "1.4.0", "status": "up", "since": "2000-01-01T00:00:00Z",
			"connections": [{"name": "memory", "state": "up", "since": "2000-01-01T00:00:00Z", "reconnects": 0}],
			"subscribers": [{"address": "orders.place", "queue": "orders.place", "state": "up",
				"since": "2000-01-01T00:00:00Z", "recoveries": 0}]
		}`, string(got))
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A service behind a network that fails: not ready while it is away, ready
// again afterwards, and the password nowhere.
func TestHealthOverACutNetwork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
	w.transport = rabbitmq.New(proxy.URL(), rabbitmq.Backoff(10*time.Millisecond, 50*time.Millisecond))
	seen := make(chan parley.Event, 1000)
	app := w.app(parley.OnEvent(func(e parley.Event) { seen <- e }))
	app.Subscriber(w.at("q"), func(string) {})
	w.start(app)
	require.True(t, app.Health().Ready())
	proxy.Freeze()
	proxy.Cut()
	require.Eventually(t, func() bool {
		h := app.Health()
		for _, c := range h.Connections {
			if c.State != parley.StateReconnecting || c.Error == "" {
				return false
			}
		}
		return h.Status == parley.StatusDegraded && h.Subscribers[0].State == parley.StateReconnecting
	}, patience, 10*time.Millisecond)
	require.True(t, app.Health().Live())
	proxy.Cut()
	proxy.Thaw()
	proxy.Cut()
	require.Eventually(t, func() bool { return app.Health().Ready() }, patience, 10*time.Millisecond)
	for _, c := range app.Health().Connections {
		require.NotZero(t, c.Reconnects, c.Name)
	}
	want := map[parley.EventKind]int{
		parley.EventConnected: 4, parley.EventDisconnected: 2,
		parley.EventSubscriberUp: 2, parley.EventSubscriberDown: 1,
	}
	for len(want) > 0 {
		e := next(w, seen)
		if want[e.Kind]--; want[e.Kind] == 0 {
			delete(want, e.Kind)
		}
	}
	require.NotContains(t, w.log.String(), "guest")
}
