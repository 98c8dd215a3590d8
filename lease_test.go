package parley_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// leasingStore is a store that instances share: its claims end by themselves.
type leasingStore struct {
	lease time.Duration
	// renewed is told of each renewal.
	renewed chan struct{}
	// refuse is how many renewals fail.
	refuse int

	mu      sync.Mutex
	done    bool
	token   string
	until   time.Time
	renewal int
	tokens  int
}

func (s *leasingStore) Begin(context.Context, string) (parley.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done:
		return parley.Claim{State: parley.ClaimDone}, nil
	case s.token != "" && time.Now().Before(s.until):
		return parley.Claim{State: parley.ClaimInProgress}, nil
	}
	s.tokens++
	s.token, s.until = string(rune('a'+s.tokens)), time.Now().Add(s.lease)
	return parley.Claim{State: parley.ClaimNew, Token: s.token, Lease: s.lease}, nil
}

func (s *leasingStore) held(token string) error {
	if s.token != token || !time.Now().Before(s.until) {
		return errors.New("the claim is gone")
	}
	return nil
}

func (s *leasingStore) Done(_ context.Context, _, token string, _ *parley.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.held(token); err != nil {
		return err
	}
	s.done = true
	return nil
}

func (s *leasingStore) Abort(_ context.Context, _, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.held(token); err != nil {
		return err
	}
	s.token = ""
	return nil
}

func (s *leasingStore) Renew(_ context.Context, _, token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.renewal++; s.renewal <= s.refuse {
		return errors.New("no answer")
	}
	if s.token != token {
		return errors.New("the claim is another's")
	}
	s.until = time.Now().Add(s.lease)
	select {
	case s.renewed <- struct{}{}:
	default:
	}
	return nil
}

// A handler may run for many leases: its message is not handled by another
// instance meanwhile. One renewal in three may fail.
func TestClaimIsRenewedWhileItsHandlerRuns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &leasingStore{lease: 30 * time.Second, refuse: 1}
		broker := memory.New()
		var runs atomic.Int32
		instance := func() *parley.App {
			app := parley.New(broker)
			app.Subscriber("work", func(string) int32 { time.Sleep(10 * time.Minute); return runs.Add(1) }, parley.Deduplicate(store))
			require.NoError(t, app.Start(t.Context()))
			return app
		}
		one, other := instance(), instance()
		work := one.Publisher("work")
		for range 4 { // for both instances
			require.NoError(t, work.Publish(t.Context(), "x", parley.MessageID("m1")))
		}
		time.Sleep(11 * time.Minute)
		require.EqualValues(t, 1, runs.Load())
		require.EqualValues(t, 3, one.Stats().Duplicates+other.Stats().Duplicates)
		store.mu.Lock()
		require.InDelta(t, 60, store.renewal, 1, "after each third of the lease, and no longer than the handler runs")
		store.mu.Unlock()
		require.NoError(t, one.Stop(context.Background()))
		require.NoError(t, other.Stop(context.Background()))
	})
}

func TestClaimIsRenewedEverywhere(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := &leasingStore{lease: time.Second, renewed: make(chan struct{})}
		app := w.app(parley.Deduplicate(store))
		var runs atomic.Int32
		app.Subscriber(w.at("work"), func(ctx context.Context, _ string) error {
			runs.Add(1)
			for range 5 {
				select {
				case <-store.renewed:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			store.mu.Lock()
			defer store.mu.Unlock()
			store.until = time.Now().Add(time.Hour) // a slow machine may miss the lease
			return nil
		})
		work := app.Publisher(w.at("work"))
		w.start(app)
		_, err := work.Request(w.ctx(), "x", parley.MessageID("m1"))
		require.NoError(w, err)
		_, err = work.Request(w.ctx(), "x", parley.MessageID("m1"))
		require.NoError(w, err)
		require.EqualValues(w, 1, runs.Load())
	})
}
