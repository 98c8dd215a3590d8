package parley_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// worker is a handler that works until its context ends.
type worker struct {
	begun  chan string
	causes chan error
}

func newWorker() *worker { return &worker{make(chan string, 100), make(chan error, 100)} }

func (k *worker) work(ctx context.Context, job string) (string, error) {
	k.begun <- job
	<-ctx.Done()
	k.causes <- context.Cause(ctx)
	return "", ctx.Err()
}

func (w *world) cancelled(app *parley.App, n int) {
	w.Helper()
	require.Eventually(w, func() bool { return app.Stats().Cancelled == uint64(n) }, patience, time.Millisecond, "wanted %d cancelled requests, have %+v", n, app.Stats())
}

// gaveUp asserts that a handler was told so, and did not find out by itself.
func (w *world) gaveUp(cause error) {
	w.Helper()
	require.ErrorContains(w, cause, "the caller has given up")
	require.Equal(w, parley.CodeCanceled, parley.CodeOf(cause))
}

// called is how a call ended.
type called struct {
	value string
	err   error
}

func (w *world) callIn(ctx context.Context, p *parley.Publisher, job string, opts ...parley.SendOption) <-chan called {
	done := make(chan called, 1)
	go func() {
		v, err := parley.Request[string](ctx, p, job, append(opts, parley.Cancellable())...)
		done <- called{v, err}
	}()
	return done
}

func TestACallerThatGivesUpStopsTheHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client, k := w.app(), w.app(), newWorker()
		service.Subscriber(w.at("work"), k.work, parley.Retry(parley.Immediate(5)), parley.KeepFailedRequests())
		p := client.Publisher(w.at("work"))
		w.start(service)
		w.start(client)

		ctx, cancel := context.WithCancel(w.ctx())
		done := w.callIn(ctx, p, "a")
		require.Equal(w, "a", next(w, k.begun))
		cancel()
		got := next(w, done)
		require.ErrorIs(w, got.err, context.Canceled)
		require.ErrorIs(w, got.err, parley.ErrOutcomeUnknown)
		w.gaveUp(next(w, k.causes))
		w.cancelled(service, 1)

		call := parley.Go[string](w.ctx(), p, "c", parley.Cancellable())
		require.Equal(w, "c", next(w, k.begun))
		require.NoError(w, client.Stop(w.ctx()))
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)
		w.gaveUp(next(w, k.causes))

		require.NoError(w, service.Stop(w.ctx()))
		stats := service.Stats()
		require.Zero(w, stats.Moved, "what was called off is no failure")
		require.Zero(w, stats.Failed)
		require.Contains(w, w.log.String(), "request was called off")
		nothing(w, k.begun)
		w.depth(w.at("work"), 0)
	})
}

func TestARequestThatIsCalledOffInItsQueueIsNotRun(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client := w.app(), w.app()
		begun, goOn := make(chan string, 10), make(chan struct{})
		service.Subscriber(w.at("work"), func(job string) string {
			begun <- job
			<-goOn
			return job
		}, parley.Concurrency(1), parley.Prefetch(1))
		p := client.Publisher(w.at("work"))
		w.start(service)
		w.start(client)
		first := w.callIn(w.ctx(), p, "first")
		require.Equal(w, "first", next(w, begun))
		ctx, cancel := context.WithCancel(w.ctx())
		second := w.callIn(ctx, p, "second")
		third := w.callIn(w.ctx(), p, "third")
		require.Eventually(w, func() bool { return client.PendingRequests() == 3 }, patience, time.Millisecond)
		w.depth(w.at("work"), 2)
		cancel()
		require.ErrorIs(w, next(w, second).err, context.Canceled)
		close(goOn)
		require.Equal(w, called{"first", nil}, next(w, first))
		require.Equal(w, called{"third", nil}, next(w, third))
		w.cancelled(service, 1)
		require.Equal(w, "third", next(w, begun))
		nothing(w, begun)
		require.Eventually(w, func() bool { return service.Stats().Handled == 2 }, patience, time.Millisecond, "an answer comes before its message counts as handled")
	})
}

// One that waits for a slot in the process is skipped too, and takes none.
func TestARequestThatIsCalledOffWaitingForASlot(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client := w.app(), w.app()
		begun, goOn := make(chan string, 10), make(chan struct{})
		service.Subscriber(w.at("work"), func(job string) string {
			begun <- job
			<-goOn
			return job
		}, parley.Concurrency(2), parley.Prefetch(4))
		p := client.Publisher(w.at("work"))
		w.start(service)
		w.start(client)
		one, two := w.callIn(w.ctx(), p, "a"), w.callIn(w.ctx(), p, "b")
		next(w, begun)
		next(w, begun)
		ctx, cancel := context.WithCancel(w.ctx())
		waits := w.callIn(ctx, p, "waits")
		require.Eventually(w, func() bool { return service.Stats().Received == 3 }, patience, time.Millisecond)
		cancel()
		require.ErrorIs(w, next(w, waits).err, context.Canceled)
		w.cancelled(service, 1)
		require.Zero(w, service.Stats().Returned)
		nothing(w, begun)
		close(goOn)
		require.NoError(w, next(w, one).err)
		require.NoError(w, next(w, two).err)
		require.Equal(w, called{"again", nil}, next(w, w.callIn(w.ctx(), p, "again")))
	})
}

