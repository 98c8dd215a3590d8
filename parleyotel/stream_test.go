package parleyotel_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/topology"
)

// upTo yields the numbers from 1 to n.
func upTo(_ context.Context, n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i + 1) {
				return
			}
		}
	}
}

func TestStream(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("count"), upTo)
		count := app.Publisher(w.at("count"))
		w.start(app)
		ctx, user := w.begin("report")
		for _, err := range parley.Stream[int](ctx, count, 70) {
			require.NoError(w, err)
			for _, s := range w.spans.GetSpans() {
				require.NotEqual(w, "client", s.SpanKind.String(), "it goes on as long as the loop")
			}
		}
		user.End()
		require.Equal(w, ""+
			"internal report\n"+
			"  client request count sent 0 received 70\n"+
			"    server process count #1 sent 70 received 0\n", w.traces(3))
	})
}

func TestClientStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("sum"), func(parts iter.Seq[int]) (sum int) {
			for n := range parts {
				sum += n
			}
			return sum
		})
		app.Subscriber(w.at("echo"), func(parts iter.Seq[int]) iter.Seq[int] { return parts })
		sum, echo := app.Publisher(w.at("sum")), app.Publisher(w.at("echo"))
		w.start(app)
		got, err := parley.Request[int](w.ctx(), sum, upTo(w.ctx(), 40))
		require.NoError(w, err)
		require.Equal(w, 820, got)
		w.wait(2)
		for _, err := range parley.Stream[int](w.ctx(), echo, upTo(w.ctx(), 40)) {
			require.NoError(w, err)
		}
		require.Equal(w, ""+
			"client request sum sent 40 received 0\n"+
			"  server process sum #1 sent 0 received 40\n"+
			"client request echo sent 40 received 40\n"+
			"  server process echo #1 sent 40 received 40\n", w.traces(4))
	})
}

func TestStreamsThatEndEarly(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("waits"), func(ctx context.Context, _ parley.NoBody, out parley.Sender[int]) error {
			if err := out.Send(ctx, 1); err != nil {
				return err
			}
			<-ctx.Done()
			return nil
		})
		app.Subscriber(w.at("fails"), func(context.Context) iter.Seq2[int, error] {
			return func(yield func(int, error) bool) {
				_ = yield(1, nil) && yield(0, parley.NewError(parley.CodeAborted, "secret text"))
			}
		})
		waits, fails, nowhere := app.Publisher(w.at("waits")), app.Publisher(w.at("fails")), app.Publisher(w.at("nowhere"))
		w.start(app)
		for range parley.Stream[int](w.ctx(), waits, nil) {
			break
		}
		w.wait(2)
		var err error
		for _, err = range parley.Stream[int](w.ctx(), fails, nil) {
			continue
		}
		require.Equal(w, parley.CodeAborted, parley.CodeOf(err))
		require.Equal(w, ""+
			"client request waits !canceled sent 0 received 1\n"+
			"  server process waits #1 !canceled sent 1 received 0\n"+
			"client request fails !aborted sent 0 received 1\n"+
			"  server process fails #1 !aborted sent 1 received 0\n", w.traces(4))
		for _, err = range parley.Stream[int](w.ctx(), nowhere, nil) {
			require.ErrorIs(w, err, parley.ErrNoRoute)
		}
		require.Contains(w, w.traces(5), "client request nowhere !no_route")
		w.holdsNoSecret()
	})
}

func TestGather(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		shops := topology.Fanout(w.at("shops"))
		for _, failed := range []error{nil, parley.NewError(parley.CodeNotFound, "sold out")} {
			shop := w.plain()
			shop.Subscriber("price", func(string) (int, error) { return 3, failed }, parley.From(shops), parley.Broadcast())
			w.start(shop)
		}
		app := w.app()
		price := app.Publisher("price", parley.To(shops))
		w.start(app)
		_, err := parley.GatherAll[int](w.ctx(), price, "tea", parley.Expect(2))
		require.NoError(w, err)
		require.Equal(w, "client request shops:price sent 0 received 2\n", w.traces(1))
		require.ErrorIs(w, w.late(func(limit time.Duration) error {
			_, err := parley.GatherAll[int](w.ctx(), price, "tea", parley.Expect(3), parley.Timeout(limit))
			return err
		}), parley.ErrTimeout)
		require.Regexp(w, "^client request shops:price !timeout sent 0 received [012]\n$", w.traces(1))
		w.spans.Reset()
		for range parley.Gather[int](w.ctx(), price, "tea", parley.Expect(2)) {
			break
		}
		require.Equal(w, "client request shops:price !canceled sent 0 received 1\n", w.traces(1))
		w.spans.Reset()
		_, err = parley.First[int](w.ctx(), price, "tea")
		require.NoError(w, err)
		require.Regexp(w, "^client request shops:price sent 0 received [12]\n$", w.traces(1))
	})
}

