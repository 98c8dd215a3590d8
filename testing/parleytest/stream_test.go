package parleytest_test

import (
	"context"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/testing/parleytest"
)

type Row struct {
	N int `json:"n"`
}

// upTo yields n rows; of a negative number it yields one and fails.
func upTo(_ context.Context, n int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		if n < 0 {
			_ = yield(Row{1}, nil) && yield(Row{}, errDown)
			return
		}
		for i := range n {
			if !yield(Row{i + 1}, nil) {
				return
			}
		}
	}
}

// endless yields a row and nothing more until its reader leaves.
func endless(ctx context.Context, _ string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if yield(Row{1}) {
			<-ctx.Done()
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		app.Subscriber("rows", upTo)
		app.Subscriber("endless", endless)
		ts := parleytest.Start(t, app, on)

		rows, err := parleytest.Collect(parleytest.Stream[Row](ts, "rows", 3))
		require.NoError(t, err)
		require.Equal(t, []Row{{1}, {2}, {3}}, rows)
		ts.Subscriber("rows").CalledWith(3).Streamed(Row{1}, Row{2}, Row{3}).Handled().Settled(parleytest.Ack)

		rows, err = parleytest.Collect(parleytest.Stream[Row](ts, "rows", -1))
		require.Equal(t, parley.CodeUnavailable, parley.CodeOf(err))
		require.Equal(t, []Row{{1}}, rows)
		ts.Subscriber("rows").CalledWith(-1).Streamed(Row{1}).Failed(parley.CodeUnavailable)

		rows, err = parleytest.Collect(parleytest.Stream[Row](ts, "rows", 0))
		require.NoError(t, err)
		require.Empty(t, rows)
		ts.Subscriber("rows").CalledWith(0).Streamed().Handled()

		for row, err := range parleytest.Stream[Row](ts, "endless", "x") {
			require.NoError(t, err)
			require.Equal(t, Row{1}, row)
			break
		}
		ts.Subscriber("endless").Streamed(Row{1}).Settled(parleytest.Ack)
	})
}

// A service that freezes is a stall to its reader, and its handler is cancelled
// when the reader leaves.
func TestStallStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, on parleytest.Option) {
		app := newApp()
		stock := app.Publisher("stock")
		ts := parleytest.Start(t, app, on)
		ended := make(chan error, 1)
		stub := ts.Stub("stock", func(ctx context.Context, _ string) iter.Seq[Row] {
			return func(yield func(Row) bool) {
				_ = yield(Row{1})
				<-ctx.Done()
				ended <- context.Cause(ctx)
			}
		})
		var rows []Row
		var end error
		for row, err := range parley.Stream[Row](t.Context(), stock, "tea", parley.Idle(3*time.Second)) {
			if end = err; err == nil {
				rows = append(rows, row)
				ts.Broker().StallStreams()
			}
		}
		require.ErrorIs(t, end, parley.ErrStreamStalled)
		require.Equal(t, []Row{{1}}, rows)
		require.Equal(t, parley.CodeCanceled, parley.CodeOf(<-ended))
		stub.Streamed(Row{1})
	})
}

// A stream ends with the connection that it comes on.
func TestDisconnectCutsStreams(t *testing.T) {
	t.Parallel()
	cutStream(t)
}

// The same on RabbitMQ, where the network is cut.
func TestDisconnectCutsStreamsOnRabbitMQ(t *testing.T) {
	t.Setenv(parleytest.EnvURL, rabbittest.URL(t))
	cutStream(t)
}

func cutStream(t *testing.T) {
	t.Helper()
	app := newApp()
	app.Subscriber("endless", endless)
	ts := parleytest.Start(t, app)
	var rows []Row
	var end error
	for row, err := range parleytest.Stream[Row](ts, "endless", "x") {
		if end = err; err == nil {
			rows = append(rows, row)
			ts.Broker().Disconnect()
		}
	}
	require.ErrorIs(t, end, parley.ErrStreamLost)
	require.Equal(t, []Row{{1}}, rows)
	ts.Subscriber("endless").Streamed(Row{1})
}

// What was expected of a stream and what there is.
func TestStreamedTellsTheItems(t *testing.T) {
	t.Parallel()
	text := failure(t, func(tb *recordedTB) {
		app := newApp()
		app.Subscriber("rows", upTo)
		ts := parleytest.Start(tb, app)
		_, err := parleytest.Collect(parleytest.Stream[Row](ts, "rows", 2))
		require.NoError(t, err)
		ts.Subscriber("rows").Streamed(Row{2}, Row{1})
	})
	require.Contains(t, text, `expected: streamed parleytest_test.Row{N:2}, parleytest_test.Row{N:1}`)
	require.Contains(t, text, `actual:   streamed {"n":1}, {"n":2}`)
}