func TestCancellationGoesThroughNestedCalls(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		front, back, client, k := w.app(), w.app(), w.app(), newWorker()
		back.Subscriber(w.at("back"), k.work)
		onward := front.Publisher(w.at("back"), parley.Cancellable())
		nested := make(chan error, 1)
		front.Subscriber(w.at("front"), func(ctx context.Context, job string) (string, error) {
			answer, err := parley.Request[string](ctx, onward, job+"!")
			nested <- err
			return answer, err
		})
		p := client.Publisher(w.at("front"))
		for _, app := range []*parley.App{back, front, client} {
			w.start(app)
		}
		ctx, cancel := context.WithCancel(w.ctx())
		done := w.callIn(ctx, p, "job")
		require.Equal(w, "job!", next(w, k.begun))
		cancel()
		require.ErrorIs(w, next(w, done).err, context.Canceled)
		w.gaveUp(next(w, k.causes))
		require.ErrorIs(w, next(w, nested), context.Canceled)
		w.cancelled(front, 1)
		w.cancelled(back, 1)
	})
}

// Until it is called off such a request is like any other.
func TestACancellableRequestIsAnswered(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("echo"), func(s string) (string, error) {
			if s == "" {
				return "", parley.NewError(parley.CodeNotFound, "no text")
			}
			return s, nil
		})
		app.Subscriber(w.at("nothing"), func(string) {})
		app.Subscriber(w.at("stream"), count)
		echo, void, stream := app.Publisher(w.at("echo")), app.Publisher(w.at("nothing")), app.Publisher(w.at("stream"))
		nobody := app.Publisher(w.at("nobody"))
		w.start(app)
		require.Equal(w, called{"a", nil}, next(w, w.callIn(w.ctx(), echo, "a")))
		require.Equal(w, called{"b", nil}, next(w, w.callIn(w.ctx(), echo, "b", parley.NoTimeout())))
		require.Equal(w, parley.CodeNotFound, parley.CodeOf(next(w, w.callIn(w.ctx(), echo, "")).err))
		require.ErrorIs(w, next(w, w.callIn(w.ctx(), void, "a")).err, parley.ErrNoValue)
		require.ErrorIs(w, next(w, w.callIn(w.ctx(), nobody, "a")).err, parley.ErrNoRoute)
		require.Zero(w, app.Stats().LateReplies, "who has answered is not told")
		for n := range 3 {
			_, err := parley.Request[part](w.ctx(), stream, n, parley.Cancellable())
			require.Equal(w, parley.CodeUnimplemented, parley.CodeOf(err), "%d items: %v", n, err)
		}
		require.Zero(w, app.Stats().Cancelled)
		require.Zero(w, app.PendingRequests())
	})
}

// In every reply mode the answer comes to the inbox.
func TestCancellableInEveryReplyMode(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) transport.Transport{
		"memory direct": func(*testing.T) transport.Transport { return memory.New(memory.DirectReplies()) },
		"memory queue":  func(*testing.T) transport.Transport { return memory.New(memory.ReplyQueue("replies")) },
		"rabbitmq direct": func(t *testing.T) transport.Transport {
			return rabbitmq.New(rabbittest.URL(t), rabbitmq.DirectReplies())
		},
		"rabbitmq queue": func(t *testing.T) transport.Transport {
			return rabbitmq.New(rabbittest.URL(t), rabbitmq.ReplyQueue(t.Name()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t))
			app, k := w.app(), newWorker()
			app.Subscriber(w.at("work"), k.work)
			app.Subscriber(w.at("echo"), func(s string) string { return s })
			p, echo := app.Publisher(w.at("work")), app.Publisher(w.at("echo"))
			w.start(app)
			require.Equal(w, called{"a", nil}, next(w, w.callIn(w.ctx(), echo, "a")))
			ctx, cancel := context.WithCancel(w.ctx())
			done := w.callIn(ctx, p, "a")
			next(w, k.begun)
			cancel()
			require.Error(w, next(w, done).err)
			w.gaveUp(next(w, k.causes))
		})
	}
}

