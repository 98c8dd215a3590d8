package parley_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// forever yields until nobody takes more, and closes over when it returns.
func forever(over chan<- struct{}) iter.Seq[part] {
	return func(yield func(part) bool) {
		defer close(over)
		for i := 1; yield(part{i}); i++ {
		}
	}
}

// isOver asserts that a sequence has returned: a call never leaves one behind.
func isOver(w *world, over <-chan struct{}) {
	w.Helper()
	select {
	case <-over:
	default:
		w.Fatal("the sequence still runs")
	}
}

func TestAHandlerThatAnswersEarly(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, func(parts iter.Seq2[part, error]) (int, error) {
			for p, err := range parts {
				if err != nil || p.N == 5 {
					return p.N, err
				}
			}
			return 0, nil
		})
		over := make(chan struct{})
		got, err := parley.Request[int](w.ctx(), p, forever(over))
		require.NoError(w, err)
		require.Equal(w, 5, got)
		isOver(w, over)

		over = make(chan struct{})
		for v, err := range parley.Stream[int](w.ctx(), p, forever(over)) {
			require.NoError(w, err)
			require.Equal(w, 5, v)
		}
		isOver(w, over)
	})
}

func TestTheErrorOfAHandlerOfSequences(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, func(parts iter.Seq[part]) (int, error) {
			for p := range parts {
				switch p.N {
				case 2:
					return 0, parley.NewError(parley.CodeAborted, "two is enough").WithDetail("v7")
				case 200:
					panic("secret")
				}
			}
			return 1, nil
		})
		over := make(chan struct{})
		_, err := parley.Request[int](w.ctx(), p, forever(over))
		remote, ok := errors.AsType[*parley.RemoteError](err)
		require.True(w, ok, "%v", err)
		require.Equal(w, parley.CodeAborted, remote.Code)
		require.Equal(w, "two is enough", remote.Message)
		isOver(w, over)
		_, err = parley.Request[int](w.ctx(), p, iter.Seq[part](func(yield func(part) bool) { yield(part{200}) }))
		require.ErrorIs(w, err, parley.NewError(parley.CodeInternal, ""))
	})
}

// What breaks a sequence off is seen by a handler that can, and ends one that
// cannot: its result is never taken for a success.
func TestAnItemThatDoesNotFitBreaksTheSequenceOff(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		seen, causes := make(chan error, 1), make(chan error, 1)
		app.Subscriber(w.at("sees"), func(parts iter.Seq2[part, error]) (int, error) {
			good := 0
			for _, err := range parts {
				if err != nil {
					seen <- err
					return good, nil
				}
				good++
			}
			return -1, nil
		})
		app.Subscriber(w.at("blind"), func(ctx context.Context, parts iter.Seq[part]) int {
			good := 0
			for range parts {
				good++
			}
			causes <- context.Cause(ctx)
			return good
		})
		sees, blind := app.Publisher(w.at("sees")), app.Publisher(w.at("blind"))
		w.start(app)
		mixed := iter.Seq[any](func(yield func(any) bool) { _ = yield(part{1}) && yield(part{2}) && yield("three") && yield(part{4}) })

		got, err := parley.Request[int](w.ctx(), sees, mixed)
		require.NoError(w, err, "it has seen the error and decided")
		require.Equal(w, 2, got)
		require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(next(w, seen)))

		_, err = parley.Request[int](w.ctx(), blind, mixed)
		require.ErrorIs(w, err, parley.NewError(parley.CodeInvalidArgument, ""))
		require.Equal(w, parley.CodeInvalidArgument, parley.CodeOf(next(w, causes)))
	})
}

func TestTheErrorOfASequence(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		type ended struct {
			items int
			err   error
			cause error
		}
		results := make(chan ended, 1)
		app.Subscriber(w.at("sees"), func(ctx context.Context, parts iter.Seq2[part, error]) (int, error) {
			var got ended
			for _, err := range parts {
				if got.err = err; err != nil {
					break
				}
				got.items++
			}
			got.cause = context.Cause(ctx)
			results <- got
			return 0, got.err
		})
		app.Subscriber(w.at("blind"), func(ctx context.Context, parts iter.Seq[part]) int {
			var got ended
			for range parts {
				got.items++
			}
			got.cause = context.Cause(ctx)
			results <- got
			return 7
		})
		sees, blind := app.Publisher(w.at("sees")), app.Publisher(w.at("blind"))
		w.start(app)
		plain := errors.New("secret file is gone")
		for _, c := range []struct {
			err  error
			code parley.Code
			text string
		}{
			{plain, parley.CodeUnknown, "sequence failed"},
			{parley.NewError(parley.CodeDataLoss, "the file is torn").WithCause(plain), parley.CodeDataLoss, "the file is torn"},
			{nil, parley.CodeInternal, "sequence is broken"},
		} {
			for _, p := range []*parley.Publisher{sees, blind} {
				_, err := parley.Request[int](w.ctx(), p, iter.Seq2[part, error](func(yield func(part, error) bool) {
					_ = yield(part{1}, nil) && yield(part{2}, nil)
					if c.err == nil {
						panic("secret")
					}
					yield(part{3}, c.err)
				}))
				if c.err != nil {
					require.ErrorIs(w, err, c.err)
				}
				failed, ok := errors.AsType[*parley.CallError](err)
				require.True(w, ok, "%v", err)
				require.ErrorContains(w, failed, "the sequence ended with an error")
				got := next(w, results)
				require.Equal(w, 2, got.items, "what came before is good")
				require.Equal(w, parley.CodeCanceled, parley.CodeOf(got.cause))
				if p == sees {
					remote, ok := errors.AsType[*parley.RemoteError](got.err)
					require.True(w, ok, "%v", got.err)
					require.Equal(w, c.code, remote.Code)
					require.Contains(w, remote.Message, c.text)
					require.NotContains(w, remote.Message, "secret")
				}
			}
		}
		require.Eventually(w, func() bool { return app.Stats().AbandonedStreams == 6 }, patience, time.Millisecond)
		require.Zero(w, app.Stats().Failed)
	})
}

