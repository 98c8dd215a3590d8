package parley_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

func TestReplayAThousand(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const n = 1000
		p := newPatient(w, 0)
		failed := p.app.Publisher(w.at("q.error"))
		require.NoError(w, parley.PublishBatch(w.longCtx(), failed, texts(n)))
		p.depth(n)
		p.cured.Store(true)
		replayed, err := p.errors.Replay(w.longCtx(), nil)
		require.NoError(w, err)
		require.Equal(w, n, replayed)
		for i := range n {
			require.Equal(w, strconv.Itoa(i), next(w, p.handled), "in order, each once")
		}
		nothing(w, p.handled)
		p.depth(0)
	})
}

func texts(n int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(strconv.Itoa(i)) {
				return
			}
		}
	}
}

func TestReplayChooses(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		p := newPatient(w, 8)
		p.cured.Store(true)
		even := func(f *parley.FailedMessage) bool {
			require.Equal(w, parley.CodeUnavailable, f.Code)
			n, err := strconv.Atoi(f.Message.ID)
			return err == nil && n%2 == 0
		}
		n, err := p.errors.Replay(w.ctx(), even, parley.ReplayLimit(3))
		require.NoError(w, err)
		require.Equal(w, 3, n)
		for _, want := range []string{"0", "2", "4"} {
			require.Equal(w, want, next(w, p.handled))
		}
		require.Equal(w, []string{"1", "3", "5", "6", "7"}, p.ids(), "the others keep their order")

		require.NoError(w, p.errors.ReplayOne(w.ctx(), "5"))
		require.Equal(w, "5", next(w, p.handled))
		require.ErrorIs(w, p.errors.ReplayOne(w.ctx(), "5"), parley.ErrNoFailedMessage)
		require.Equal(w, []string{"1", "3", "6", "7"}, p.ids())
		nothing(w, p.handled)
	})
}

// What fails again does not come round again within one call.
func TestReplayOfWhatFailsAgain(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		p := newPatient(w, 20)
		for range 2 {
			n, err := p.errors.Replay(w.ctx(), nil)
			require.NoError(w, err)
			require.Equal(w, 20, n)
			p.depth(20)
		}
		all, err := p.errors.List(w.ctx(), 0)
		require.NoError(w, err)
		require.Equal(w, 1, all[0].Attempt, "attempts count anew")
	})
}

func TestReplayKeepsTheMessage(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		p := newPatient(w, 0)
		q := p.app.Publisher(w.at("q"))
		require.NoError(w, q.Publish(w.ctx(), "body", parley.MessageID("id"), parley.CorrelationID("cid"), parley.Type("type"),
			parley.Header("tenant", "a"), parley.Priority(3), parley.ReplyTo(w.at("answers"))))
		p.depth(1)
		got := w.collect(w.at("other"))
		n, err := p.errors.Replay(w.ctx(), nil, parley.ReplayTo(w.at("other")))
		require.NoError(w, err)
		require.Equal(w, 1, n)
		m := next(w, got)
		require.Equal(w, "body", string(m.Body))
		require.Equal(w, "text/plain", m.ContentType)
		require.Equal(w, "id", m.ID)
		require.Equal(w, "cid", m.CorrelationID)
		require.Equal(w, "type", m.Type)
		require.Equal(w, w.at("answers"), m.ReplyTo)
		require.Equal(w, uint8(3), m.Priority)
		require.Equal(w, transport.Persistent, m.Persistence)
		require.Equal(w, parley.Headers{"tenant": "a"}, m.Headers, "no header of the failure")
		p.depth(0)
	})
}

func TestReplayToExchanges(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		x := topology.Topic(w.at("x"), topology.AutoDelete())
		var cured sync.Map
		type input struct {
			Tenant string `path:"tenant"`
			Body   string `body:""`
		}
		handled := make(chan input, 10)
		app.Subscriber("orders.{tenant}.placed", func(in input) error {
			if _, ok := cured.Load("now"); !ok {
				return errors.New("broken")
			}
			handled <- in
			return nil
		}, parley.From(x))
		orders := app.Publisher("orders.{tenant}.placed", parley.To(x))
		w.start(app)
		q, err := app.ErrorQueue("orders.{tenant}.placed")
		require.NoError(w, err)
		for i := range 2 {
			require.NoError(w, orders.Publish(w.ctx(), "x", parley.Path("tenant", "acme"), parley.MessageID(fmt.Sprint(i))))
		}
		deep(w, q, 2)
		cured.Store("now", true)
		require.NoError(w, q.ReplayOne(w.ctx(), "0"))
		require.Equal(w, input{"acme", "x"}, next(w, handled), "the original exchange and routing key")
		require.NoError(w, q.ReplayOne(w.ctx(), "1", parley.ReplayToExchange(x, "orders.other.placed")))
		require.Equal(w, input{"other", "x"}, next(w, handled))
		deep(w, q, 0)
	})
}

