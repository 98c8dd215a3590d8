package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// everDue is later than every due time.
func everDue() time.Time { return time.Now().Add(1000 * time.Hour) }

// open returns the tokens that a store still waits for.
func open(w *world, store parley.PendingStore) []string {
	w.Helper()
	all, err := store.Overdue(w.ctx(), everDue(), 1000)
	require.NoError(w, err)
	tokens := []string{}
	for _, p := range all {
		tokens = append(tokens, p.Token)
	}
	return tokens
}

// What is not answered is found, and nothing else.
func TestOverdueAnswersAreFound(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := parley.NewMemoryPending()
		app := w.app(parley.Track(store))
		app.Subscriber(w.at("place"), placer)
		app.Subscriber(w.at("void"), func(purchase, parley.Later[receipt]) {})
		got := takeReplies(app, w.at("receipts"))
		orders, void := app.Publisher(w.at("place")), app.Publisher(w.at("void"), parley.Due(time.Minute))
		w.start(app)
		to := parley.ReplyTo(w.at("receipts"))
		begin := time.Now()
		require.NoError(w, void.Publish(w.ctx(), purchase{"o1"}, to, parley.Token("never")))
		require.NoError(w, void.Publish(w.ctx(), purchase{"o1"}, to, parley.Token("never either"), parley.Due(time.Hour)))
		for _, id := range []string{"o1", "refused", "silent"} {
			require.NoError(w, orders.Publish(w.ctx(), purchase{id}, to, parley.Token(id)))
			require.Equal(w, id, next(w, got).Token)
		}
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o1"}, to), "without a token")
		require.Empty(w, next(w, got).Token)
		require.Eventually(w, func() bool { return len(open(w, store)) == 2 }, patience, time.Millisecond)
		require.Equal(w, []string{"never", "never either"}, open(w, store), "the earliest first")

		for limit, want := range map[int]int{-1: 0, 0: 0, 1: 1, 5: 2} {
			all, err := store.Overdue(w.ctx(), everDue(), limit)
			require.NoError(w, err)
			require.Len(w, all, want)
		}
		all, err := store.Overdue(w.ctx(), begin.Add(30*time.Minute), 10)
		require.NoError(w, err)
		require.Len(w, all, 1)
		p := all[0]
		require.Equal(w, []string{"never", w.at("void"), "", w.at("receipts")}, []string{p.Token, p.Address, p.Exchange, p.ReplyTo})
		require.WithinDuration(w, begin, p.Sent, patience)
		require.Equal(w, time.Minute, p.Due.Sub(p.Sent))
		known, err := store.Done(w.ctx(), p.CorrelationID)
		require.NoError(w, err)
		require.True(w, known)
		known, err = store.Done(w.ctx(), p.CorrelationID)
		require.NoError(w, err)
		require.False(w, known)
	})
}

// What certainly was not sent is not waited for.
func TestUnsentMessagesAreNotPending(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := parley.NewMemoryPending()
		app := w.app(parley.Track(store))
		app.Subscriber(w.at("void"), func(purchase, parley.Later[receipt]) {})
		missing, void := app.Publisher(w.at("missing")), app.Publisher(w.at("void"))
		opts := []parley.SendOption{parley.ReplyTo(w.at("receipts")), parley.Token("t")}
		require.ErrorIs(w, void.Publish(w.ctx(), purchase{}, opts...), parley.ErrNotStarted)
		w.start(app)
		require.ErrorIs(w, missing.Publish(w.ctx(), purchase{}, opts...), parley.ErrNoRoute)
		require.ErrorIs(w, parley.PublishBatch(w.ctx(), missing, purchases(3), opts...), parley.ErrNoRoute)
		require.ErrorIs(w, void.Publish(w.ctx(), make(chan int), opts...), parley.ErrNotSent)
		require.Empty(w, open(w, store))
		require.NoError(w, parley.PublishBatch(w.ctx(), void, purchases(3), opts...))
		require.Equal(w, []string{"t", "t", "t"}, open(w, store))
	})
}

