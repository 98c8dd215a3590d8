package parleyotel_test

import (
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/parleyotel"
	"github.com/parley-go/parley/transport/memory"
)

// collect returns the metrics by name.
func (w *world) collect() map[string]metricdata.Metrics {
	w.Helper()
	var got metricdata.ResourceMetrics
	require.NoError(w, w.reader.Collect(w.ctx(), &got))
	require.Len(w, got.ScopeMetrics, 1)
	all := map[string]metricdata.Metrics{}
	for _, m := range got.ScopeMetrics[0].Metrics {
		all[m.Name] = m
	}
	return all
}

// points draws the points of a metric: its attributes but those that are the
// same for all, and its value; of a histogram the count.
func (w *world) points(m metricdata.Metrics) []string {
	w.Helper()
	var all []string
	point := func(set attribute.Set, value any) {
		var parts []string
		for _, a := range set.ToSlice() {
			switch a.Key {
			case "messaging.system", "messaging.operation.type", "parley.app.name":
			default:
				parts = append(parts, w.short(a.Value.String()))
			}
		}
		all = append(all, strings.Join(append(parts, fmt.Sprint(value)), " "))
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			point(p.Attributes, p.Value)
		}
	case metricdata.Histogram[float64]:
		for _, p := range data.DataPoints {
			require.GreaterOrEqual(w, p.Sum, 0.0)
			point(p.Attributes, p.Count)
		}
	default:
		w.Fatalf("wanted a sum or a histogram, got %T", data)
	}
	slices.Sort(all)
	return all
}

func TestMetricsOfMessages(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		running, release := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("q"), flaky(3), parley.Retry(parley.Immediate(1), parley.Delayed(time.Millisecond)))
		app.Subscriber(w.at("slow"), func(string) { close(running); <-release })
		q, slow, nowhere := app.Publisher(w.at("q")), app.Publisher(w.at("slow")), app.Publisher(w.at("nowhere"))
		require.Error(w, nowhere.Publish(w.ctx(), "x"), "no publisher is bound before the app is compiled")
		require.NoError(w, app.Err())
		require.ErrorIs(w, nowhere.Publish(w.ctx(), "x"), parley.ErrNotStarted)
		w.start(app)
		_, err := q.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.ErrorIs(w, nowhere.Publish(w.ctx(), "x"), parley.ErrNoRoute)
		call := parley.Go[*string](w.ctx(), slow, "x")
		next(w, running)

		got := w.collect()
		require.Equal(w, []string{"no_route nowhere publish 1", "q request 1"}, w.points(got["messaging.client.sent.messages"]))
		require.Equal(w, []string{"no_route nowhere publish 1", "not_started nowhere publish 1", "q request 1"},
			w.points(got["messaging.client.operation.duration"]))
		require.Equal(w, []string{"q process 2", "slow process 1"}, w.points(got["messaging.client.consumed.messages"]))
		require.Equal(w, []string{"q process 1", "unavailable q process 3"}, w.points(got["messaging.process.duration"]))
		require.Equal(w, []string{"q process 0", "slow process 1"}, w.points(got["parley.process.active"]))
		require.Equal(w, []string{"q process false 1", "q process true 2"}, w.points(got["parley.process.retries"]))
		require.Equal(w, []string{"1"}, w.points(got["parley.requests.pending"]))
		close(release)
		_, err = call.Wait(w.ctx())
		require.NoError(w, err)
		require.Equal(w, []string{"q process 0", "slow process 0"}, w.points(w.collect()["parley.process.active"]))
	})
}

