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
	"github.com/parley-go/parley/transport/topology"
)

func TestDuplicateGetsTheSameReply(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := parley.NewMemoryStore(parley.StoreOptions{})
		app := w.app(parley.Deduplicate(store))
		var runs atomic.Int32
		answer := func(string) parley.Response[int32] {
			return parley.Response[int32]{Value: runs.Add(1), Properties: parley.Message{Headers: parley.Headers{"x-kind": "first"}}}
		}
		app.Subscriber(w.at("work"), answer, parley.PublishTo(w.at("results")))
		app.Subscriber(w.at("other"), answer)
		app.Subscriber(w.at("results"), func(*parley.Message) {}, parley.Deduplicate(nil))
		app.Subscriber(w.at("silent"), func(string) { runs.Add(1) })
		app.Subscriber(w.at("echo"), func(m *parley.Message) *parley.Message { runs.Add(1); return m })
		work, other, silent, echo := app.Publisher(w.at("work")), app.Publisher(w.at("other")), app.Publisher(w.at("silent")), app.Publisher(w.at("echo"))
		w.start(app)

		first, err := work.Request(w.ctx(), "x", parley.MessageID("m1"))
		require.NoError(w, err)
		again, err := work.Request(w.ctx(), "x", parley.MessageID("m1"))
		require.NoError(w, err)
		require.Equal(w, []string{"1", "1", "first", "application/json"}, []string{string(first.Body), string(again.Body), again.Header("x-kind"), again.ContentType})
		require.Equal(w, first.ID, again.ID, "the same message once more")
		require.NotEqual(w, first.CorrelationID, again.CorrelationID)
		require.EqualValues(w, 1, app.Stats().Duplicates)

		got, err := parley.Request[int32](w.ctx(), work, "x", parley.MessageID("m2"))
		require.NoError(w, err)
		require.EqualValues(w, 2, got, "another id is another message")
		got, err = parley.Request[int32](w.ctx(), other, "x", parley.MessageID("m1"))
		require.NoError(w, err)
		require.EqualValues(w, 3, got, "another queue is another message")
		for range 2 {
			none, err := silent.Request(w.ctx(), "x", parley.MessageID("m1"))
			require.NoError(w, err)
			require.Empty(w, none.Body)
			same, err := echo.Request(w.ctx(), "x", parley.MessageID("m1"), parley.Header("x-in", "1"))
			require.NoError(w, err)
			require.Equal(w, "x", string(same.Body))
			require.Empty(w, same.Headers["x-in"])
		}
		require.EqualValues(w, 5, runs.Load())
	})
}

// Forwarded results and messages without an id.
func TestDuplicateIsForwardedUnderTheSameID(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		var runs atomic.Int32
		app.Subscriber(w.at("work"), func(string) int32 { return runs.Add(1) },
			parley.PublishTo(w.at("results")), parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		results := make(chan *parley.Message, 10)
		app.Subscriber(w.at("results"), func(m *parley.Message) { results <- m })
		w.start(app)
		peer, _ := w.client()
		send := func(id string) *parley.Message {
			w.publish(peer, w.at("work"), &parley.Message{Body: []byte("x"), ID: id})
			return next(w, results)
		}
		first, again := send("m1"), send("m1")
		require.Equal(w, []string{"1", "1"}, []string{string(first.Body), string(again.Body)})
		require.Equal(w, first.ID, again.ID)
		require.Equal(w, "2", string(send("").Body))
		require.Equal(w, "3", string(send("").Body), "a message without an id is handled as ever")
	})
}

func TestConcurrentDuplicateWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New())
		runs := 0
		app.Subscriber("work", func(string) int {
			runs++
			time.Sleep(3500 * time.Millisecond)
			return runs
		}, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		begin := time.Now()
		first := parley.Go[int](t.Context(), work, "x", parley.MessageID("m1"))
		synctest.Wait()
		second := parley.Go[int](t.Context(), work, "x", parley.MessageID("m1"))
		for call, after := range map[*parley.Call[int]]time.Duration{first: 3500 * time.Millisecond, second: 4 * time.Second} {
			got, err := call.Wait(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, got)
			require.GreaterOrEqual(t, time.Since(begin), after)
		}
		require.Equal(t, 1, runs)
		require.Zero(t, app.Stats().Failed)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A failed run leaves nothing behind: retries run, and so does a replay.
func TestFailedRunIsForgotten(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]parley.SubscriberOption{"": nil, "AckFirst": {parley.AckFirst()}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				app := w.app()
				ran := failing(w, app, errFlaky, append(opts, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})),
					parley.Retry(parley.Immediate(1), parley.Delayed(time.Millisecond)))...)
				work := app.Publisher(w.at("work"))
				w.start(app)
				failed := w.collect(w.at("work.error"))
				for range 2 {
					require.NoError(w, work.Publish(w.ctx(), "x", parley.MessageID("m1")))
					require.EqualValues(w, 4, next(w, failed).Headers[parley.HeaderFailureAttempt])
					require.Len(w, ran, 4)
					for range 4 {
						next(w, ran)
					}
				}
			})
		})
	}
}