// Stop may end the wait for a blocked broker: nothing was sent then.
func TestMessageOfAStoppedAppIsNotPending(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	w, store := newWorld(t, broker), parley.NewMemoryPending()
	app := w.app(parley.Track(store))
	p := app.Publisher(w.at("void"))
	require.NoError(t, app.Start(w.ctx()))
	broker.Block()
	sent := make(chan error, 1)
	go func() { sent <- p.Publish(w.ctx(), "x", parley.ReplyTo(w.at("receipts")), parley.Token("t")) }()
	require.Eventually(t, func() bool { return len(open(w, store)) == 1 }, patience, time.Millisecond)
	require.NoError(t, app.Stop(w.ctx()))
	require.ErrorIs(t, next(w, sent), parley.ErrStopped)
	require.Empty(t, open(w, store))
}

func purchases(n int) iter.Seq[purchase] {
	return func(yield func(purchase) bool) {
		for i := range n {
			if !yield(purchase{fmt.Sprint(i)}) {
				return
			}
		}
	}
}

// badPending fails, by error or by panic.
type badPending struct {
	parley.PendingStore
	adds, dones atomic.Bool
	closed      chan string
}

func (b *badPending) Add(ctx context.Context, p parley.Pending) error {
	if b.adds.Load() {
		return b.PendingStore.Add(ctx, p)
	}
	return errors.New("disk full")
}

func (b *badPending) Done(_ context.Context, id string) (bool, error) {
	b.closed <- id
	if b.dones.Load() {
		panic("no connection")
	}
	return false, errors.New("no connection")
}

// Nothing is sent that could not be found again, and no answer is handled twice
// because a store failed.
func TestFailingPendingStore(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := &badPending{PendingStore: parley.NewMemoryPending(), closed: make(chan string, 10)}
		app := w.app(parley.Track(store))
		runs := make(chan string, 10)
		app.Subscriber(w.at("place"), func(o purchase) receipt { runs <- o.ID; return receipt{o.ID} })
		got := takeReplies(app, w.at("receipts"))
		orders := app.Publisher(w.at("place"))
		w.start(app)
		opts := []parley.SendOption{parley.ReplyTo(w.at("receipts")), parley.Token("t")}
		err := orders.Publish(w.ctx(), purchase{"o1"}, opts...)
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.ErrorContains(w, err, "disk full")
		nothing(w, runs)

		store.adds.Store(true)
		for _, panics := range []bool{false, true} {
			store.dones.Store(panics)
			require.NoError(w, orders.Publish(w.ctx(), purchase{"o2"}, opts...))
			require.Equal(w, receipt{"o2"}, next(w, got).Value)
			next(w, store.closed)
		}
		require.NoError(w, orders.Publish(w.ctx(), purchase{"o3"}, opts...))
		require.Equal(w, receipt{"o3"}, next(w, got).Value, "nothing came twice")
		require.Equal(w, []string{"t", "t", "t"}, open(w, store))
		next(w, store.closed)
		w.logged("did not forget one")
	})
}

func TestTrackThatDoesNotFit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := parley.NewMemoryPending()
		app := w.app()
		taken := make(chan purchase, 1)
		app.Subscriber(w.at("place"), func(o purchase) { taken <- o })
		orders := app.Publisher(w.at("place"), parley.Due(time.Minute))
		w.start(app)
		to := parley.ReplyTo(w.at("receipts"))
		_, request := orders.Request(w.ctx(), purchase{}, parley.Track(store))
		var streamed error
		for _, err := range parley.Stream[int](w.ctx(), orders, purchase{}, parley.Due(1)) {
			streamed = err
		}
		for fragment, err := range map[string]error{
			"a token for a message under parley.Track": orders.Publish(w.ctx(), purchase{}, to, parley.Track(store)),
			"parley.Track for parley.Due":              orders.Publish(w.ctx(), purchase{}, to, parley.Token("t"), parley.Due(1)),
			"Request":                                  request,
			"Stream":                                   streamed,
		} {
			require.ErrorContains(w, err, fragment)
			require.ErrorIs(w, err, parley.ErrNotSent)
		}
		nothing(w, taken)
		require.NoError(w, orders.Publish(w.ctx(), purchase{}))

		other := w.app()
		other.Subscriber(w.at("x"), func(purchase) {}, parley.Track(store))
		require.ErrorContains(w, other.Err(), "wanted parley.Replies for parley.Track")
	})
}
