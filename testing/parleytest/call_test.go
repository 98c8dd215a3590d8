package parleytest_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
	"github.com/parley-go/parley/transport/topology"
)

// A client that is not parley's sends nothing of parley's and gets no error
// reply unless the subscriber says so.
func TestForeignClient(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", func(m *parley.Message) (string, error) {
			if len(m.Headers) > 0 || m.ID != "" || m.AppID != "" {
				return "", errors.New("something was added")
			}
			if string(m.Body) == "bad" {
				return "", errDown
			}
			return "done", nil
		})
		app.Subscriber("orders.told", func(string) error { return errDown }, parley.ErrorReplies())
		ts := parleytest.Start(t, app, on)

		reply, ok := ts.RawRequest("orders.place", &parley.Message{Body: []byte("good"), CorrelationID: "c1"})
		require.True(t, ok)
		require.Equal(t, "done", string(reply.Body))
		require.Equal(t, "c1", reply.CorrelationID)
		require.Empty(t, reply.Headers)

		_, ok = ts.RawRequest("orders.place", &parley.Message{Body: []byte("bad")})
		require.False(t, ok, "nothing comes")
		ts.Subscriber("orders.place").Failed(parley.CodeUnavailable).Settled(parleytest.ErrorQueue)

		reply, ok = ts.RawRequest("orders.told", &parley.Message{Body: []byte("bad"), ContentType: "text/plain"})
		require.True(t, ok)
		require.Equal(t, "unavailable", reply.Header(parley.HeaderError))

		ts.Subscriber("orders.place").Of(ts.Raw("orders.place", &parley.Message{Body: []byte("good")})).Handled()
	})
}

// The answer to a client that vanished is counted and the message done with.
func TestVanishedClient(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place)
		ts := parleytest.Start(t, app, on)
		m := ts.Vanished("orders.place", order)
		ts.Subscriber("orders.place").Of(m).CalledWith(order).Settled(parleytest.Ack)
		require.Contains(t, m.History(), "no route")
		require.Equal(t, uint64(1), app.Stats().UnroutableReplies)
	})
}

// What was delivered twice is handled once with a store.
func TestRedeliveryAndDeduplication(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		app.Subscriber("orders.seen", func(m *parley.Message) string {
			if !m.Redelivered {
				return "first"
			}
			return "again"
		})
		ts := parleytest.Start(t, app, on)
		m := ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Of(m).Handled().Attempts(1)
		again := ts.Redeliver(m)
		ts.Subscriber("orders.place").Of(again).Settled(parleytest.Ack).Attempts(0)
		require.Equal(t, m.Message().ID, again.Message().ID)
		require.Equal(t, []Order{order}, parleytest.Calls[Order](ts.Subscriber("orders.place")))

		ts.Subscriber("orders.seen").Of(ts.Redeliver(ts.Publish("orders.seen", "x"))).Returned("again")
	})
}

func TestHeadersAndPaths(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		orders := topology.Topic("orders")
		type input struct {
			Tenant string `path:"tenant"`
			Trace  string `header:"x-trace"`
			Order  Order  `body:""`
		}
		app := newApp()
		app.Subscriber("orders.{tenant}.placed", func(in input) string { return in.Tenant + in.Trace + in.Order.ID }, parley.From(orders))
		ts := parleytest.Start(t, app, on)
		ts.Publish("orders.{tenant}.placed", order, parley.To(orders), parley.Path("tenant", "blue"), parley.Header("x-trace", "t1"))
		s := ts.Subscriber("orders.{tenant}.placed").CalledWith(order).WithHeader("x-trace", "t1").Returned("bluet1o1")
		require.Equal(t, "orders.blue.placed", s.Messages()[0].Address)
		require.Equal(t, "orders", s.Messages()[0].Exchange)
	})
}

// What one service takes another one can be given, as it was.
func TestRecordAndReplay(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		events := topology.Topic("events")
		declare := func(fn any) *parley.App {
			app := newApp()
			app.Subscriber("orders.place", fn, parley.Retry(parley.Delayed(time.Millisecond)))
			app.Subscriber("paid.#", fn, parley.From(events, topology.Queue("payments")))
			return app
		}
		var captured bytes.Buffer
		ts := parleytest.Start(t, declare(func(context.Context, []byte) error { return errDown }), on)
		ts.Record(&captured)
		ts.Publish("orders.place", order, parley.Header("x-try", 2))
		ts.Subscriber("orders.place").Settled(parleytest.ErrorQueue)
		ts.Publish("paid.card", []byte{0xff, 0}, parley.To(events))
		ts.Subscriber("payments").Settled(parleytest.ErrorQueue)
		lines := strings.Split(strings.TrimSpace(captured.String()), "\n")
		require.Len(t, lines, 2, "retries are left out")
		require.Contains(t, lines[0], `"headers":{"x-try":2}`)
		require.Contains(t, lines[0], `"body":"{\"id\":\"o1\",\"qty\":2}"`)
		require.Contains(t, lines[1], `"exchange":"events"`)

		second := parleytest.Start(t, declare(func(m *parley.Message) string { return string(m.Body) }), on)
		played := second.Replay(&captured)
		require.Len(t, played, 2)
		second.Subscriber("orders.place").Of(played[0]).CalledWith(order).WithHeader("x-try", 2).Handled()
		second.Subscriber("payments").Of(played[1]).CalledWith([]byte{0xff, 0}).Handled()
	})
}

func TestReplayFails(t *testing.T) {
	t.Parallel()
	text := failure(t, func(tb *recordedTB) {
		parleytest.Start(tb, newApp()).Replay(strings.NewReader("{\"address\":1}\n"))
	})
	require.Contains(t, text, "replay: recording: line 1: ")

	text = failure(t, func(tb *recordedTB) {
		app := newApp()
		app.Subscriber("orders.place", place)
		ts := parleytest.Start(tb, app)
		ts.Record(brokenWriter{})
		ts.Publish("orders.place", order)
		ts.Wait()
	})
	require.Contains(t, text, "record: disk is full")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk is full") }
