package parley_test

import (
	"context"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// ending is what a middleware saw of a stream that has ended.
type ending struct {
	sent, received int64
	err            error
}

// follower tells how each stream ended, at the client and at the service.
type follower struct{ client, service chan ending }

func newFollower(app *parley.App) *follower {
	f := &follower{make(chan ending, 20), make(chan ending, 20)}
	app.Use(parley.OperationMiddleware(func(op parley.Operation, next parley.Handler) parley.Handler {
		to := f.client
		if op.Action == parley.Receive {
			to = f.service
		}
		return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
			if s, ok := parley.StreamFrom(ctx); ok {
				s.OnEnd(func(err error) { to <- ending{s.Sent(), s.Received(), err} })
			}
			return next(ctx, m)
		}
	}))
	return f
}

func TestMiddlewareFollowsAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		f := newFollower(app)
		app.Subscriber(w.at("count"), count)
		p, nowhere := app.Publisher(w.at("count")), app.Publisher(w.at("nowhere"))
		w.start(app)
		_, err := read(parley.Stream[part](w.ctx(), p, 70))
		require.NoError(w, err)
		require.Equal(w, ending{0, 70, nil}, next(w, f.client))
		require.Equal(w, ending{70, 0, nil}, next(w, f.service))

		_, err = read(parley.Stream[part](w.ctx(), p, 70, parley.MaxReplies(5)))
		require.NoError(w, err)
		require.Equal(w, ending{0, 5, nil}, next(w, f.client))
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, f.service).err))

		_, err = read(parley.Stream[part](w.ctx(), nowhere, 1))
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.Equal(w, ending{0, 0, err}, next(w, f.client), "the very error that the loop gave")
		nothing(w, f.client)
		nothing(w, f.service)
	})
}

func TestMiddlewareSeesWhoEndsAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		f := newFollower(app)
		app.Subscriber(w.at("endless"), func(context.Context) iter.Seq[part] { return upload(1 << 40) })
		app.Subscriber(w.at("fails"), func(context.Context) iter.Seq2[part, error] {
			return func(yield func(part, error) bool) {
				_ = yield(part{1}, nil) && yield(part{}, parley.NewError(parley.CodeAborted, "changed"))
			}
		})
		endless, fails := app.Publisher(w.at("endless")), app.Publisher(w.at("fails"))
		w.start(app)

		for range parley.Stream[part](w.ctx(), endless, nil) {
			break
		}
		require.Equal(w, ending{0, 1, context.Canceled}, next(w, f.client))
		cut := next(w, f.service)
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(cut.err))
		require.Positive(w, cut.sent)

		ctx, cancel := context.WithCancel(w.ctx())
		defer cancel()
		var err error
		for _, err = range parley.Stream[part](ctx, endless, nil) {
			cancel()
		}
		require.ErrorIs(w, err, context.Canceled)
		require.Equal(w, err, next(w, f.client).err)
		require.Equal(w, parley.CodeCanceled, parley.CodeOf(next(w, f.service).err))

		_, err = read(parley.Stream[part](w.ctx(), fails, nil))
		require.Equal(w, ending{0, 1, err}, next(w, f.client))
		failed := next(w, f.service)
		require.EqualValues(w, 1, failed.sent)
		require.Equal(w, parley.CodeAborted, parley.CodeOf(failed.err))
	})
}

func TestMiddlewareFollowsItemsOfTheClient(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		f := newFollower(app)
		app.Subscriber(w.at("total"), total)
		app.Subscriber(w.at("twice"), func(parts iter.Seq[part]) iter.Seq[part] {
			return func(yield func(part) bool) {
				for p := range parts {
					for range 2 {
						if !yield(p) {
							return
						}
					}
				}
			}
		})
		sum, twice := app.Publisher(w.at("total")), app.Publisher(w.at("twice"))
		w.start(app)
		got, err := parley.Request[int](w.ctx(), sum, upload(40))
		require.NoError(w, err)
		require.Equal(w, sumOf(40), got)
		require.Equal(w, ending{40, 0, nil}, next(w, f.client))
		require.Equal(w, ending{0, 40, nil}, next(w, f.service))

		all, err := read(parley.Stream[part](w.ctx(), twice, upload(40)))
		require.NoError(w, err)
		require.Len(w, all, 80)
		require.Equal(w, ending{40, 80, nil}, next(w, f.client))
		require.Equal(w, ending{80, 40, nil}, next(w, f.service))
	})
}

