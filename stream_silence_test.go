package parley_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// silently runs a test of somebody who falls silent: in virtual time on memory,
// where took looks at the clock, and on RabbitMQ, where took asserts that nobody
// was given up too early.
func silently(t *testing.T, f func(w *world, took func(begun time.Time, want time.Duration))) {
	t.Helper()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			f(newWorld(t, memory.New()), func(begun time.Time, want time.Duration) {
				t.Helper()
				require.InDelta(t, want, time.Since(begun), float64(time.Second/2))
			})
		})
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		f(newWorld(t, rabbitmq.New(rabbittest.URL(t))), func(begun time.Time, want time.Duration) {
			t.Helper()
			require.GreaterOrEqual(t, time.Since(begun), want)
		})
	})
}

// A client that promised signs of life and sends neither those nor items ends
// the handler, whether that sees why its items end or not.
func TestAClientThatFallsSilentInItsUpload(t *testing.T) {
	t.Parallel()
	silently(t, func(w *world, took func(time.Time, time.Duration)) {
		app, sees := w.app(), newUploadWatch()
		type ended struct {
			items int
			cause error
		}
		blind := make(chan ended, 1)
		app.Subscriber(w.at("sees"), sees.handle)
		app.Subscriber(w.at("blind"), func(ctx context.Context, parts iter.Seq[part]) int {
			n := 0
			for range parts {
				n++
			}
			blind <- ended{n, context.Cause(ctx)}
			return n
		})
		w.start(app)
		var begun time.Time
		for _, queue := range []string{"sees", "blind"} {
			u := newUploader(w)
			u.id = queue
			u.ask(w.at(queue), parley.HeaderStreamBeat, 1000)
			require.EqualValues(w, 1000, u.opened().Headers[parley.HeaderStreamBeat])
			begun = time.Now()
			u.item(1)
		}
		next(w, sees.first)
		silent := func(err error) {
			require.Equal(w, parley.CodeCanceled, parley.CodeOf(err))
			require.ErrorContains(w, err, "is silent", "and it is not gone")
		}
		got := next(w, blind)
		took(begun, 3*time.Second)
		require.Equal(w, 1, got.items, "what came before is good")
		silent(got.cause)
		silent(next(w, sees.ended))
		silent(next(w, sees.causes))
		require.Eventually(w, func() bool { return app.Stats().AbandonedStreams == 2 }, patience, time.Millisecond)
		require.Zero(w, app.Stats().Failed)
	})
}

// A client that is alive may take its time, and so may one that promised
// nothing.
func TestAClientThatTakesItsTimeWithItsUpload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		served(w, total)
		u := newUploader(w)
		u.ask(w.at("count"), parley.HeaderStreamBeat, 1000)
		u.opened()
		u.item(1)
		for range 300 {
			time.Sleep(2 * time.Second)
			u.say(frame("credit", parley.HeaderStreamSeq, 1))
			for len(u.frames) > 0 {
				require.Equal(t, "beat", next(w, u.frames).Header(parley.HeaderStreamFrame))
			}
		}
		u.item(2)
		u.end(3)
		require.Equal(t, "3", string(u.last().Body))

		u = newUploader(w)
		u.ask(w.at("count"))
		u.opened()
		time.Sleep(4 * time.Minute)
		u.item(1)
		u.end(2)
		require.Equal(t, "1", string(u.last().Body))
	})
}

// grants opens a client stream for so many items.
func (s *stage) grants(request *parley.Message, items int) {
	s.Helper()
	m := frame("open", parley.HeaderStreamRun, "a", parley.HeaderStreamBeat, 1000, parley.HeaderStreamCredit, items)
	m.ReplyTo = s.inbox
	s.say(request, m)
}

// A service that takes no more items and gives no sign of life ends the call,
// with and without items on the way.
func TestAServiceThatFallsSilentInAnUpload(t *testing.T) {
	t.Parallel()
	silently(t, func(w *world, took func(time.Time, time.Duration)) {
		s, app := newStage(w), w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		ask := func(call func(items iter.Seq[part]) error, granted int) (over chan struct{}, err error) {
			over, done := make(chan struct{}), make(chan error, 1)
			go func() { done <- call(forever(over)) }()
			m := next(w, s.requests)
			require.EqualValues(w, 1000, m.Headers[parley.HeaderStreamBeat])
			begun := time.Now()
			s.grants(m, granted)
			err = next(w, done)
			took(begun, 3*time.Second)
			require.ErrorIs(w, err, parley.ErrStreamStalled)
			require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
			s.cancelled(m)
			return over, err
		}
		over, err := ask(func(items iter.Seq[part]) error {
			_, err := parley.Request[int](w.ctx(), p, items, parley.Idle(3*time.Second))
			return err
		}, 0)
		_, ok := errors.AsType[*parley.CallError](err)
		require.True(w, ok, "%v", err)
		nothing(w, over) // it was never begun, and is good for another call

		over, err = ask(func(items iter.Seq[part]) error {
			_, err := read(parley.Stream[part](w.ctx(), p, items, parley.Idle(3*time.Second)))
			return err
		}, 3)
		_, ok = errors.AsType[*parley.StreamError](err)
		require.True(w, ok, "%v", err)
		isOver(w, over)
	})
}

// A service that is alive and takes nothing is waited for, until Timeout.
func TestAServiceThatTakesItsTimeWithAnUpload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		s, app := newStage(w), w.app()
		p := app.Publisher(w.at("raw"))
		w.start(app)
		ask := func(opts ...parley.SendOption) (*parley.Message, <-chan error, chan struct{}) {
			over, done := make(chan struct{}), make(chan error, 1)
			go func() {
				_, err := parley.Request[int](t.Context(), p, forever(over), opts...)
				done <- err
			}()
			return next(w, s.requests), done, over
		}
		alive := func(m *parley.Message, d time.Duration) {
			for range d / time.Second {
				s.say(m, numbered("beat", "a", 0))
				time.Sleep(time.Second)
				for len(s.control) > 0 {
					<-s.control
				}
			}
		}
		m, done, over := ask()
		s.grants(m, 0)
		alive(m, 10*time.Minute)
		nothing(w, done)
		nothing(w, over)
		s.say(m, frame("credit", parley.HeaderStreamRun, "a", parley.HeaderStreamCredit, 5))
		end := numbered("end", "a", 1)
		end.Body, end.ContentType = []byte("7"), "application/json"
		s.say(m, end)
		require.NoError(t, next(w, done))

		m, done, over = ask(parley.Timeout(time.Minute))
		s.grants(m, 0)
		alive(m, 59*time.Second)
		nothing(w, done)
		alive(m, 2*time.Second)
		require.ErrorIs(t, next(w, done), parley.ErrTimeout)
		nothing(w, over)
	})
}

// A service that never answers is waited for as long as the caller waits for
// any.
func TestAnUploadThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s := newStage(w)
		app := w.start(w.app())
		over := make(chan struct{})
		w.inTime(func(limit time.Duration) bool {
			p := app.Publisher(w.at("raw"), parley.Timeout(limit))
			_, err := parley.Request[int](w.ctx(), p, forever(over))
			require.ErrorIs(w, err, parley.ErrTimeout)
			if errors.Is(err, parley.ErrNotSent) {
				return false
			}
			require.ErrorContains(w, err, "no sign of the service within "+limit.String())
			return true
		})
		next(w, s.requests)
		nothing(w, over)
	})
}
