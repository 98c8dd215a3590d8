package parley_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
)

func pong(_ context.Context, ping string) (string, error) { return ping[:1] + "ong!", nil }

// asked is a running service that answers at "ping", and its publisher.
func asked(w *world) (*parley.App, *parley.Publisher) {
	app := w.app()
	app.Subscriber(w.at("ping"), func(_ context.Context, s string) (string, error) {
		if s != "ping" {
			return "", errors.New("say ping")
		}
		return "pong!", nil
	})
	p := app.Publisher(w.at("ping"))
	return w.start(app), p
}

func TestSample1ReturnValueIsTheAnswer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, ping := asked(w)
		m, err := ping.Request(w.ctx(), "ping")
		require.NoError(w, err)
		require.Equal(w, "pong!", string(m.Body))
		require.Equal(w, "text/plain", m.ContentType)
	})
}

func TestSample2DefaultTimeLimit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		limits := make(chan time.Duration, 1)
		app.Subscriber(w.at("ping"), func(ctx context.Context, _ string) string {
			deadline, ok := ctx.Deadline()
			if ok {
				limits <- time.Until(deadline)
			}
			return "pong!"
		})
		ping := app.Publisher(w.at("ping"))
		w.start(app)
		got, err := parley.Request[string](context.WithoutCancel(w.ctx()), ping, "ping")
		require.NoError(w, err)
		require.Equal(w, "pong!", got)
		limit := next(w, limits)
		require.LessOrEqual(w, limit, 30*time.Second)
		require.Greater(w, limit, 15*time.Second, "the handler's context carries the remaining time")
	})
}

func TestSample3Timeout(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, ping := asked(w)
		got, err := parley.Request[string](w.ctx(), ping, "ping", parley.Timeout(3*time.Second))
		require.NoError(w, err)
		require.Equal(w, "pong!", got)
	})
}

func TestSample4NoTimeout(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, ping := asked(w)
		got, err := parley.Request[string](w.ctx(), ping, "ping", parley.NoTimeout())
		require.NoError(w, err)
		require.Equal(w, "pong!", got)
	})
}

func TestSample4NoTimeoutEndsWithItsContextOrStop(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		server := w.app()
		begun := make(chan struct{}, 2)
		server.Subscriber(w.at("never"), func(ctx context.Context, _ string) (string, error) {
			begun <- struct{}{}
			<-ctx.Done()
			return "", ctx.Err()
		})
		require.NoError(w, server.Start(w.ctx()))
		client := w.app()
		never := client.Publisher(w.at("never"))
		require.NoError(w, client.Start(w.ctx()))

		ctx, cancel := context.WithCancel(context.WithoutCancel(w.ctx()))
		call := parley.Go[string](ctx, never, "x", parley.NoTimeout())
		next(w, begun)
		cancel()
		_, err := call.Wait(w.ctx())
		require.ErrorIs(w, err, context.Canceled)

		call = parley.Go[string](context.WithoutCancel(w.ctx()), never, "x", parley.NoTimeout())
		next(w, begun)
		require.NoError(w, client.Stop(w.ctx()))
		_, err = call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)

		gone, cancelGone := context.WithTimeout(w.ctx(), 50*time.Millisecond)
		defer cancelGone()
		require.ErrorIs(w, server.Stop(gone), context.DeadlineExceeded, "a handler that never ends is not waited for beyond the budget")
	})
}

func TestSample5TimeRunsOut(t *testing.T) {
	t.Parallel()
	const limit = 400 * time.Millisecond
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("slow"), func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		})
		app.Subscriber(w.at("ping"), pong)
		slow, ping := app.Publisher(w.at("slow")), app.Publisher(w.at("ping"))
		w.start(app)
		_, warm := ping.Request(w.ctx(), "ping") // the reply address exists from now on
		require.NoError(w, warm)

		w.inTime(func(limit time.Duration) bool {
			_, err := parley.Request[string](w.ctx(), slow, "x", parley.Timeout(limit))
			require.ErrorIs(w, err, parley.ErrTimeout)
			require.ErrorIs(w, err, context.DeadlineExceeded)
			if errors.Is(err, parley.ErrNotSent) {
				return false
			}
			require.ErrorIs(w, err, parley.ErrOutcomeUnknown)
			call, ok := errors.AsType[*parley.CallError](err)
			require.True(w, ok)
			require.Equal(w, w.at("slow"), call.Address)
			require.NotEmpty(w, call.CorrelationID)
			for _, part := range []string{w.at("slow"), limit.String(), call.CorrelationID} {
				require.ErrorContains(w, err, part)
			}
			return true
		})

		text, err := parley.Request[string](w.ctx(), slow, "x", parley.Timeout(limit), parley.QuietTimeout())
		require.NoError(w, err)
		require.Empty(w, text)
		m, err := slow.Request(w.ctx(), "x", parley.Timeout(limit), parley.QuietTimeout())
		require.NoError(w, err)
		require.Nil(w, m)

		ctx, cancel := context.WithTimeout(w.ctx(), limit)
		defer cancel()
		_, err = parley.Request[string](ctx, slow, "x", parley.QuietTimeout())
		require.ErrorIs(w, err, context.DeadlineExceeded, "QuietTimeout does not cover the context's own end")
	})
}