func TestMiddlewareFollowsAGather(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(price(3))
		w.shop(func(string) (int, error) { return 0, parley.NewError(parley.CodeNotFound, "sold out") })
		app := w.app()
		f := newFollower(app)
		shops := app.Publisher("price", parley.To(topology.Fanout(w.at("shops"))))
		w.start(app)
		all, err := parley.GatherAll[int](w.ctx(), shops, "tea", parley.Expect(2))
		require.NoError(w, err)
		require.Len(w, all, 2)
		require.Equal(w, ending{0, 2, nil}, next(w, f.client), "answers that failed count")

		for _, err := range parley.Gather[int](w.ctx(), shops, "tea", parley.Expect(2)) {
			require.NoError(w, err)
			break
		}
		require.Equal(w, ending{0, 1, context.Canceled}, next(w, f.client))

		_, err = parley.First[int](w.ctx(), shops, "tea")
		require.NoError(w, err)
		won := next(w, f.client)
		require.NoError(w, won.err)
		require.Contains(w, []int64{1, 2}, won.received, "the failed one may have come first")
	})
}

// Only what begins a stream has one: no request, no event, and nothing that a
// stream's handler sends.
func TestMiddlewareFollowsNothingElse(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		f := newFollower(app)
		events := app.Publisher(w.at("events"))
		app.Subscriber(w.at("events"), func(string) {})
		app.Subscriber(w.at("one"), func(ctx context.Context, s string) (string, error) {
			_, streams := parley.StreamFrom(ctx)
			require.False(w, streams)
			return s, nil
		})
		app.Subscriber(w.at("many"), func(ctx context.Context, _ parley.NoBody, out parley.Sender[part]) error {
			s, streams := parley.StreamFrom(ctx)
			require.True(w, streams)
			if err := out.Send(ctx, part{1}); err != nil {
				return err
			}
			require.EqualValues(w, 1, s.Sent(), "counts while it goes on")
			return events.Publish(ctx, "x")
		})
		dropped := make(chan bool, 1)
		app.Subscriber(w.at("dropped"), func(ctx context.Context) iter.Seq[part] {
			_, streams := parley.StreamFrom(ctx)
			dropped <- streams
			return upload(1)
		})
		one, many, unread := app.Publisher(w.at("one")), app.Publisher(w.at("many")), app.Publisher(w.at("dropped"))
		w.start(app)
		_, err := one.Request(w.ctx(), "x")
		require.NoError(w, err)
		_, err = read(parley.Stream[part](w.ctx(), many, nil))
		require.NoError(w, err)
		require.Equal(w, ending{0, 1, nil}, next(w, f.client))
		require.Equal(w, ending{1, 0, nil}, next(w, f.service))
		require.NoError(w, unread.Publish(w.ctx(), nil))
		require.False(w, next(w, dropped), "items that nobody asked for are no stream")
		nothing(w, f.client)
		nothing(w, f.service)

		var none parley.StreamInfo
		none.OnEnd(func(error) { w.Error("the zero value ended") })
		require.Zero(w, none.Sent()+none.Received())
	})
}

// A middleware that sends nothing ends the stream too, and one that asks late is
// told at once.
func TestMiddlewareThatRefusesAStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		f := newFollower(app)
		refusal := parley.NewError(parley.CodePermissionDenied, "no")
		var seen parley.StreamInfo
		app.Use(parley.SendMiddleware(func(parley.Handler) parley.Handler {
			return func(ctx context.Context, _ *parley.Message) (*parley.Message, error) {
				seen, _ = parley.StreamFrom(ctx)
				return nil, refusal
			}
		}))
		p := app.Publisher(w.at("q"))
		w.start(app)
		_, err := read(parley.Stream[part](w.ctx(), p, 1))
		require.ErrorIs(w, err, refusal)
		require.Equal(w, err, next(w, f.client).err)
		late := make(chan error, 1)
		seen.OnEnd(func(err error) { late <- err })
		require.Equal(w, err, next(w, late))

		_, err = parley.Request[int](w.ctx(), p, upload(2))
		require.ErrorIs(w, err, refusal)
		require.ErrorIs(w, next(w, f.client).err, refusal)
		_, err = parley.GatherAll[int](w.ctx(), p, 1, parley.Expect(1))
		require.ErrorIs(w, err, refusal)
		require.ErrorIs(w, next(w, f.client).err, refusal)
	})
}
