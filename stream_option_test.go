package parley_test

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

func TestWhatDoesNotFitAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for name, c := range map[string]struct {
			opt  parley.SubscriberOption
			want []string
		}{
			"PublishTo":   {parley.PublishTo("elsewhere"), []string{"wanted a single result for parley.PublishTo", "hint"}},
			"Deduplicate": {parley.Deduplicate(parley.NewMemoryStore(parley.StoreOptions{})), []string{"wanted a single result for parley.Deduplicate", "parley.Deduplicate(nil)"}},
			"NoReply":     {parley.NoReply(), []string{"parley.NoReply", "hint"}},
			"Manual":      {parley.Manual(), []string{"*parley.Delivery"}},
		} {
			app := w.app()
			app.Subscriber(w.at("count"), count, c.opt)
			for _, part := range c.want {
				require.ErrorContains(w, app.Err(), part, name)
			}
		}
		app := w.app()
		app.Subscriber(w.at("count"), func(parley.Sender[int]) {})
		require.ErrorContains(w, app.Err(), "parley.NoBody")
		app = w.app()
		app.Subscriber(w.at("count"), func(string, parley.Sender[chan int]) {})
		require.ErrorContains(w, app.Err(), "can be encoded")
	})
}

func TestOperationsTellAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("count"), count)
		app.Subscriber(w.at("send"), func(context.Context, int, parley.Sender[part]) error { return nil })
		app.Subscriber(w.at("one"), func(int) part { return part{} })
		for i, streams := range []bool{true, true, false} {
			o := app.Operations()[i]
			require.Equal(w, streams, o.Stream)
			require.Equal(w, "part", o.Output.Name())
		}
	})
}

// failsFirst fails its first runs after so many items.
func failsFirst(runs *atomic.Int32, fail int32, after int) func(int) iter.Seq2[part, error] {
	return func(n int) iter.Seq2[part, error] {
		return func(yield func(part, error) bool) {
			run := runs.Add(1)
			for i := range n {
				if run <= fail && i == after {
					yield(part{}, errFlaky)
					return
				}
				if !yield(part{i + 1}, nil) {
					return
				}
			}
		}
	}
}

// Nobody notices an attempt that has sent nothing; one that has is not made
// again before the reader's eyes.
func TestAStreamIsTriedAgainBeforeItsFirstItemOnly(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var early, late atomic.Int32
		app := w.app(parley.Retry(parley.Immediate(2), parley.Delayed(time.Millisecond)))
		app.Subscriber(w.at("early"), failsFirst(&early, 2, 0))
		app.Subscriber(w.at("late"), failsFirst(&late, 1, 1))
		first, second := app.Publisher(w.at("early")), app.Publisher(w.at("late"))
		w.start(app)
		got, err := read(parley.Stream[part](w.ctx(), first, 3))
		require.NoError(w, err)
		require.Equal(w, upTo(3), got)
		require.EqualValues(w, 3, early.Load())

		got, err = read(parley.Stream[part](w.ctx(), second, 3))
		require.ErrorIs(w, err, parley.NewError(parley.CodeUnknown, ""))
		require.Equal(w, upTo(1), got)
		require.EqualValues(w, 1, late.Load())

		require.Zero(w, app.Stats().Retried)
	})
}

func TestAStreamByHandAndAcknowledgedFirst(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("manual"), func(ctx context.Context, n int, d *parley.Delivery, out parley.Sender[part]) error {
			if err := d.Ack(); err != nil {
				return err
			}
			for i := range n {
				if err := out.Send(ctx, part{i + 1}); err != nil {
					return err
				}
			}
			return nil
		}, parley.Manual())
		app.Subscriber(w.at("first"), count, parley.AckFirst())
		manual, first := app.Publisher(w.at("manual")), app.Publisher(w.at("first"))
		w.start(app)
		for _, p := range []*parley.Publisher{manual, first} {
			got, err := read(parley.Stream[part](w.ctx(), p, 300))
			require.NoError(w, err)
			require.Equal(w, upTo(300), got)
		}
		unread := w.collect(w.at("manual"))
		require.Empty(w, unread)
	})
}

func TestReadersThatLeaveDoNotTripAKillSwitch(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		s := app.Subscriber(w.at("count"), count, parley.KillSwitch(parley.KillSwitchOptions{Window: 3, Rate: 0.3}))
		p := app.Publisher(w.at("count"))
		w.start(app)
		for range 10 {
			for _, err := range parley.Stream[part](w.ctx(), p, 1_000_000) {
				require.NoError(w, err)
				break
			}
		}
		require.Eventually(w, func() bool { return app.Stats().AbandonedStreams == 10 }, patience, time.Millisecond)
		_, paused := s.Paused()
		require.False(w, paused)
	})
}

func TestMiddlewareSeesHowAStreamEnds(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		ends := make(chan error, 1)
		app.Use(parley.HandleMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				out, err := next(ctx, m)
				ends <- err
				return out, err
			}
		}), parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				m = m.Clone()
				m.SetHeader("x-trace", "t1")
				return next(ctx, m)
			}
		}))
		app.Subscriber(w.at("count"), func(ctx context.Context, n int) (iter.Seq2[part, error], error) {
			m, _ := parley.MessageFrom(ctx)
			if m.Header("x-trace") != "t1" {
				return nil, errors.New("the header of a send middleware is missing")
			}
			return count(ctx, n), nil
		})
		p := app.Publisher(w.at("count"))
		w.start(app)
		_, err := read(parley.Stream[part](w.ctx(), p, 3))
		require.NoError(w, err)
		require.NoError(w, next(w, ends))
		for range parley.Stream[part](w.ctx(), p, 1_000_000) {
			break
		}
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, ends)))
	})
}

func TestManyStreamsAtOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const streams, items = 100, 100
		_, p := served(w, count, parley.Concurrency(streams))
		done := make(chan error, streams)
		for range streams {
			go func() {
				got, err := read(parley.Stream[part](w.longCtx(), p, items))
				if err == nil && len(got) != items {
					err = errors.New("items are missing")
				}
				done <- err
			}()
		}
		for range streams {
			require.NoError(w, next(w, done))
		}
	})
}

// One reader that does not read holds nobody up.
func TestAReaderThatStopsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, count)
		for _, err := range parley.Stream[part](w.ctx(), p, 1_000_000) {
			require.NoError(w, err)
			got, err := read(parley.Stream[part](w.ctx(), p, 2000))
			require.NoError(w, err)
			require.Len(w, got, 2000)
			break
		}
	})
}

// A stream whose time is up before it is sent is refused alike everywhere.
func TestAStreamThatIsTooLate(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, count)
		ctx, cancel := context.WithDeadline(w.ctx(), time.Now().Add(-time.Second))
		defer cancel()
		_, err := read(parley.Stream[part](ctx, p, 3))
		for _, is := range []error{parley.ErrExpired, parley.ErrNotSent, context.DeadlineExceeded} {
			require.ErrorIs(w, err, is)
		}
		require.NotErrorIs(w, err, parley.ErrOutcomeUnknown)
	})
}