func TestSample6AnswerGoesToAnotherSubscriber(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		answers := make(chan string, 1)
		app.Subscriber(w.at("ping"), pong)
		app.Subscriber(w.at("reply"), func(s string) { answers <- s })
		ping := app.Publisher(w.at("ping"))
		w.start(app)
		require.NoError(w, ping.Publish(w.ctx(), "ping", parley.ReplyTo(w.at("reply"))))
		require.Equal(w, "pong!", next(w, answers))

		_, err := ping.Request(w.ctx(), "ping", parley.ReplyTo(w.at("reply")))
		require.ErrorIs(w, err, parley.ErrNotSent)
		for _, part := range []string{"ReplyTo", "Request", "hint"} {
			require.ErrorContains(w, err, part)
		}
		nothing(w, answers)
		require.ErrorIs(w, ping.Publish(w.ctx(), "ping", parley.Timeout(time.Second)), parley.ErrNotSent)
	})
}

func TestFuture(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		release := make(chan struct{})
		app.Subscriber(w.at("ping"), func(_ context.Context, s string) string {
			<-release
			return s + "!"
		})
		ping := app.Publisher(w.at("ping"))
		w.start(app)
		a, b := parley.Go[string](w.ctx(), ping, "a"), parley.Go[string](w.ctx(), ping, "b")

		short, cancel := context.WithTimeout(w.ctx(), 20*time.Millisecond)
		defer cancel()
		_, err := a.Wait(short)
		require.ErrorIs(w, err, context.DeadlineExceeded, "the end of a wait is not the end of the call")
		close(release)
		for want, call := range map[string]*parley.Call[string]{"a!": a, "b!": b} {
			got, err := call.Wait(w.ctx())
			require.NoError(w, err)
			require.Equal(w, want, got)
		}
	})
}

func TestRepliesThatComeMuchLater(t *testing.T) {
	t.Parallel()
	for _, wait := range []time.Duration{5 * time.Minute, 24 * time.Hour} {
		t.Run(wait.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				app := parley.New(memory.New())
				app.Subscriber("ping", func(_ context.Context, s string) string {
					time.Sleep(wait)
					return s + "!"
				})
				ping := app.Publisher("ping")
				require.NoError(t, app.Start(t.Context()))
				begin := time.Now()
				got, err := parley.Request[string](context.Background(), ping, "late", parley.NoTimeout())
				require.NoError(t, err)
				require.Equal(t, "late!", got)
				require.Equal(t, wait, time.Since(begin))
				_, err = parley.Request[string](context.Background(), ping, "late")
				require.ErrorIs(t, err, parley.ErrTimeout)
				require.Equal(t, wait+parley.DefaultTimeout, time.Since(begin))
				require.NoError(t, app.Stop(context.Background()))
			})
		})
	}
}

// A reply that comes when its call has ended is counted, and no other call gets
// it.
func TestLateReplyIsCountedAndGoesToNobody(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		peer, _ := w.client()
		requests := make(chan *parley.Message, 2)
		_, err := peer.Subscribe(w.ctx(), rawSubscription(w, w.at("ping"), func(m *parley.Message) transport.Verdict {
			requests <- m
			return transport.Ack
		}))
		require.NoError(w, err)
		reply := func(request *parley.Message, body string) {
			m := &parley.Message{CorrelationID: request.CorrelationID, ContentType: "text/plain", Body: []byte(body)}
			c, err := peer.Publish(w.ctx(), &transport.Publication{Message: m, Key: request.ReplyTo, Mandatory: true, Reply: true})
			require.NoError(w, err)
			require.NoError(w, transport.Wait(w.ctx(), c))
		}
		app := w.app()
		ping := app.Publisher(w.at("ping"))
		w.start(app)
		ctx, giveUp := context.WithCancel(w.ctx())
		ended := parley.Go[string](ctx, ping, "first")
		first := next(w, requests)
		giveUp()
		_, err = ended.Wait(w.ctx())
		require.ErrorIs(w, err, context.Canceled)

		waits := parley.Go[string](w.ctx(), ping, "second")
		second := next(w, requests)
		reply(first, "too late")
		require.Eventually(w, func() bool { return app.Stats().LateReplies == 1 }, patience, time.Millisecond)
		reply(second, "in time")
		got, err := waits.Wait(w.ctx())
		require.NoError(w, err)
		require.Equal(w, "in time", got)
	})
}
