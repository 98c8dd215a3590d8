package manual_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// Query asks for a report.
type Query struct {
	Rows int `json:"rows"`
}

// Row is one line of a report.
type Row struct {
	N int `json:"n"`
}

// Report yields the rows as it finds them.
func Report(ctx context.Context, q Query) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for n := range q.Rows {
			row, err := find(ctx, n)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// PushReport sends the rows as it finds them.
func PushReport(ctx context.Context, q Query, rows parley.Sender[Row]) error {
	for n := range q.Rows {
		row, err := find(ctx, n)
		if err != nil {
			return err
		}
		if err := rows.Send(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// find is what takes time.
func find(ctx context.Context, n int) (Row, error) {
	if n == 40 {
		return Row{}, parley.NewError(parley.CodeDataLoss, "row 40 is broken")
	}
	return Row{n}, ctx.Err()
}

func TestStreams(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	app, _ := newApp()
	app.Subscriber("reports", Report)
	app.Subscriber("reports.push", PushReport)
	reports, pushed := app.Publisher("reports"), app.Publisher("reports.push")
	start(t, app)
	sum := 0
	for _, p := range []*parley.Publisher{reports, pushed} {
		err := func() error {
			for row, err := range parley.Stream[Row](ctx, p, Query{Rows: 10}) {
				if err != nil {
					return err
				}
				sum += row.N
			}
			return nil
		}()
		require.NoError(t, err)
	}
	require.Equal(t, 90, sum)

	seen := 0
	for row, err := range parley.Stream[Row](ctx, reports, Query{Rows: 1_000_000}) {
		if err != nil || row.N == 3 {
			break // stops the handler
		}
		seen++
	}
	require.Equal(t, 3, seen)

	n, _, err := total(ctx, reports, 100)
	require.Equal(t, 40, n)
	require.Equal(t, parley.CodeDataLoss, parley.CodeOf(err))

	n = 0
	for _, err := range parley.Stream[Row](ctx, reports, Query{Rows: 30}, parley.Timeout(time.Minute), parley.Idle(5*time.Second), parley.MaxReplies(7)) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 7, n)
}

// total counts rows and says how the stream ended.
func total(ctx context.Context, reports *parley.Publisher, rows int) (n int, verdict string, err error) {
	for _, err := range parley.Stream[Row](ctx, reports, Query{Rows: rows}) {
		remote, failed := errors.AsType[*parley.RemoteError](err)
		switch {
		case err == nil:
			n++
		case failed:
			return n, "the handler failed: " + remote.Message, err
		case errors.Is(err, parley.ErrStreamRestarted), errors.Is(err, parley.ErrStreamServerGone), errors.Is(err, parley.ErrStreamLost):
			return n, "ask again: what came so far is good, and not all of it", err
		default:
			return n, "not all of it", err
		}
	}
	return n, "all of it", nil
}
