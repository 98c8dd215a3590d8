package parleytest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

// failing runs a test that must fail in a bubble, with an app whose handler is fn.
func failing(t *testing.T, fn any, opts []parley.SubscriberOption, f func(ts *parleytest.Service)) string {
	t.Helper()
	var text string
	synctest.Test(t, func(t *testing.T) {
		text = failure(t, func(tb *recordedTB) {
			app := newApp()
			app.Subscriber("orders.place", fn, opts...)
			f(parleytest.Start(tb, app))
		})
	})
	return text
}

// Failure texts say what was expected, what there is, and what happened.
func TestFailureTexts(t *testing.T) {
	t.Parallel()
	down := func(Order) error { return errDown }
	retry := []parley.SubscriberOption{parley.Retry(parley.Delayed(time.Minute))}

	require.Equal(t, `parleytest: subscriber "orders.place"
expected: handled without an error
actual:   failed with unavailable, settled: retried, settled: error queue
history of message ID:
+0s        the test published to queue "orders.place": {"id":"o1","qty":2}
+0s        delivered to "orders.place"
+0s        handler failed: unavailable: stock is down
+0s        waits in queue "orders.place.wait.60000"
+0s        settled: retried
+1m0s      delivered to "orders.place"
+1m0s      handler failed: unavailable: stock is down
+1m0s      moved to queue "orders.place.error": unavailable: stock is down
+1m0s      settled: error queue`, failing(t, down, retry, func(ts *parleytest.Service) {
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled()
	}))

	require.Equal(t, `parleytest: subscriber "orders.place"
expected: called with parleytest_test.Order{ID:"o2", Qty:2}
actual:   parleytest_test.Order{ID:"o1", Qty:2}
history of message ID:
+0s        the test published to queue "orders.place": {"id":"o1","qty":2}
+0s        delivered to "orders.place"
+0s        handler returned {"order_id":"o1","cents":200}
+0s        settled: ack`, failing(t, place, nil, func(ts *parleytest.Service) {
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").CalledWith(Order{ID: "o2", Qty: 2})
	}))

	require.Equal(t, `parleytest: subscriber "orders.place", messages: called with parleytest_test.Order{ID:"o1", Qty:2}
expected: settled: error queue
actual:   handled without an error, settled: ack
history of message ID:
+0s        the test asked queue "orders.place": {"id":"o1","qty":2}
+0s        delivered to "orders.place"
+0s        handler returned {"order_id":"o1","cents":200}
+0s        replied {"order_id":"o1","cents":200}
+0s        settled: ack`, failing(t, place, nil, func(ts *parleytest.Service) {
		_, _ = parleytest.Request[Receipt](ts, "orders.place", order)
		ts.Subscriber("orders.place").CalledWith(order).Settled(parleytest.ErrorQueue)
	}))

	require.Equal(t, `parleytest: subscriber "orders.place"
expected: failed with not_found
actual:   no message`, failing(t, place, nil, func(ts *parleytest.Service) {
		ts.Subscriber("orders.place").Failed(parley.CodeNotFound)
	}))
}

