package parley_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

func TestTheFirstAnswerWins(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		slow, failing, fast := newWorker(), make(chan struct{}, 1), make(chan struct{})
		loser := w.shop(slow.work)
		w.shop(func(string) (string, error) {
			failing <- struct{}{}
			return "", parley.NewError(parley.CodeNotFound, "sold out")
		})
		winner := w.shop(func(s string) string { <-fast; return s + "!" })
		client, shops := w.customer()
		type won struct {
			answer parley.Answer[string]
			err    error
		}
		done := make(chan won, 1)
		ctx := w.ctx()
		go func() {
			a, err := parley.First[string](ctx, shops, "tea")
			done <- won{a, err}
		}()
		next(w, slow.begun)
		next(w, failing)
		close(fast)
		got := next(w, done)
		require.NoError(w, got.err)
		require.Equal(w, "tea!", got.answer.Value)
		require.NoError(w, got.answer.Err)
		require.NotEmpty(w, got.answer.From)
		w.gaveUp(next(w, slow.causes))
		w.cancelled(loser, 1)
		require.Zero(w, winner.Stats().Cancelled)
		require.Zero(w, client.PendingRequests())
	})
}

func TestNoAnswerIsGood(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for _, code := range []parley.Code{parley.CodeNotFound, parley.CodeNotFound} {
			w.shop(func(string) (string, error) { return "", parley.NewError(code, "sold out") })
		}
		_, shops := w.customer()
		_, err := parley.First[string](w.ctx(), shops, "tea", parley.Expect(2))
		require.Equal(w, parley.CodeNotFound, parley.CodeOf(err))
		require.NotErrorIs(w, err, parley.ErrTimeout)
		remote, ok := errors.AsType[*parley.RemoteError](err)
		require.True(w, ok)
		require.Equal(w, "sold out", remote.Message)

		_, err = parley.First[string](w.ctx(), shops, "tea", parley.Timeout(2*time.Second))
		require.ErrorIs(w, err, parley.ErrTimeout)
		_, err = parley.First[string](w.ctx(), shops, "tea", parley.For(time.Second))
		require.ErrorIs(w, err, parley.ErrTimeout)
		_, err = parley.First[string](w.ctx(), shops, "tea", parley.UntilIdle(time.Second), parley.Expect(5))
		require.ErrorIs(w, err, parley.ErrTimeout)
		require.ErrorIs(w, err, context.DeadlineExceeded)
	})
}

func TestHowFirstFails(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, shops := w.customer()
		_, err := parley.First[string](w.ctx(), shops, "tea")
		require.ErrorIs(w, err, parley.ErrNoRoute)
		_, err = parley.First[string](w.ctx(), shops, "tea", parley.AtLeast(1))
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.ErrorContains(w, err, "First")
		k := newWorker()
		shop := w.shop(k.work)
		ctx, cancel := context.WithCancel(w.ctx())
		go func() {
			<-k.begun
			cancel()
		}()
		_, err = parley.First[string](ctx, shops, "tea")
		require.ErrorIs(w, err, context.Canceled)
		w.gaveUp(next(w, k.causes))
		w.cancelled(shop, 1)
	})
}