func TestReplayThatNobodyTakes(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		p := newPatient(w, 3)
		n, err := p.errors.Replay(w.ctx(), nil, parley.ReplayTo(w.at("absent")))
		require.Zero(w, n)
		require.ErrorIs(w, err, parley.ErrNoRoute)
		report, ok := errors.AsType[*parley.ReplayError](err)
		require.True(w, ok)
		require.Len(w, report.Failures, 3)
		require.Equal(w, "1", report.Failures[1].ID)
		require.NoError(w, report.Err)
		require.ErrorContains(w, err, `0 messages replayed, 3 not; message "0": `)
		require.Equal(w, []string{"0", "1", "2"}, p.ids())

		x := topology.Topic(w.at("absent"), topology.Passive())
		err = p.errors.ReplayOne(w.ctx(), "0", parley.ReplayToExchange(x, "k"))
		require.ErrorIs(w, err, parley.ErrNotSent)
		require.Equal(w, []string{"0", "1", "2"}, p.ids())
	})
}

func TestReplayThatIsCutShort(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		p := newPatient(w, 3)
		p.cured.Store(true)
		ctx, cancel := context.WithCancelCause(w.ctx())
		why := errors.New("enough")
		n, err := p.errors.Replay(ctx, func(f *parley.FailedMessage) bool {
			if f.Message.ID == "1" {
				cancel(why)
				return false
			}
			return true
		})
		require.Equal(w, 1, n)
		require.ErrorIs(w, err, why)
		require.ErrorContains(w, err, "1 messages replayed; ended early: ")
		require.Equal(w, "0", next(w, p.handled))
		require.Equal(w, []string{"1", "2"}, p.ids())
	})
}

func TestReplayOptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	p := newPatient(newWorld(t, memory.New()), 1)
	for fragment, option := range map[string]parley.ReplayOption{
		"wanted a replay limit of at least 1, got 0": parley.ReplayLimit(0),
		"wanted a queue to replay to":                parley.ReplayTo(""),
	} {
		_, err := p.errors.Replay(t.Context(), nil, option)
		require.ErrorContains(t, err, fragment, option.String())
	}
	require.Equal(t, []string{"0"}, p.ids())
}

// Several replays at once and a reader share the messages.
func TestReplaySideBySide(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const n = 100
		p := newPatient(w, n)
		p.cured.Store(true)
		var all sync.WaitGroup
		var replayed [4]int
		var errs [4]error
		for i := range replayed {
			all.Go(func() { replayed[i], errs[i] = p.errors.Replay(w.ctx(), nil) })
		}
		all.Go(func() { _, _ = p.errors.List(w.ctx(), 10) })
		all.Wait()
		require.NoError(w, errors.Join(errs[:]...))
		// What List held meanwhile is there again.
		rest, err := p.errors.Replay(w.ctx(), nil)
		require.NoError(w, err)
		require.Equal(w, n, replayed[0]+replayed[1]+replayed[2]+replayed[3]+rest)
		seen := map[string]bool{}
		for range n {
			seen[next(w, p.handled)] = true
		}
		require.Len(w, seen, n)
		nothing(w, p.handled)
	})
}

// A session that ends while a message is in hand leaves it in the error queue,
// or there and in its new place, and says so.
func TestReplayOverALostSession(t *testing.T) {
	t.Parallel()
	b := memory.New()
	w := newWorld(t, b)
	p := newPatient(w, 3)
	p.cured.Store(true)
	n, err := p.errors.Replay(w.ctx(), func(f *parley.FailedMessage) bool {
		if f.Message.ID == "1" {
			b.Disconnect()
		}
		return true
	})
	require.ErrorIs(t, err, transport.ErrSessionLost)
	require.Equal(t, 2, n)
	require.Equal(t, []string{"0", "1", "2"}, p.ids(), "those that were not removed yet are in both places")
	seen := map[string]bool{}
	for len(seen) < 2 {
		seen[next(w, p.handled)] = true
	}
	require.Equal(t, map[string]bool{"0": true, "1": true}, seen)
}
