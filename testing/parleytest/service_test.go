package parleytest_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

func TestHandledAndAnswered(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", place)
		ts := parleytest.Start(t, app, on)

		receipt, err := parleytest.Request[Receipt](ts, "orders.place", order)
		require.NoError(t, err)
		require.Equal(t, Receipt{"o1", 200}, receipt)
		ts.Subscriber("orders.place").CalledWith(order).Returned(receipt).Handled().Settled(parleytest.Ack)
		ts.Subscriber("orders.place").Times(1).Attempts(1)
		require.Equal(t, []Receipt{receipt}, parleytest.Published[Receipt](ts, replyAddress(ts)))
	})
}

// replyAddress is where the last answer went.
func replyAddress(ts *parleytest.Service) string {
	all := ts.Subscriber("orders.place").Messages()
	return all[len(all)-1].ReplyTo
}

// A message fails, is tried again now and later, and ends in the error queue.
func TestFailsRetriesEnds(t *testing.T) {
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", func(Order) error { return errDown },
			parley.Retry(parley.Immediate(1), parley.Delayed(50*time.Millisecond)))
		ts := parleytest.Start(t, app, on)

		m := ts.Publish("orders.place", order)
		s := ts.Subscriber("orders.place").Of(m).Failed(parley.CodeUnavailable).Settled(parleytest.Retried)
		s.Settled(parleytest.ErrorQueue).Attempts(4).Times(1)
		failed := ts.ErrorQueue("orders.place")
		require.Len(t, failed, 1)
		require.Equal(t, "stock is down", failed[0].Reason)
		require.Equal(t, m.Message().ID, failed[0].Message.ID)
		require.Nil(t, failed[0].Message.Headers["x-parleytest"])
		require.Contains(t, m.History(), "moved to queue \"orders.place.error\"")
	})
}