func TestMetricsOfTheApp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("ok"), func(string) {})
		app.Subscriber(w.at("fails"), func(code string) error { return parley.NewError(parley.Code(code), "no") })
		app.Subscriber(w.at("pauses"), func(string) error { return parley.NewError(parley.CodeUnavailable, "no") },
			parley.KillSwitch(parley.KillSwitchOptions{Rate: 1, Window: 1, Pause: time.Hour}))
		ok, fails, pauses := app.Publisher(w.at("ok")), app.Publisher(w.at("fails")), app.Publisher(w.at("pauses"))
		w.start(app)
		require.NoError(w, ok.Publish(w.ctx(), "x"))
		require.NoError(w, fails.Publish(w.ctx(), string(parley.CodeAborted)))
		require.NoError(w, fails.Publish(w.ctx(), "made up by a peer"))
		_, err := pauses.Request(w.ctx(), "x")
		require.Error(w, err)
		require.Eventually(w, func() bool {
			s := app.Stats()
			return s.Handled == 1 && s.Moved == 2 && s.Failed == 3
		}, patience, time.Millisecond)

		got := w.collect()
		for name, want := range map[string][]string{
			"parley.messages.received":      {"4"},
			"parley.messages.handled":       {"1"},
			"parley.messages.failed":        {"_OTHER 1", "aborted 1", "unavailable 1"},
			"parley.messages.moved":         {"2"},
			"parley.messages.postponed":     {"0"},
			"parley.messages.returned":      {"0"},
			"parley.messages.expired":       {"0"},
			"parley.messages.cancelled":     {"0"},
			"parley.messages.duplicates":    {"0"},
			"parley.replies.late":           {"0"},
			"parley.replies.unroutable":     {"0"},
			"parley.replies.refused":        {"0"},
			"parley.connections.reconnects": {"0"},
			"parley.requests.pending":       {"0"},
			"parley.subscribers.pauses":     {"1"},
			"parley.subscribers.up":         {"fails 1", "ok 1", "pauses 1"},
			"parley.subscribers.paused":     {"fails 0", "ok 0", "pauses 1"},
		} {
			require.Equal(w, want, w.points(got[name]), name)
		}
		require.NotEqual(w, []string{"0"}, w.points(got["parley.connections.up"]))
		metricdatatest.AssertHasAttributes(w.T, got["parley.messages.handled"], attribute.String("parley.app.name", w.name))
	})
}

func TestLateReplies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, release := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("slow"), func(string) { close(begun); <-release })
		slow := app.Publisher(w.at("slow"))
		w.start(app)
		ctx, cancel := context.WithCancel(w.ctx())
		call := parley.Go[*string](ctx, slow, "x")
		next(w, begun)
		cancel()
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, context.Canceled)
		close(release)
		require.Eventually(w, func() bool { return app.Stats().LateReplies == 1 }, patience, time.Millisecond)
		require.Equal(w, []string{"1"}, w.points(w.collect()["parley.replies.late"]))
		require.Equal(w, "client request slow !canceled\n  server process slow #1\n", w.traces(2))
	})
}

func TestReconnects(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	w := newWorld(t, broker)
	app := w.app()
	require.Equal(t, []string{"0"}, w.points(w.collect()["parley.connections.up"]))
	w.start(app)
	broker.Disconnect()
	got := w.collect()
	require.Equal(t, []string{"1"}, w.points(got["parley.connections.reconnects"]))
	require.Equal(t, []string{"1"}, w.points(got["parley.connections.up"]))
}

// Whatever happens, no metric has an attribute that a sender can multiply.
func TestCardinality(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(s string) error { return parley.NewError(parley.Code(s), s) })
		q := app.Publisher(w.at("q"))
		w.start(app)
		for i := range 20 {
			_, err := q.Request(w.ctx(), fmt.Sprint("code", i), parley.MessageID(fmt.Sprint("id", i)))
			require.Error(w, err)
		}
		for name, m := range w.collect() {
			require.LessOrEqual(w, len(w.points(m)), 2, name)
		}
	})
}

// Two apps of one process are told apart.
func TestTwoAppsWithOneMeter(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory.New())
	for _, name := range []string{"one", "two"} {
		app := parley.New(w.transport, parley.Info(name, ""))
		require.NoError(t, parleyotel.Instrument(app, parleyotel.MeterProvider(w.meters)))
		defer runtime.KeepAlive(app)
	}
	data := w.collect()["parley.messages.handled"].Data.(metricdata.Sum[int64])
	names := map[string]bool{}
	for _, p := range data.DataPoints {
		v, _ := p.Attributes.Value("parley.app.name")
		names[v.AsString()] = true
	}
	require.Equal(t, []string{"one", "two"}, slices.Sorted(maps.Keys(names)))
	require.True(t, data.IsMonotonic)
}

// A meter provider does not keep an app in memory.
func TestAppsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory.New())
	gone := make(chan struct{})
	func() {
		app := parley.New(w.transport)
		require.NoError(t, parleyotel.Instrument(app, parleyotel.MeterProvider(w.meters)))
		app.Subscriber("q", func(context.Context) {})
		runtime.AddCleanup(app, func(gone chan struct{}) { close(gone) }, gone)
	}()
	require.Eventually(t, func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	}, patience, time.Millisecond)
	require.NotPanics(t, func() {
		var got metricdata.ResourceMetrics
		require.NoError(t, w.reader.Collect(t.Context(), &got))
	})
}