// What else a subscriber may say about its messages.
func TestACalledOffRequestUnderEveryPolicy(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for name, opts := range map[string][]parley.SubscriberOption{
			"first":   {parley.AckFirst(), parley.Retry(parley.Immediate(3))},
			"delayed": {parley.Retry(parley.Delayed(time.Millisecond))},
			"switch":  {parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Rate: 0.5, Pause: time.Hour})},
			"requeue": {parley.OnFailure(parley.Requeue)},
			"once":    {parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{}))},
		} {
			service, client, k := w.app(), w.app(), newWorker()
			service.Subscriber(w.at(name), k.work, opts...)
			p := client.Publisher(w.at(name))
			w.start(service)
			w.start(client)
			for i := range 2 {
				// The same message again is no duplicate: the first was not handled.
				ctx, cancel := context.WithCancel(w.ctx())
				done := w.callIn(ctx, p, "job", parley.MessageID(w.name))
				next(w, k.begun)
				cancel()
				require.ErrorIs(w, next(w, done).err, context.Canceled, name)
				w.gaveUp(next(w, k.causes))
				w.cancelled(service, i+1)
			}
			require.NoError(w, service.Stop(w.ctx()))
			stats := service.Stats()
			require.Zero(w, stats.Failed+stats.Moved+stats.Retried+stats.Pauses+stats.Returned+stats.Duplicates, name)
			w.depth(w.at(name), 0)
		}
	})
}

func TestACalledOffRequestByHand(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client, k := w.app(), w.app(), newWorker()
		service.Subscriber(w.at("hand"), func(ctx context.Context, job string, d *parley.Delivery) (string, error) {
			return k.work(ctx, job)
		}, parley.Manual())
		p := client.Publisher(w.at("hand"))
		w.start(service)
		w.start(client)
		ctx, cancel := context.WithCancel(w.ctx())
		done := w.callIn(ctx, p, "job")
		next(w, k.begun)
		cancel()
		require.Error(w, next(w, done).err)
		w.gaveUp(next(w, k.causes))
		w.cancelled(service, 1)
		require.NoError(w, service.Stop(w.ctx()))
		w.depth(w.at("hand"), 0)
	})
}

// A handler that ends well although it was called off has done its work: what it
// forwards is sent, its answer is not.
func TestAHandlerMayEndWellAllTheSame(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client := w.app(), w.app()
		begun := make(chan struct{}, 1)
		service.Subscriber(w.at("work"), func(ctx context.Context, s string) string {
			begun <- struct{}{}
			<-ctx.Done()
			return s
		}, parley.PublishTo(w.at("results")))
		results := make(chan string, 10)
		service.Subscriber(w.at("results"), func(s string) { results <- s })
		p := client.Publisher(w.at("work"))
		w.start(service)
		w.start(client)
		ctx, cancel := context.WithCancel(w.ctx())
		done := w.callIn(ctx, p, "job")
		next(w, begun)
		cancel()
		require.Error(w, next(w, done).err)
		require.Equal(w, "job", next(w, results))
		require.NoError(w, service.Stop(w.ctx()))
		require.Zero(w, client.Stats().LateReplies)
		require.Zero(w, service.Stats().Cancelled)
		require.EqualValues(w, 2, service.Stats().Handled)
	})
}

// A delayed attempt asks its caller anew.
func TestADelayedAttemptCanBeCalledOff(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, client, k := w.app(), w.app(), newWorker()
		var runs atomic.Int32
		service.Subscriber(w.at("work"), func(ctx context.Context, job string) (string, error) {
			if runs.Add(1) == 1 {
				return "", errors.New("not yet")
			}
			return k.work(ctx, job)
		}, parley.Retry(parley.Delayed(10*time.Millisecond, time.Hour)))
		p := client.Publisher(w.at("work"))
		w.start(service)
		w.start(client)
		ctx, cancel := context.WithCancel(w.ctx())
		done := w.callIn(ctx, p, "job", parley.NoTimeout())
		next(w, k.begun)
		cancel()
		require.Error(w, next(w, done).err)
		w.gaveUp(next(w, k.causes))
		w.cancelled(service, 1)
	})
}

func TestCancellableWhereNobodyWaits(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app(parley.Cancellable())
		app.Subscriber(w.at("echo"), func(s string) string { return s })
		p := app.Publisher(w.at("echo"))
		w.start(app)
		require.NoError(w, p.Publish(w.ctx(), "a"), "a default concerns what can use it")
		err := p.Publish(w.ctx(), "a", parley.Cancellable())
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.ErrorContains(w, err, "parley.Cancellable has no meaning here")
		_, err = read(parley.Stream[part](w.ctx(), p, 1, parley.Cancellable()))
		require.ErrorContains(w, err, "parley.Cancellable has no meaning here")
		got, err := parley.Request[string](w.ctx(), p, "a")
		require.NoError(w, err)
		require.Equal(w, "a", got)
	})
}
