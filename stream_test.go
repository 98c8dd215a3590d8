package parley_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

type part struct {
	N int `json:"n"`
}

// count yields the numbers from 1 to n.
func count(_ context.Context, n int) iter.Seq2[part, error] {
	return func(yield func(part, error) bool) {
		for i := range n {
			if !yield(part{i + 1}, nil) {
				return
			}
		}
	}
}

// read collects a stream of parts until it ends.
func read(parts iter.Seq2[part, error]) (all []int, err error) {
	for p, failed := range parts {
		if failed != nil {
			return all, failed
		}
		all = append(all, p.N)
	}
	return all, nil
}

func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i + 1
	}
	return all
}

// served runs a service with one handler at "count", and returns its publisher.
func served(w *world, fn any, opts ...parley.SubscriberOption) (*parley.App, *parley.Publisher) {
	app := w.app()
	app.Subscriber(w.at("count"), fn, opts...)
	p := app.Publisher(w.at("count"))
	return w.start(app), p
}

func TestStreamGivesWhatTheHandlerYields(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, count)
		for _, n := range []int{0, 1, 2, 31, 32, 33, 1000} {
			got, err := read(parley.Stream[part](w.ctx(), p, n))
			require.NoError(w, err)
			require.Equal(w, upTo(n), append([]int{}, got...))
		}
	})
}

func TestStreamForms(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("seq"), func(n int) iter.Seq[int] {
			return func(yield func(int) bool) { _ = yield(n) && yield(n+1) }
		})
		app.Subscriber(w.at("sender"), func(ctx context.Context, n int, out parley.Sender[int]) error {
			if err := out.Send(ctx, n); err != nil {
				return err
			}
			return out.Send(ctx, n+1)
		})
		app.Subscriber(w.at("response"), func(n int) iter.Seq[parley.Response[int]] {
			return func(yield func(parley.Response[int]) bool) {
				_ = yield(parley.Response[int]{Value: n}) && yield(parley.Response[int]{Value: n + 1})
			}
		})
		publishers := map[string]*parley.Publisher{}
		for _, form := range []string{"seq", "sender", "response"} {
			publishers[form] = app.Publisher(w.at(form))
		}
		w.start(app)
		for form, p := range publishers {
			var got []int
			for v, err := range parley.Stream[int](w.ctx(), p, 41) {
				require.NoError(w, err, form)
				got = append(got, v)
			}
			require.Equal(w, []int{41, 42}, got, form)
		}
	})
}

func TestStreamEndsWithTheHandlersError(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app, p := served(w, func(_ context.Context, how string) (iter.Seq2[part, error], error) {
			if how == "at once" {
				return nil, parley.NewError(parley.CodeNotFound, "no such report")
			}
			return func(yield func(part, error) bool) {
				yield(part{1}, nil)
				yield(part{2}, nil)
				switch how {
				case "on purpose":
					yield(part{}, parley.NewError(parley.CodeAborted, "changed meanwhile").WithDetail("v7"))
				case "plain":
					yield(part{}, errors.New("secret table is missing"))
				case "panic":
					panic("secret")
				}
			}, nil
		})
		for how, want := range map[string]struct {
			items []int
			code  parley.Code
			text  string
		}{
			"at once":    {nil, parley.CodeNotFound, "no such report"},
			"on purpose": {upTo(2), parley.CodeAborted, "changed meanwhile"},
			"plain":      {upTo(2), parley.CodeUnknown, "the handler failed"},
			"panic":      {upTo(2), parley.CodeInternal, "the handler is broken"},
		} {
			got, err := read(parley.Stream[part](w.ctx(), p, how))
			require.Equal(w, want.items, got, how)
			remote, ok := errors.AsType[*parley.RemoteError](err)
			require.True(w, ok, "%s: %v", how, err)
			require.Equal(w, want.code, remote.Code)
			require.Contains(w, remote.Message, want.text)
			require.NotContains(w, remote.Message, "secret")
		}
		_, err := read(parley.Stream[part](w.ctx(), p, 7))
		require.ErrorIs(w, err, parley.NewError(parley.CodeInvalidArgument, ""))
		require.EqualValues(w, 5, app.Stats().Failed)
	})
}

func TestLeavingTheLoopStopsTheHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		ended := make(chan error, 1)
		refused := make(chan bool, 1)
		app, p := served(w, func(ctx context.Context, silent bool) iter.Seq[part] {
			return func(yield func(part) bool) {
				defer func() { ended <- context.Cause(ctx) }()
				yield(part{1})
				if silent {
					<-ctx.Done()
					refused <- !yield(part{2})
					return
				}
				for i := 2; yield(part{i}); i++ {
				}
				refused <- true
			}
		})
		for _, silent := range []bool{false, true} {
			for v, err := range parley.Stream[part](w.ctx(), p, silent) {
				require.NoError(w, err)
				require.Equal(w, 1, v.N)
				break
			}
			require.True(w, next(w, refused))
			require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, ended)))

			ctx, cancel := context.WithCancel(w.ctx())
			defer cancel()
			got := 0
			for _, err := range parley.Stream[part](ctx, p, silent) {
				if err != nil {
					require.ErrorIs(w, err, context.Canceled)
					require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
					break
				}
				if got++; got == 1 {
					cancel()
				}
			}
			require.True(w, next(w, refused))
			require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, ended)))
		}
		require.Eventually(w, func() bool { return app.Stats().AbandonedStreams == 4 }, patience, 10*time.Millisecond)
		require.Zero(w, app.Stats().Failed)
	})
}

func TestMaxReplies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		most := make(chan int, 1)
		_, p := served(w, func(context.Context, int) iter.Seq[part] {
			return func(yield func(part) bool) {
				i := 1
				for ; yield(part{i}); i++ {
				}
				most <- i - 1
			}
		})
		got, err := read(parley.Stream[part](w.ctx(), p, 0, parley.MaxReplies(5)))
		require.NoError(w, err)
		require.Equal(w, upTo(5), got)
		require.Equal(w, 5, next(w, most), "the handler never sends more")
	})
}

func TestStreamOfAHandlerThatDoesNotStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("one"), func(n int) (part, error) {
			if n == 0 {
				return part{}, parley.NewError(parley.CodeNotFound, "no")
			}
			return part{n}, nil
		})
		app.Subscriber(w.at("none"), func(int) {})
		one, none := app.Publisher(w.at("one")), app.Publisher(w.at("none"))
		w.start(app)
		got, err := read(parley.Stream[part](w.ctx(), one, 7))
		require.NoError(w, err)
		require.Equal(w, []int{7}, got)
		_, err = read(parley.Stream[part](w.ctx(), one, 0))
		require.ErrorIs(w, err, parley.NewError(parley.CodeNotFound, ""))
		got, err = read(parley.Stream[part](w.ctx(), none, 7))
		require.NoError(w, err)
		require.Empty(w, got)
	})
}

func TestARequestToAHandlerThatStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, p := served(w, count)
		_, err := p.Request(w.ctx(), 3)
		require.ErrorIs(w, err, parley.NewError(parley.CodeUnimplemented, ""))
		require.ErrorContains(w, err, "parley.Stream")
	})
}

func TestStreamWithoutARoute(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		p := app.Publisher(w.at("absent"))
		w.start(app)
		_, err := read(parley.Stream[part](w.ctx(), p, 3))
		require.ErrorIs(w, err, parley.ErrNoRoute)
		failed, ok := errors.AsType[*parley.StreamError](err)
		require.True(w, ok)
		require.Equal(w, w.at("absent"), failed.Address)
		require.ErrorContains(w, err, "hint")
	})
}

func TestStreamTimeouts(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		causes := make(chan error, 100)
		_, p := served(w, func(ctx context.Context, _ int) iter.Seq[part] {
			return func(yield func(part) bool) {
				yield(part{1})
				<-ctx.Done()
				causes <- ctx.Err()
			}
		})
		w.inTime(func(limit time.Duration) bool {
			got, err := read(parley.Stream[part](w.ctx(), p, 0, parley.Timeout(limit)))
			require.ErrorIs(w, err, parley.ErrTimeout)
			require.ErrorIs(w, err, context.DeadlineExceeded)
			if len(got) == 0 {
				return false
			}
			require.Equal(w, upTo(1), got)
			require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
			require.Error(w, next(w, causes))
			return true
		})
		w.inTime(func(limit time.Duration) bool {
			ctx, cancel := context.WithTimeout(w.ctx(), limit)
			defer cancel()
			got, err := read(parley.Stream[part](ctx, p, 0))
			require.ErrorIs(w, err, context.DeadlineExceeded)
			if len(got) == 0 {
				return false
			}
			require.Error(w, next(w, causes))
			return true
		})
	})
}
