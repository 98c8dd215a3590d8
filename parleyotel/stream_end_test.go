package parleyotel_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
	"github.com/parley-go/parley/transport/topology"
)

// tell says a frame to a reader.
type tell = func(kind string, seq int, pairs ...any)

// read reads a stream; first is called in the loop at the first item. It returns
// the error that has ended it.
func read(parts iter.Seq2[int, error], first func()) error {
	n := 0
	for _, err := range parts {
		if err != nil {
			return err
		}
		if n++; n == 1 {
			first()
		}
	}
	return nil
}

func nop() {}

// ended asserts how the one span and the one measurement of a call ended.
func (w *world) ended(destination, errorType string) {
	w.Helper()
	require.Regexp(w, "^client request "+destination+" !"+errorType+" sent [0-9]+ received [0-9]+\n$", w.traces(1))
	require.Equal(w, []string{errorType + " " + destination + " request 1"}, w.points(w.collect()["messaging.client.operation.duration"]))
}

// failed asserts how the one span of a call ended, whether it had a stream or not.
func (w *world) failed(destination, errorType string) {
	w.Helper()
	require.Regexp(w, "^client request "+destination+" !"+errorType+"( sent [0-9]+ received [0-9]+)?\n$", w.traces(1))
}

// What a service says wrong, and what it does not say, each has a name.
func TestWhatServicesDoToStreams(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		errorType string
		err       error
		// before says frames at once, meanwhile when the first item was read.
		before, meanwhile func(t tell)
	}{
		"a gap":     {"items_missing", parley.ErrStreamGap, func(say tell) { say("open", 0); say("item", 2) }, nil},
		"a cut":     {"items_missing", parley.ErrStreamCut, func(say tell) { say("open", 0); say("end", 3) }, nil},
		"too many":  {"overflow", parley.ErrStreamOverflow, func(say tell) { say("open", 0); say("item", 1) }, func(say tell) { say("item", 2); say("item", 3); say("item", 4) }},
		"a restart": {"restarted", parley.ErrStreamRestarted, func(say tell) { say("open", 0); say("item", 1) }, func(say tell) { say("open", 0, parley.HeaderStreamRun, "b") }},
		"silence":   {"stalled", parley.ErrStreamStalled, func(say tell) { say("open", 0, parley.HeaderStreamBeat, 1000) }, nil},
		"an error of its own": {
			"not_found", parley.NewError(parley.CodeNotFound, ""),
			func(say tell) { say("error", 1, parley.HeaderError, "not_found") }, nil,
		},
		"an error that it made up": {
			"_OTHER", parley.NewError("made_up", ""),
			func(say tell) { say("error", 1, parley.HeaderError, "made_up") }, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everywhere(t, func(w *world) {
				service, app := w.peer(), w.app()
				p := app.Publisher(w.at("raw"), parley.Window(1), parley.Idle(3*time.Second), parley.Timeout(patience))
				w.start(app)
				done, say := make(chan error, 1), make(chan tell, 1)
				go func() {
					done <- read(parley.Stream[int](w.ctx(), p, 1), func() {
						if c.meanwhile != nil {
							c.meanwhile(<-say)
						}
					})
				}()
				service.answers(func(to tell) { say <- to; c.before(to) })
				require.ErrorIs(w, next(w, done), c.err)
				w.ended("raw", c.errorType)
			})
		})
	}
}

// late asks with limits that grow until what it asks leaves in time, and returns
// the error of that.
func (w *world) late(ask func(limit time.Duration) error) error {
	w.Helper()
	for limit := 100 * time.Millisecond; ; limit *= 2 {
		w.spans.Reset()
		err := ask(limit)
		if limit > patience || !errors.Is(err, parley.ErrNotSent) || errors.Is(err, parley.ErrBlocked) {
			return err
		}
	}
}

func TestAServiceThatSaysNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.peer()
		app := w.app()
		w.start(app)
		require.ErrorIs(w, w.late(func(limit time.Duration) error {
			return read(parley.Stream[int](w.ctx(), app.Publisher(w.at("raw"), parley.Timeout(limit)), 1), nop)
		}), parley.ErrTimeout)
		w.failed("raw", "timeout")
		require.Contains(w, w.points(w.collect()["messaging.client.operation.duration"]), "timeout raw request 1")
	})
}

// The inbox of a service that has died takes no more grants.
func TestAServiceThatDiedIsNamed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service, app := w.peer(), w.app()
		p := app.Publisher(w.at("raw"), parley.Window(1))
		w.start(app)
		dead, inbox := w.link(func(*parley.Message) {})
		w.unlink(dead)
		done := make(chan error, 1)
		go func() { done <- read(parley.Stream[int](w.ctx(), p, 1), nop) }()
		service.inbox = inbox
		service.answers(func(say tell) { say("open", 0); say("item", 1) })
		require.ErrorIs(w, next(w, done), parley.ErrStreamServerGone)
		w.ended("raw", "server_gone")
	})
}

// cuttable runs a test with a client whose connection the test can cut.
func cuttable(t *testing.T, f func(w *world, cut func())) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		broker := memory.New()
		f(newWorld(t, broker), broker.Disconnect)
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
		f(newWorld(t, rabbitmq.New(proxy.URL())), proxy.Cut)
	})
}

func TestALostConnectionIsNamed(t *testing.T) {
	t.Parallel()
	cuttable(t, func(w *world, cut func()) {
		service, app := w.peer(), w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		done := make(chan error, 1)
		said := make(chan struct{})
		go func() {
			done <- read(parley.Stream[int](w.ctx(), p, 1), func() {
				// The service has the same connection to lose.
				<-said
				cut()
			})
		}()
		service.answers(func(say tell) { say("open", 0); say("item", 1) })
		close(said)
		require.ErrorIs(w, next(w, done), parley.ErrStreamLost)
		w.ended("raw", "connection_lost")
	})
}