func TestACallThatLeavesStopsBothSides(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		causes, items := make(chan error, 100), make(chan int, 100)
		begun := make(chan struct{}, 100)
		_, p := served(w, func(ctx context.Context, parts iter.Seq2[part, error]) (int, error) {
			n := 0
			for _, err := range parts {
				if err != nil {
					if n > 0 {
						items <- n
						causes <- context.Cause(ctx)
					}
					return n, err
				}
				if n++; n == 1 {
					begun <- struct{}{}
				}
			}
			return n, nil
		})
		left := func(what string, over chan struct{}, err, want error) {
			require.ErrorIs(w, err, want, what)
			require.ErrorIs(w, err, parley.ErrOutcomeUnknown, what)
			isOver(w, over)
			require.Positive(w, next(w, items), what)
			require.Error(w, next(w, causes), what)
		}
		leaves := func(what string, want error, leave func(ctx context.Context, items iter.Seq[part]) error) {
			over := make(chan struct{})
			left(what, over, leave(w.ctx(), forever(over)), want)
		}
		leaves("cancelled", context.Canceled, func(ctx context.Context, items iter.Seq[part]) error {
			ctx, cancel := context.WithCancel(ctx)
			go func() { <-begun; cancel() }()
			_, err := parley.Request[int](ctx, p, items)
			return err
		})
		leaves("a loop that ends", context.Canceled, func(ctx context.Context, items iter.Seq[part]) (err error) {
			ctx, cancel := context.WithCancel(ctx)
			go func() { <-begun; cancel() }()
			for _, err = range parley.Stream[int](ctx, p, items) {
			}
			return err
		})
		w.inTime(func(limit time.Duration) bool {
			over := make(chan struct{})
			_, err := parley.Request[int](w.ctx(), p, forever(over), parley.Timeout(limit))
			require.ErrorIs(w, err, parley.ErrTimeout)
			select {
			case <-over:
			default:
				return false // it was never begun
			}
			if len(begun) == 0 {
				return false
			}
			left("timeout", over, err, parley.ErrTimeout)
			return true
		})
	})
}

func TestBreakingOutOfALoopStopsBothSides(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		causes := make(chan error, 1)
		app, p := served(w, func(ctx context.Context, in iter.Seq[part]) iter.Seq[part] {
			return func(yield func(part) bool) {
				for p := range in {
					if !yield(p) {
						break
					}
				}
				causes <- context.Cause(ctx)
			}
		})
		over := make(chan struct{})
		for v, err := range parley.Stream[part](w.ctx(), p, forever(over)) {
			require.NoError(w, err)
			if v.N == 100 {
				break
			}
		}
		isOver(w, over)
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, causes)))
		require.Eventually(w, func() bool { return app.Stats().AbandonedStreams == 1 }, patience, time.Millisecond)
	})
}

// The client is never more than a window ahead of the handler, so that neither
// side holds more, however much there is to come.
func TestASlowHandlerSlowsTheClient(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		var made, ahead atomic.Int64
		body := make([]byte, 1<<10)
		_, p := served(w, func(items iter.Seq[[]byte]) int {
			read := 0
			for range items {
				read++
				ahead.Store(max(ahead.Load(), made.Load()-int64(read)))
				if read == 1000 {
					break
				}
			}
			return read
		})
		got, err := parley.Request[int](w.longCtx(), p, iter.Seq[[]byte](func(yield func([]byte) bool) {
			for yield(body) {
				made.Add(1)
			}
		}))
		require.NoError(w, err)
		require.Equal(w, 1000, got)
		// One item is in the handler's hands, and one in the client's.
		require.LessOrEqual(w, ahead.Load(), int64(parley.DefaultStreamWindow+2))
		require.Less(w, made.Load(), int64(1000+parley.DefaultStreamWindow+2))
	})
}

func TestTheAnswerToAClientStreamDoesNotCome(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, causes := make(chan struct{}, 100), make(chan error, 100)
		app.Subscriber(w.at("stuck"), func(ctx context.Context, parts iter.Seq[part]) int {
			begun <- struct{}{}
			for range parts {
			}
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return 1
		})
		w.start(app)
		w.inTime(func(limit time.Duration) bool {
			p := app.Publisher(w.at("stuck"), parley.Timeout(limit))
			_, err := parley.Request[int](w.ctx(), p, upload(3))
			require.ErrorIs(w, err, parley.ErrTimeout)
			if !strings.Contains(err.Error(), "no answer within "+limit.String()+" of the last item") {
				return false
			}
			require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, causes)))
			return true
		})
		for len(begun) > 0 {
			<-begun
		}
		w.inTime(func(limit time.Duration) bool {
			p := app.Publisher(w.at("stuck"), parley.Timeout(limit))
			got, err := parley.Request[int](w.ctx(), p, upload(3), parley.QuietTimeout())
			require.NoError(w, err)
			require.Zero(w, got)
			if len(begun) == 0 {
				return false
			}
			require.Error(w, next(w, causes))
			return true
		})
	})
}
