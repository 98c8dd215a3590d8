package parley_test

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// gathered is what a loop has come to.
type gathered struct {
	all []parley.Answer[int]
	err error
}

// gatherFrom asks a stage in the background.
func (s *stage) gatherFrom(app *parley.App, opts ...parley.SendOption) (request *parley.Message, result <-chan gathered) {
	s.Helper()
	p := app.Publisher(s.at("raw"))
	s.start(app)
	done := make(chan gathered, 1)
	ctx := s.ctx()
	go func() {
		all, err := parley.GatherAll[int](ctx, p, 1, opts...)
		done <- gathered{all, err}
	}()
	return next(s.world, s.requests), done
}

func answerOf(app, instance, body string) *parley.Message {
	m := &parley.Message{AppID: app, Body: []byte(body), ContentType: "application/json"}
	if instance != "" {
		m.Headers = parley.Headers{parley.HeaderInstance: instance}
	}
	return m
}

func (w *world) late(app *parley.App, n int) {
	w.Helper()
	require.Eventually(w, func() bool { return app.Stats().LateReplies == uint64(n) }, patience, time.Millisecond, "wanted %d late replies", n)
}

// Answers of services that are not parley's count each; one that names its
// instance counts once.
func TestGatherTellsItsResponders(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		s, app := newStage(w), w.app()
		m, done := s.gatherFrom(app, parley.Expect(6))
		require.Equal(w, true, m.Headers[parley.HeaderGather])
		require.Contains(w, m.Headers, parley.HeaderDeadline)
		require.NotContains(w, m.Headers, parley.HeaderStreamFrame)
		for _, a := range []*parley.Message{
			answerOf("a", "1", "1"), answerOf("a", "1", "2"), answerOf("a", "2", "3"), answerOf("", "", "4"), answerOf("", "", "5"),
			answerOf("b", "", "6"), answerOf("b", "1", `"no number"`), answerOf("late", "", "8"),
		} {
			s.say(m, a)
		}
		got := next(w, done)
		require.NoError(w, got.err)
		var text string
		for _, a := range got.all {
			text += fmt.Sprintf("%s=%d,%t ", a.From, a.Value, a.Err == nil)
		}
		require.Equal(w, "a/1=1,true a/2=3,true =4,true =5,true b=6,true b/1=0,false ", text)
		w.late(app, 2)
		require.Zero(w, app.PendingRequests())
	})
}

func TestAnswersWithoutAValue(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(func(string) {})
		w.shop(price(1), parley.NoReply())
		_, shops := w.customer()
		all, err := parley.GatherAll[int](w.ctx(), shops, "tea", parley.Expect(2))
		require.NoError(w, err)
		require.Len(w, all, 2)
		for _, a := range all {
			require.ErrorIs(w, a.Err, parley.ErrNoValue)
		}
		empty, err := parley.GatherAll[*int](w.ctx(), shops, "tea", parley.Expect(2))
		require.NoError(w, err)
		for _, a := range empty {
			require.NoError(w, a.Err)
			require.Nil(w, a.Value)
		}
	})
}

// A handler that answers with a stream is refused; it counts as one that failed.
func TestAStreamIsNoAnswer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(func(string) iter.Seq[int] { return func(func(int) bool) {} })
		_, shops := w.customer()
		all, err := parley.GatherAll[int](w.ctx(), shops, "tea", parley.Expect(1))
		require.NoError(w, err)
		require.Equal(w, parley.CodeUnimplemented, parley.CodeOf(all[0].Err))
	})
}

// Who did not gather gets nothing but the answer.
func TestOnlyAnswersToGatherNameTheirInstance(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(price(1))
		_, shops := w.customer()
		m, err := shops.Request(w.ctx(), "tea")
		require.NoError(w, err)
		require.Empty(w, m.Headers)
	})
}

func TestHowGatherEndsEarly(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		_, nobody := w.customer()
		_, err := parley.GatherAll[int](w.ctx(), nobody, "tea", parley.For(patience))
		require.ErrorIs(w, err, parley.ErrNoRoute)
		require.ErrorContains(w, err, "no queue is bound")

		idle := w.app()
		_, err = parley.GatherAll[int](w.ctx(), idle.Publisher("x"), "tea", parley.Expect(1))
		require.ErrorIs(w, err, parley.ErrNotStarted)

		s, app := newStage(w), w.app(parley.MaxPending(1))
		m, done := s.gatherFrom(app, parley.Expect(2))
		_, err = parley.GatherAll[int](w.ctx(), app.Publisher(w.at("raw")), 1, parley.Expect(1))
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.Equal(w, parley.CodeResourceExhausted, parley.CodeOf(err))
		require.Equal(w, 1, app.PendingRequests())
		s.say(m, answerOf("", "", "1"))
		require.NoError(w, app.Stop(w.ctx()))
		got := next(w, done)
		require.ErrorIs(w, got.err, parley.ErrStopped)
		require.LessOrEqual(w, len(got.all), 1)
	})
}