// Of a gather that loses its connection nothing more is known.
func TestAGatherThatLosesItsConnection(t *testing.T) {
	t.Parallel()
	cuttable(t, func(w *world, cut func()) {
		app, plain := w.app(), w.plain()
		shops := topology.Fanout(w.at("shops"))
		plain.Subscriber("price", func(string) int { return 3 }, parley.From(shops), parley.Broadcast())
		p := app.Publisher("price", parley.To(shops))
		w.start(plain)
		w.start(app)
		var last error
		for answer, err := range parley.Gather[int](w.ctx(), p, "tea", parley.Expect(2)) {
			if last = err; err == nil {
				require.NoError(w, answer.Err)
				cut()
			}
		}
		require.ErrorIs(w, last, parley.ErrOutcomeUnknown)
		w.ended("shops:price", "outcome_unknown")
	})
}

// A stream that never began.
func TestStreamsThatAreNotSent(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		quota := errors.New("secret text")
		var refusal error
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				if refusal != nil {
					return nil, refusal
				}
				return next(ctx, m)
			}
		}))
		hold, held := make(chan struct{}), make(chan struct{}, 100)
		app.Subscriber(w.at("full"), func(string) { held <- struct{}{}; <-hold }, parley.Concurrency(1), parley.Prefetch(1),
			parley.From(topology.MaxLength(1), topology.Overflow(topology.RejectPublish)))
		full, nowhere := app.Publisher(w.at("full")), app.Publisher(w.at("nowhere"))
		require.NoError(w, app.Err())
		ask := func(p *parley.Publisher, errorType string, want error) {
			w.Helper()
			w.spans.Reset()
			require.ErrorIs(w, read(parley.Stream[int](w.ctx(), p, "x"), nop), want)
			w.failed(map[*parley.Publisher]string{full: "full", nowhere: "nowhere"}[p], errorType)
		}
		ask(full, "not_started", parley.ErrNotStarted)
		require.NoError(w, app.Start(w.ctx()))
		require.NoError(w, full.Publish(w.ctx(), "in hand"))
		next(w, held)
		require.NoError(w, full.Publish(w.ctx(), "waits"))
		require.Eventually(w, func() bool { return errors.Is(full.Publish(w.ctx(), "too many"), parley.ErrRefused) }, patience, time.Millisecond)
		ask(full, "refused", parley.ErrRefused)
		ask(nowhere, "no_route", parley.ErrNoRoute)
		refusal = fmt.Errorf("%w: %w", parley.ErrNotSent, quota)
		ask(nowhere, "not_sent", quota)
		refusal = quota
		ask(nowhere, "_OTHER", quota)
		refusal = nil
		late, cancel := context.WithDeadline(w.ctx(), time.Now().Add(-time.Second))
		defer cancel()
		w.spans.Reset()
		require.ErrorIs(w, read(parley.Stream[int](late, nowhere, 1), nop), context.DeadlineExceeded)
		w.failed("nowhere", "expired")
		close(hold)
		require.NoError(w, app.Stop(w.ctx()))
		ask(nowhere, "stopped", parley.ErrStopped)
		w.holdsNoSecret()
	})
}

// While the broker takes nothing.
func TestAStreamThatIsBlocked(t *testing.T) {
	t.Parallel()
	broker := memory.New()
	w := newWorld(t, broker)
	app := w.app()
	app.Subscriber(w.at("q"), upTo)
	p := app.Publisher(w.at("q"))
	w.start(app)
	broker.Block()
	defer broker.Unblock()
	require.ErrorIs(w, w.late(func(limit time.Duration) error {
		return read(parley.Stream[int](w.ctx(), p, 1, parley.Timeout(limit)), nop)
	}), parley.ErrBlocked)
	w.failed("q", "blocked")
}

// A reader whose app stops, or whose context ends.
func TestReadersThatEnd(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		service := w.plain()
		service.Subscriber(w.at("q"), func(ctx context.Context, _ int, out parley.Sender[int]) error {
			if err := out.Send(ctx, 1); err != nil {
				return err
			}
			<-ctx.Done()
			return context.Cause(ctx)
		})
		service.Subscriber(w.at("short"), func(ctx context.Context, _ int) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				if yield(1, nil) {
					<-ctx.Done()
					yield(0, ctx.Err())
				}
			}
		}, parley.HandlerTimeout(50*time.Millisecond))
		w.start(service)
		app := w.app()
		q, short := app.Publisher(w.at("q")), app.Publisher(w.at("short"))
		require.NoError(w, app.Start(w.ctx()))

		ctx, cancel := context.WithCancel(w.ctx())
		require.ErrorIs(w, read(parley.Stream[int](ctx, q, 1), cancel), context.Canceled)
		w.ended("q", "canceled")
		w.spans.Reset()
		require.ErrorIs(w, read(parley.Stream[int](w.ctx(), short, 1), nop), parley.NewError(parley.CodeDeadlineExceeded, ""))
		w.failed("short", "deadline_exceeded")
		require.ErrorIs(w, w.late(func(limit time.Duration) error {
			return read(parley.Stream[int](w.ctx(), q, 1, parley.Timeout(limit)), nop)
		}), parley.ErrTimeout)
		w.failed("q", "timeout")
		w.spans.Reset()
		stopped := make(chan error, 1)
		require.ErrorIs(w, read(parley.Stream[int](w.ctx(), q, 1), func() { go func() { stopped <- app.Stop(w.ctx()) }() }), parley.ErrStopped)
		require.NoError(w, next(w, stopped))
		w.failed("q", "stopped")
	})
}