func TestFurtherFailures(t *testing.T) {
	t.Parallel()
	publish := func(then func(ts *parleytest.Service)) func(*parleytest.Service) {
		return func(ts *parleytest.Service) {
			ts.Publish("orders.place", order, parley.Header("x-tenant", "blue"))
			then(ts)
		}
	}
	panics := func(Order) error { panic("boom") }
	sleeps := func(Order) { time.Sleep(60 * 24 * time.Hour) }
	for _, c := range []struct {
		name   string
		fn     any
		f      func(ts *parleytest.Service)
		wanted []string
	}{
		{"times", place, publish(func(ts *parleytest.Service) { ts.Subscriber("orders.place").Times(2) }), []string{"expected: 2 messages", "actual:   1 message\n", "settled: ack"}},
		{"attempts", place, publish(func(ts *parleytest.Service) { ts.Subscriber("orders.place").Attempts(2) }), []string{"handler ran 2 times", "1 time\n"}},
		{"header", place, publish(func(ts *parleytest.Service) { ts.Subscriber("orders.place").WithHeader("x-tenant", "red") }), []string{"x-tenant: red", "actual:   x-tenant: blue"}},
		{"returned", place, publish(func(ts *parleytest.Service) { ts.Subscriber("orders.place").Returned(Receipt{}) }), []string{"expected: returned parleytest_test.Receipt{", "handler returned {"}},
		{"panic", panics, publish(func(ts *parleytest.Service) { ts.Subscriber("orders.place").Handled() }), []string{"failed with internal", "handler panicked", "error queue"}},
		{"not valid", place, func(ts *parleytest.Service) {
			ts.Publish("orders.place", Order{})
			ts.Subscriber("orders.place").CalledWith(Order{})
		}, []string{"and the handler was not called", "invalid_argument"}},
		{"not a body", place, func(ts *parleytest.Service) {
			ts.Publish("orders.place", "text")
			ts.Subscriber("orders.place").CalledWith(order)
		}, []string{"actual:   text (parley: decode into"}},
		{"no subscriber", place, func(ts *parleytest.Service) { ts.Subscriber("orders.cancel") }, []string{`wanted a subscriber of "orders.cancel", got those of "orders.place"`}},
		{"no route", place, func(ts *parleytest.Service) { ts.Publish("orders.cancel", order) }, []string{"no route", "hint"}},
		{"no exchange", place, func(ts *parleytest.Service) { ts.Raw("a", &parley.Message{Exchange: "orders"}) }, []string{`exchange "orders"`}},
		{"not decodable", place, publish(func(ts *parleytest.Service) { parleytest.Calls[int](ts.Subscriber("orders.place")) }), []string{"decode into *int", "history"}},
		{"never done", sleeps, publish(func(ts *parleytest.Service) { ts.Wait() }), []string{"gave up waiting; still going on:", `handler of "orders.place" is at message ID for 720h`}},
		{"not encodable", place, func(ts *parleytest.Service) { ts.Publish("orders.place", make(chan int)) }, []string{"encode chan int"}},
		{"no app", place, func(ts *parleytest.Service) { ts.Run(nil) }, []string{"wanted an app, got nil"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := failing(t, c.fn, nil, c.f)
			for _, fragment := range c.wanted {
				require.Contains(t, text, fragment)
			}
		})
	}
}

func TestStartFails(t *testing.T) {
	t.Parallel()
	text := failure(t, func(tb *recordedTB) {
		app := newApp()
		app.Subscriber("orders.place", func(context.Context) (int, int, int) { return 0, 0, 0 })
		parleytest.Start(tb, app)
	})
	require.Contains(t, text, `subscriber "orders.place"`)

	text = failure(t, func(tb *recordedTB) {
		ts := parleytest.Start(tb, newApp())
		ts.Stub("payments.charge", 7)
	})
	require.Contains(t, text, "parleytest: stub: ")
}

// The trace begins where the test calls, in the form of testify.
func TestFailureTrace(t *testing.T) {
	t.Parallel()
	tb := &recordedTB{}
	text := tb.run(func() {
		app := newApp()
		app.Subscriber("orders.place", place)
		parleytest.Start(tb, app).Subscriber("orders.place").Handled()
	})
	require.Regexp(t, `^\n\tError Trace:\t[^\n]*/failure_test.go:[0-9]+\n(\t            \t[^\n]*tb_test.go:[0-9]+\n)+\tError:      \tparleytest: subscriber`, text)
	require.NotContains(t, text, "expect.go")
}

// On the real clock a retry that is due much later is told of at once.
func TestLateRetryOnTheRealClock(t *testing.T) {
	t.Parallel()
	text := failure(t, func(tb *recordedTB) {
		app := newApp()
		app.Subscriber("orders.place", func(Order) error { return errors.New("no") }, parley.Retry(parley.Delayed(24*time.Hour)))
		ts := parleytest.Start(tb, app)
		ts.Publish("orders.place", order)
		ts.Wait()
	})
	require.Contains(t, text, `waits in "orders.place.wait.86400000" for another `)
	require.Contains(t, text, "hint: in a bubble of testing/synctest")
}
