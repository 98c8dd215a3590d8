package parley_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestStatsOfFailures(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(code string) error { return parley.NewError(parley.Code(code), "no") })
		q := app.Publisher(w.at("q"))
		w.start(app)
		for _, code := range []parley.Code{parley.CodeNotFound, parley.CodeAborted, parley.CodeNotFound, "odd", "odder"} {
			require.NoError(w, q.Publish(w.ctx(), string(code)))
		}
		require.NoError(w, q.Publish(w.ctx(), "internal", parley.ReplyTo(w.at("q.error"))), "a forbidden reply address")
		require.Eventually(w, func() bool { return app.Stats().Moved == 6 }, patience, time.Millisecond)
		require.Equal(w, map[parley.Code]uint64{
			parley.CodeNotFound: 2, parley.CodeAborted: 1, parley.CodePermissionDenied: 1, "": 2,
		}, app.FailedByCode())
		require.EqualValues(w, 6, app.Stats().Failed)
		require.EqualValues(w, 6, app.Stats().Received)

		_, err := q.Request(w.ctx(), "internal")
		require.Equal(w, parley.CodeInternal, parley.CodeOf(err))
		require.EqualValues(w, 1, app.FailedByCode()[parley.CodeInternal])
		require.EqualValues(w, 6, app.Stats().Moved, "the caller was told")
	})
}

func TestPendingRequests(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		require.Zero(w, app.PendingRequests(), "not started")
		begun, end := make(chan struct{}), make(chan struct{})
		app.Subscriber(w.at("q"), func(context.Context) { begun <- struct{}{}; <-end })
		q := app.Publisher(w.at("q"))
		w.start(app)
		call := parley.Go[*string](w.ctx(), q, nil)
		next(w, begun)
		require.Equal(w, 1, app.PendingRequests())
		close(end)
		_, err := call.Wait(w.ctx())
		require.NoError(w, err)
		require.Zero(w, app.PendingRequests())
	})
}

func TestReconnectsAreCounted(t *testing.T) {
	t.Parallel()
	b := memory.New()
	app := parley.New(b)
	for range 2 {
		require.NoError(t, app.Start(t.Context()))
		b.Disconnect()
		require.NoError(t, app.Stop(t.Context()))
	}
	require.EqualValues(t, 2, app.Stats().Reconnects, "over all runs")
}

func TestKnownCodes(t *testing.T) {
	t.Parallel()
	require.True(t, parley.CodeUnauthenticated.Known())
	require.False(t, parley.Code("").Known())
	require.False(t, parley.Code("odd").Known())
}
