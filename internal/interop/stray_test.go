package interop_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// late is a context whose deadline passes when something has happened. What is
// asked with it does not expire on its way, however busy the machine is.
type late struct {
	context.Context

	passed <-chan struct{}
}

func (l late) Done() <-chan struct{} { return l.passed }

func (l late) Err() error {
	select {
	case <-l.passed:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// untilReceived is a context whose deadline passes when the server has its next
// request, which is then in received.
func (s server) untilReceived(ctx context.Context) (deadline context.Context, received <-chan request) {
	passed, got := make(chan struct{}), make(chan request, 1)
	go func() {
		defer close(passed)
		var r request
		s.read(&r)
		got <- r
	}()
	return late{ctx, passed}, got
}

// Replies with another correlation id, or none, come before the right one.
func TestParleyWaitsForItsOwnReply(t *testing.T) {
	t.Parallel()
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
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
}

// The server answers the first request late, just before the second one's answer.
func TestParleyDropsALateReply(t *testing.T) {
	t.Parallel()
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
			url, prefix := rabbittest.URL(t), "late."+l.name
			s := startServer(t, l, url, prefix)
			app := newApp(rabbitmq.New(url))
			p := app.Publisher(prefix + ".hold")
			run(t, app)
			ctx, _ := s.untilReceived(t.Context())
			_, err := parley.Request[string](ctx, p, "first")
			requireTimeout(t, err)
			got, err := parley.Request[string](t.Context(), p, "second")
			require.NoError(t, err)
			require.Equal(t, "second", got)
			require.EqualValues(t, 1, app.Stats().LateReplies)
		})
	}
}

// A foreign handler that fails says nothing: the deadline is the only end.
func TestParleyTimesOutOnAForeignFailure(t *testing.T) {
	t.Parallel()
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
			url, prefix := rabbittest.URL(t), "fail."+l.name
			s := startServer(t, l, url, prefix)
			app := newApp(rabbitmq.New(url))
			p := app.Publisher(prefix + ".fail")
			run(t, app)
			ctx, received := s.untilReceived(t.Context())
			_, err := parley.Request[string](ctx, p, "x")
			requireTimeout(t, err)
			require.NotEmpty(t, (<-received).Error)
			require.Empty(t, s.stop(), "it came once")
		})
	}
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
	for _, l := range libraries {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			l.need(t)
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
}
