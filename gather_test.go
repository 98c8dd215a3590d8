package parley_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// shop is an instance of a service that answers a broadcast.
func (w *world) shop(fn any, opts ...parley.SubscriberOption) *parley.App {
	w.Helper()
	app := w.app()
	app.Subscriber("price", fn, append(opts, shopsOf(w)...)...)
	return w.start(app)
}

func shopsOf(w *world) []parley.SubscriberOption {
	return []parley.SubscriberOption{parley.From(topology.Fanout(w.at("shops"))), parley.Broadcast()}
}

// customer asks all shops.
func (w *world) customer(opts ...parley.SendOption) (*parley.App, *parley.Publisher) {
	w.Helper()
	app := w.app()
	p := app.Publisher("price", append(opts, parley.To(topology.Fanout(w.at("shops"))))...)
	return w.start(app), p
}

func price(n int) func(string) int { return func(string) int { return n } }

// busy answers when it is let go.
func busy(begun chan<- struct{}, goOn <-chan struct{}) func(context.Context, string) (int, error) {
	return func(ctx context.Context, _ string) (int, error) {
		begun <- struct{}{}
		select {
		case <-goOn:
			return 0, nil
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
}

func TestGatherFromSeveralInstances(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		begun, goOn := make(chan struct{}, 1), make(chan struct{})
		w.shop(price(3))
		w.shop(func(string) (int, error) { return 0, parley.NewError(parley.CodeNotFound, "sold out") })
		w.shop(busy(begun, goOn))
		_, shops := w.customer()

		var prices []int
		var failed []error
		from := map[string]bool{}
		for a, err := range parley.Gather[int](w.ctx(), shops, "tea", parley.Expect(3)) {
			require.NoError(w, err)
			require.False(w, from[a.From], "each answers once")
			from[a.From] = true
			app, instance, _ := strings.Cut(a.From, "/")
			require.Equal(w, w.name, app)
			require.Len(w, instance, 26)
			require.NotEmpty(w, a.Message.ID)
			if a.Err != nil {
				failed = append(failed, a.Err)
			} else {
				prices = append(prices, a.Value)
			}
			if len(from) == 2 {
				// The fast ones are handed out while the slow one works.
				next(w, begun)
				close(goOn)
			}
		}
		require.Equal(w, []int{3, 0}, prices)
		require.Len(w, failed, 1)
		require.Equal(w, parley.CodeNotFound, parley.CodeOf(failed[0]))
	})
}

func TestGatherFromAQueue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("price"), price(7))
		p := app.Publisher(w.at("price"))
		w.start(app)
		all, err := parley.GatherAll[int](w.ctx(), p, "tea", parley.Expect(1))
		require.NoError(w, err)
		require.Len(w, all, 1)
		require.Equal(w, 7, all[0].Value)
	})
}

func TestTooFewAnswersAreAnError(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		begun, goOn := make(chan struct{}, 100), make(chan struct{})
		defer close(goOn)
		w.shop(price(3))
		w.shop(busy(begun, goOn))
		_, shops := w.customer()
		type bounds = []parley.SendOption
		for _, within := range []func(d time.Duration) bounds{
			func(d time.Duration) bounds { return bounds{parley.Expect(2), parley.Timeout(d)} },
			func(d time.Duration) bounds { return bounds{parley.AtLeast(2), parley.Timeout(d)} },
			func(d time.Duration) bounds { return bounds{parley.AtLeast(2), parley.For(d)} },
			func(d time.Duration) bounds { return bounds{parley.Expect(3), parley.AtLeast(2), parley.UntilIdle(d)} },
		} {
			w.inTime(func(limit time.Duration) bool {
				all, err := parley.GatherAll[int](w.ctx(), shops, "tea", within(limit)...)
				require.ErrorIs(w, err, parley.ErrTimeout)
				require.ErrorIs(w, err, context.DeadlineExceeded)
				if errors.Is(err, parley.ErrNotSent) {
					return false
				}
				require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
				require.Contains(w, err.Error(), "of 2 answers came")
				require.LessOrEqual(w, len(all), 1)
				return true
			})
		}
	})
}

// An instance that dies while it works never answers.
func TestGatherFromAnInstanceThatDies(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(price(3))
		w.shop(func(string) (int, error) { return 0, errors.New("broken") })
		taken := w.collect("price", topology.Fanout(w.at("shops")), topology.Queue(w.at("dies")))
		_, shops := w.customer()
		all, err := parley.GatherAll[int](w.ctx(), shops, "tea", parley.Expect(3), parley.Timeout(3*time.Second))
		require.ErrorIs(w, err, parley.ErrTimeout)
		require.LessOrEqual(w, len(all), 2)
		require.Equal(w, true, next(w, taken).Headers[parley.HeaderGather])
	})
}

func TestBoundsOfGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.New())
		for i := range 3 {
			w.shop(func(ctx context.Context, _ string) (int, error) {
				deadline, ok := ctx.Deadline()
				require.True(t, ok, "the limit travels")
				require.LessOrEqual(t, time.Until(deadline), parley.DefaultTimeout)
				time.Sleep(time.Duration(i*i) * time.Second)
				return i, nil
			})
		}
		_, shops := w.customer()
		for name, c := range map[string]struct {
			opts  []parley.SendOption
			want  []int
			after time.Duration
			err   string
		}{
			"all":                {[]parley.SendOption{parley.Expect(3)}, []int{0, 1, 2}, 4 * time.Second, ""},
			"some":               {[]parley.SendOption{parley.Expect(2)}, []int{0, 1}, time.Second, ""},
			"too many":           {[]parley.SendOption{parley.Expect(4)}, []int{0, 1, 2}, parley.DefaultTimeout, "3 of 4 answers came"},
			"a time":             {[]parley.SendOption{parley.For(2 * time.Second)}, []int{0, 1}, 2 * time.Second, ""},
			"both":               {[]parley.SendOption{parley.For(2 * time.Second), parley.Expect(1)}, []int{0}, 0, ""},
			"a time, too few":    {[]parley.SendOption{parley.For(2 * time.Second), parley.Expect(3)}, []int{0, 1}, 2 * time.Second, ""},
			"at least":           {[]parley.SendOption{parley.For(2 * time.Second), parley.AtLeast(3)}, []int{0, 1}, 2 * time.Second, "2 of 3"},
			"enough":             {[]parley.SendOption{parley.For(2 * time.Second), parley.AtLeast(2)}, []int{0, 1}, 2 * time.Second, ""},
			"at least by limit":  {[]parley.SendOption{parley.Timeout(5 * time.Second), parley.AtLeast(2)}, []int{0, 1, 2}, 5 * time.Second, ""},
			"not all but enough": {[]parley.SendOption{parley.Timeout(2 * time.Second), parley.Expect(3), parley.AtLeast(2)}, []int{0, 1}, 2 * time.Second, ""},
			"idle":               {[]parley.SendOption{parley.UntilIdle(2 * time.Second)}, []int{0, 1}, 3 * time.Second, ""},
			"not idle":           {[]parley.SendOption{parley.UntilIdle(5 * time.Second)}, []int{0, 1, 2}, 9 * time.Second, ""},
		} {
			begun := time.Now()
			all, err := parley.GatherAll[int](w.ctx(), shops, "tea", c.opts...)
			require.Equal(t, c.after, time.Since(begun), name)
			var got []int
			for _, a := range all {
				require.NoError(t, a.Err, name)
				got = append(got, a.Value)
			}
			slices.Sort(got)
			require.Equal(t, c.want, got, name)
			if c.err == "" {
				require.NoError(t, err, name)
			} else {
				require.ErrorContains(t, err, c.err, name)
			}
			time.Sleep(time.Minute) // the others end
		}
	})
}

func TestGatherRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app, shops := w.customer()
		for name, opts := range map[string][]parley.SendOption{
			"wanted a bound":       nil,
			"parley.Expect(n)":     {parley.Timeout(time.Second)},
			"more than 0":          {parley.Expect(0)},
			"wanted bounds":        {parley.Expect(1), parley.For(-1)},
			"AtLeast of at most 2": {parley.Expect(2), parley.AtLeast(3)},
			"parley.For or":        {parley.For(time.Second), parley.Timeout(time.Second)},
			"without a time limit": {parley.AtLeast(1), parley.NoTimeout()},
			"parley.ReplyTo":       {parley.Expect(1), parley.ReplyTo("x")},
			"parley.CorrelationID": {parley.Expect(1), parley.CorrelationID("x")},
			"parley.QuietTimeout":  {parley.Expect(1), parley.QuietTimeout()},
			"MaxReplies":           {parley.Expect(1), parley.MaxReplies(1)},
		} {
			_, err := parley.GatherAll[int](w.ctx(), shops, "tea", opts...)
			require.ErrorIs(w, err, parley.ErrNotSent, name)
			require.ErrorContains(w, err, name)
		}
		for _, o := range []parley.SendOption{parley.Expect(1), parley.AtLeast(1), parley.For(1), parley.UntilIdle(1)} {
			_, err := parley.Request[int](w.ctx(), shops, "tea", o)
			require.ErrorContains(w, err, "parley.Gather", "Request with %s", o)
			require.ErrorContains(w, shops.Publish(w.ctx(), "tea", o), "parley.Gather", "Publish with %s", o)
			_, err = read(parley.Stream[part](w.ctx(), shops, 1, o))
			require.ErrorContains(w, err, "parley.Gather", "Stream with %s", o)
		}
		require.Zero(w, app.PendingRequests())
	})
}

// As defaults of a publisher the bounds concern what can use them.
func TestBoundsAsDefaults(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(price(3))
		_, shops := w.customer(parley.Expect(1), parley.Timeout(patience))
		all, err := parley.GatherAll[int](w.ctx(), shops, "tea")
		require.NoError(w, err)
		require.Len(w, all, 1)
		got, err := parley.Request[int](w.ctx(), shops, "tea")
		require.NoError(w, err)
		require.Equal(w, 3, got)
		require.NoError(w, shops.Publish(w.ctx(), "tea"))
	})
}
