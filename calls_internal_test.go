package parley

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Who waited in vain for a connection is told what stood in the way.
func TestRequestThatDidNotLeaveSaysWhy(t *testing.T) {
	t.Parallel()
	refused := errors.New("dial tcp: connection refused")
	w := newCall(3*time.Second, false)
	err := w.failed(t.Context(), fmt.Errorf("no connection: %w (%w)", errOwnLimit, refused))
	for _, want := range []error{ErrTimeout, ErrNotSent, context.DeadlineExceeded} {
		require.ErrorIs(t, err, want)
	}
	require.ErrorContains(t, err, "timeout: no reply within 3s (no connection: limit of the call (dial tcp: connection refused)): not sent")

	require.ErrorContains(t, w.failed(t.Context(), errOwnLimit), "timeout: no reply within 3s: not sent")
	w.sent = true
	require.ErrorContains(t, w.failed(t.Context(), errOwnLimit), "outcome unknown")
}

// justEnded is a context whose end has not reached what is derived from it.
type justEnded struct{ context.Context }

func (justEnded) Done() <-chan struct{} { return make(chan struct{}) }

func (justEnded) Err() error { return context.DeadlineExceeded }

// A caller sees the end of its context sooner than what is derived from it ends.
func TestRequestWhoseContextHasJustEnded(t *testing.T) {
	t.Parallel()
	limited := &lazyDeadline{Context: justEnded{t.Context()}, deadline: time.Now().Add(time.Hour)}
	defer limited.end()
	select {
	case <-limited.Done():
		t.Fatal("its end has come")
	default:
	}
	w := newCall(time.Hour, false)
	w.sent = true
	err := w.failed(limited.ended(), limited.Context.Err())
	for _, want := range []error{ErrTimeout, ErrOutcomeUnknown, context.DeadlineExceeded} {
		require.ErrorIs(t, err, want)
	}
}
