package transport_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// pending is an outcome that is not known until done is closed.
type pending struct {
	done chan struct{}
	err  error
}

func (p pending) Done() <-chan struct{} { return p.done }
func (p pending) Err() error            { return p.err }

func TestWaitReturnsTheOutcome(t *testing.T) {
	t.Parallel()
	require.NoError(t, transport.Wait(t.Context(), transport.Settled{}))
	require.ErrorIs(t, transport.Wait(t.Context(), transport.Settled{Outcome: transport.ErrNoRoute}), transport.ErrNoRoute)

	p := pending{make(chan struct{}), transport.ErrRefused}
	got := make(chan error, 1)
	go func() { got <- transport.Wait(context.Background(), p) }()
	close(p.done)
	require.Equal(t, transport.ErrRefused, <-got)
}

// A known outcome counts even when ctx is over.
func TestWaitPrefersTheOutcome(t *testing.T) {
	t.Parallel()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		require.NoError(t, transport.Wait(over, transport.Settled{}))
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	cause := errors.New("shutdown")
	over, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	err := transport.Wait(over, pending{done: make(chan struct{})})
	require.ErrorIs(t, err, transport.ErrOutcomeUnknown)
	require.ErrorIs(t, err, cause)
}

func TestPermanentError(t *testing.T) {
	t.Parallel()
	cause := errors.New("login refused")
	err := error(&transport.PermanentError{Err: cause})
	require.EqualError(t, err, "login refused")
	require.ErrorIs(t, err, cause)
}
