package interop_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// limit ends the calls that nobody answers in time. It leaves a busy machine
// the time to deliver the request, which expires with its call.
const limit = 2 * time.Second

// Replies with another correlation id, or none, come before the right one.
func TestParleyWaitsForItsOwnReply(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "noise."+l.name
		startServer(t, l, url, prefix)
		app := newApp(rabbitmq.New(url))
		p := app.Publisher(prefix + ".noise")
		run(t, app)
		got, err := parley.Request[string](t.Context(), p, "mine")
		require.NoError(t, err)
		require.Equal(t, "mine", got)
		require.EqualValues(t, 2, app.Stats().LateReplies)
	})
}

// The server answers the first request late, just before the second one's answer.
func TestParleyDropsALateReply(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "late."+l.name
		startServer(t, l, url, prefix)
		app := newApp(rabbitmq.New(url))
		p := app.Publisher(prefix + ".hold")
		run(t, app)
		_, err := parley.Request[string](t.Context(), p, "first", parley.Timeout(limit))
		requireTimeout(t, err)
		got, err := parley.Request[string](t.Context(), p, "second")
		require.NoError(t, err)
		require.Equal(t, "second", got)
		require.EqualValues(t, 1, app.Stats().LateReplies)
	})
}

// A foreign handler that fails says nothing: the deadline is the only end.
func TestParleyTimesOutOnAForeignFailure(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "fail."+l.name
		s := startServer(t, l, url, prefix)
		app := newApp(rabbitmq.New(url))
		p := app.Publisher(prefix + ".fail")
		run(t, app)
		_, err := parley.Request[string](t.Context(), p, "x", parley.Timeout(limit))
		requireTimeout(t, err)
		requests := s.stop()
		require.Len(t, requests, 1)
		require.NotEmpty(t, requests[0].Error)
	})
}

func requireTimeout(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, parley.ErrTimeout)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.ErrorIs(t, err, parley.ErrOutcomeUnknown)
}

func TestParleyIsToldThatThereIsNoSuchQueue(t *testing.T) {
	t.Parallel()
	app := newApp(rabbitmq.New(rabbittest.URL(t)))
	p := app.Publisher("interop.no-such-queue")
	run(t, app)
	_, err := parley.Request[string](t.Context(), p, "x", parley.Timeout(patience))
	require.ErrorIs(t, err, parley.ErrNoRoute)
}

// A request without a limit of its own is kept by the broker, and so is asked
// for in that form.
func TestParleyRequestWithoutLimitIsPersistent(t *testing.T) {
	t.Parallel()
	eachLibrary(t, func(t *testing.T, l library) {
		url, prefix := rabbittest.URL(t), "unlimited."+l.name
		s := startServer(t, l, url, prefix)
		app := newApp(rabbitmq.New(url))
		p := app.Publisher(prefix + ".string")
		run(t, app)
		_, err := parley.Request[string](t.Context(), p, "x", parley.NoTimeout())
		require.NoError(t, err)
		requests := s.stop()
		require.Len(t, requests, 1)
		require.NotContains(t, requests[0].Properties, "expiration")
		require.InDelta(t, 2, requests[0].Properties["delivery_mode"], 0)
	})
}