// Items are counted while a stream goes on.
func TestMetricsOfStreams(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		release := make(chan struct{})
		app.Subscriber(w.at("q"), func(ctx context.Context, _ parley.NoBody, out parley.Sender[int]) error {
			for i := range 2 {
				if err := out.Send(ctx, i); err != nil {
					return err
				}
			}
			<-release
			return out.Send(ctx, 2)
		})
		app.Subscriber(w.at("plain"), func(string) {})
		q, plain := app.Publisher(w.at("q")), app.Publisher(w.at("plain"))
		w.start(app)
		_, err := plain.Request(w.ctx(), "x")
		require.NoError(w, err)
		require.NotContains(w, w.collect(), "parley.stream.items", "nothing of what never streams")
		counted := func(want ...string) {
			w.Helper()
			var got []string
			require.Eventually(w, func() bool {
				got = w.points(w.collect()["parley.stream.items"])
				return slices.Equal(want, got)
			}, patience, time.Millisecond, "wanted %v, got %v", want, &got)
		}
		for n, err := range parley.Stream[int](w.ctx(), q, nil) {
			require.NoError(w, err)
			if n == 1 {
				counted("q process received 0", "q process sent 2", "q request received 2", "q request sent 0")
				close(release)
			}
		}
		counted("q process received 0", "q process sent 3", "q request received 3", "q request sent 0")
		for _, err := range parley.Stream[int](w.ctx(), q, nil) {
			require.NoError(w, err)
		}
		counted("q process received 0", "q process sent 6", "q request received 6", "q request sent 0")
	})
}

// The answer of a Later is sent in a span of its own, and whoever gets it is
// linked to that.
func TestLaterAnswers(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		tokens := make(chan string, 1)
		app.Subscriber(w.at("place"), func(_ context.Context, _ string, l parley.Later[string]) error {
			tokens <- l.Token()
			return nil
		})
		got := make(chan parley.Answer[string], 1)
		parley.Replies(app, w.at("receipts"), func(_ context.Context, a parley.Answer[string]) error {
			got <- a
			return nil
		})
		place := app.Publisher(w.at("place"))
		w.start(app)
		require.NoError(w, place.Publish(w.ctx(), "x", parley.ReplyTo(w.at("receipts"))))
		token := next(w, tokens)
		w.wait(2)
		ctx, user := w.begin("settle")
		require.NoError(w, parley.Reply(ctx, app, token, "receipt"))
		user.End()
		require.Equal(w, "receipt", next(w, got).Value)
		require.Equal(w, ""+
			"producer publish place\n"+
			"consumer process place #1 -> publish place\n"+
			"internal settle\n"+
			"  producer reply\n"+
			"consumer process receipts #1 -> reply\n", w.traces(5))
		require.Equal(w, []string{"place publish 1", "reply 1"}, w.points(w.collect()["messaging.client.sent.messages"]))

		require.NoError(w, place.Publish(w.ctx(), "x", parley.ReplyTo(w.at("nobody")), parley.Token("t1")))
		failed := parley.NewError(parley.CodeNotFound, "secret text")
		require.ErrorIs(w, parley.ReplyError(w.ctx(), app, next(w, tokens), failed), parley.ErrNoRoute)
		require.Contains(w, w.traces(8), "producer reply !no_route\n")
		w.holdsNoSecret()
		for _, s := range w.spans.GetSpans() {
			if _, named := value(&s, "messaging.destination.name"); s.Name == "reply" {
				require.False(w, named, "where it goes is the caller's word")
			}
		}
	})
}