func TestTheCallerOfGatherGivesUp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		w.shop(price(1))
		begun, goOn := make(chan struct{}, 9), make(chan struct{})
		w.shop(busy(begun, goOn))
		app, shops := w.customer()
		ctx, cancel := context.WithCancel(w.ctx())
		var errs []error
		for a, err := range parley.Gather[int](ctx, shops, "tea", parley.Expect(2)) {
			if err == nil {
				require.Equal(w, 1, a.Value)
			}
			errs = append(errs, err)
			cancel()
		}
		require.Len(w, errs, 2)
		require.NoError(w, errs[0])
		require.ErrorIs(w, errs[1], context.Canceled)
		require.ErrorIs(w, errs[1], parley.ErrOutcomeUnknown)

		short, cancel := context.WithTimeout(w.ctx(), time.Second)
		defer cancel()
		_, err := parley.GatherAll[int](short, shops, "tea", parley.Expect(2))
		require.ErrorIs(w, err, parley.ErrTimeout)
		require.ErrorContains(w, err, "answers before the context's deadline")

		for _, err := range parley.Gather[int](w.ctx(), shops, "tea", parley.Expect(2)) {
			require.NoError(w, err)
			break
		}
		require.Zero(w, app.PendingRequests())
		close(goOn)
		// Of the first and the third one: the second has expired at its handler.
		require.Eventually(w, func() bool { return app.Stats().LateReplies >= 2 }, patience, time.Millisecond)
	})
}

func TestGatherLosesItsConnection(t *testing.T) {
	t.Parallel()
	check := func(w *world, s *stage, app *parley.App, cut func()) {
		m, done := s.gatherFrom(app, parley.Expect(2))
		s.say(m, answerOf("", "", "1"))
		w.Helper()
		require.Eventually(w, func() bool { return app.PendingRequests() == 1 }, patience, time.Millisecond)
		cut()
		got := next(w, done)
		require.ErrorIs(w, got.err, parley.ErrOutcomeUnknown)
		require.ErrorContains(w, got.err, "connection that the answers would come on was lost")
	}
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		broker := memory.New()
		w := newWorld(t, broker)
		check(w, newStage(w), w.app(), broker.Disconnect)
	})
	t.Run("rabbitmq", func(t *testing.T) {
		t.Parallel()
		proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
		w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
		behind := newWorld(t, rabbitmq.New(proxy.URL()))
		check(w, newStage(w), behind.app(), proxy.Cut)
	})
}

// In every reply mode of the transport.
func TestGatherInEveryReplyMode(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) transport.Transport{
		"memory direct": func(*testing.T) transport.Transport { return memory.New(memory.DirectReplies()) },
		"memory queue":  func(*testing.T) transport.Transport { return memory.New(memory.ReplyQueue("replies")) },
		"rabbitmq direct": func(t *testing.T) transport.Transport {
			return rabbitmq.New(rabbittest.URL(t), rabbitmq.DirectReplies())
		},
		"rabbitmq queue": func(t *testing.T) transport.Transport {
			return rabbitmq.New(rabbittest.URL(t), rabbitmq.ReplyQueue(strings.ReplaceAll(t.Name(), "/", ".")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t))
			s := newStage(w)
			m, done := s.gatherFrom(w.app(), parley.Expect(2))
			s.say(m, answerOf("", "", "1"))
			s.say(m, answerOf("", "", "2"))
			got := next(w, done)
			require.NoError(w, got.err)
			require.Len(w, got.all, 2)
		})
	}
}

// A loop that does not keep up ends, and says so, before memory does.
func TestAGatherThatDoesNotKeepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, memory.New())
	s, app := newStage(w), w.app()
	p := app.Publisher(w.at("raw"))
	w.start(app)
	hold, done := make(chan struct{}), make(chan gathered, 1)
	ctx := w.ctx()
	go func() {
		var got gathered
		for a, err := range parley.Gather[int](ctx, p, 1, parley.For(patience)) {
			if got.err = err; err == nil {
				got.all = append(got.all, a)
			}
			<-hold
		}
		done <- got
	}()
	m := next(w, s.requests)
	for range 5000 {
		s.say(m, answerOf("", "", "1"))
	}
	require.Eventually(w, func() bool { return app.Stats().LateReplies > 0 }, patience, time.Millisecond)
	close(hold)
	got := next(w, done)
	require.Equal(w, parley.CodeResourceExhausted, parley.CodeOf(got.err))
	require.ErrorIs(w, got.err, parley.ErrOutcomeUnknown)
	require.GreaterOrEqual(w, len(got.all), 4096)
	require.LessOrEqual(w, len(got.all), 4097)
}

// An instance that loses its connection while it works gives no answer, and its
// handler's context ends; the others' answers are there.
func TestAnInstanceIsCutOffWhileItWorks(t *testing.T) {
	t.Parallel()
	proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
	w := newWorld(t, rabbitmq.New(rabbittest.URL(t)))
	behind := newWorld(t, rabbitmq.New(proxy.URL()))
	k := newWorker()
	w.shop(func(s string) string { return s })
	cutOff := behind.app()
	cutOff.Subscriber("price", k.work, shopsOf(w)...)
	behind.start(cutOff)
	_, shops := w.customer()
	go func() {
		<-k.begun
		proxy.Cut()
	}()
	all, err := parley.GatherAll[string](w.ctx(), shops, "tea", parley.Expect(2), parley.Timeout(5*time.Second))
	require.ErrorIs(w, err, parley.ErrTimeout)
	require.LessOrEqual(w, len(all), 1)
	require.Error(w, next(w, k.causes))
}