// With AckFirst the claim comes before the acknowledgement, so that a duplicate
// in progress is not lost.
func TestDeduplicateWithAckFirst(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		running, release := make(chan struct{}, 10), make(chan struct{})
		app.Subscriber(w.at("work"), func(string) string {
			running <- struct{}{}
			<-release
			return "once"
		}, parley.AckFirst(), parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		work := app.Publisher(w.at("work"))
		w.start(app)
		calls := []*parley.Call[string]{parley.Go[string](w.ctx(), work, "x", parley.MessageID("m1")), parley.Go[string](w.ctx(), work, "x", parley.MessageID("m1"))}
		next(w, running)
		require.Eventually(w, func() bool { return app.Stats().Returned > 0 }, patience, time.Millisecond)
		close(release)
		for _, c := range calls {
			got, err := c.Wait(w.ctx())
			require.NoError(w, err)
			require.Equal(w, "once", got)
		}
		require.Empty(w, running)
	})
}

// faultyStore fails where it is told to.
type faultyStore struct {
	parley.Store
	mu                 sync.Mutex
	begin, done, abort error
	panics             bool
	began              int
}

func (s *faultyStore) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

func (s *faultyStore) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.began
}

func (s *faultyStore) Begin(ctx context.Context, key string) (parley.Claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began++
	if s.panics {
		panic("store")
	}
	if s.begin != nil {
		return parley.Claim{}, s.begin
	}
	return s.Store.Begin(ctx, key)
}

func (s *faultyStore) Done(ctx context.Context, key, token string, reply *parley.Message) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.Join(s.done, s.Store.Done(ctx, key, token, reply))
}

func (s *faultyStore) Abort(ctx context.Context, key, token string) error {
	return errors.Join(s.abort, s.Store.Abort(ctx, key, token))
}

// While the store fails nothing runs and nothing is lost; an outcome that it
// does not take keeps no result back.
func TestFailingStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		log := &logRecord{}
		store := &faultyStore{Store: parley.NewMemoryStore(parley.StoreOptions{}), begin: errors.New("store is away"), done: errors.New("not noted")}
		w := newWorld(t, memory.New())
		w.log = log
		app := w.app(parley.Deduplicate(store))
		app.Subscriber("work", func(string) string { return "fine" })
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		call := parley.Go[string](t.Context(), work, "x")
		time.Sleep(3500 * time.Millisecond)
		require.Equal(t, 4, store.asked(), "once each second")
		store.set(func() { store.panics = true })
		time.Sleep(time.Second)
		require.Equal(t, 5, store.asked())
		store.set(func() { store.begin, store.panics = nil, false })
		got, err := call.Wait(t.Context())
		require.NoError(t, err)
		require.Equal(t, "fine", got)
		require.Contains(t, log.String(), "store is away")
		require.Contains(t, log.String(), "panic: store")
		require.Contains(t, log.String(), "not noted")
		require.Zero(t, app.Stats().Failed)
		require.NoError(t, app.Stop(context.Background()))
	})
}

// A reply that got lost is sent again from the store: the handler has worked.
func TestLostReplyIsSentAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker)
		runs := 0
		app.Subscriber("work", func(string) int {
			runs++
			broker.RefuseNext(1)
			return runs
		}, parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		got, err := parley.Request[int](t.Context(), work, "x")
		require.NoError(t, err)
		require.Equal(t, 1, got)
		require.NoError(t, app.Stop(context.Background()))
		require.Equal(t, 1, runs)
		require.EqualValues(t, 1, app.Stats().Duplicates)
	})
}

// The outcome of a delivery that is gone is stored: it comes again.
func TestLostDeliveryIsNotHandledTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker)
		runs, results := 0, 0
		app.Subscriber("work", func(ctx context.Context, _ string) int {
			runs++
			<-ctx.Done()
			return runs
		}, parley.Deduplicate(&faultyStore{Store: parley.NewMemoryStore(parley.StoreOptions{})}), parley.PublishTo("results"))
		app.Subscriber("results", func(int) { results++ })
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		require.NoError(t, work.Publish(t.Context(), "x"))
		synctest.Wait()
		broker.Disconnect()
		time.Sleep(time.Minute)
		require.NoError(t, app.Stop(context.Background()))
		require.Equal(t, []int{1, 1}, []int{runs, results})
	})
}

// A queue that counts deliveries must not come to its limit while nothing runs.
func TestStoreThatFailsLongerThanTheDeliveryLimit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		store := &faultyStore{Store: parley.NewMemoryStore(parley.StoreOptions{}), begin: errors.New("store is away")}
		app := w.app(parley.Deduplicate(store))
		ran := make(chan string, 10)
		app.Subscriber(w.at("work"), func(s string) { ran <- s }, parley.From(topology.Quorum(), topology.DeliveryLimit(1)))
		work := app.Publisher(w.at("work"))
		w.start(app)
		require.NoError(w, work.Publish(w.ctx(), "x"))
		require.Eventually(w, func() bool { return store.asked() > 3 || app.Stats().Moved > 0 }, patience, time.Millisecond)
		store.set(func() { store.begin = nil })
		require.Equal(w, "x", next(w, ran))
		w.depth(w.at("work.error"), 0)
	})
}
