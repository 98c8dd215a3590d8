package parley_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/topology"
)

// depth waits until a queue has n ready messages.
func (w *world) depth(queue string, n int) {
	w.Helper()
	conn, _ := w.client()
	require.Eventually(w, func() bool {
		ready, err := conn.(transport.QueueInspector).Depth(w.ctx(), queue)
		return err == nil && ready == n
	}, patience, 5*time.Millisecond, "wanted %d messages in %s", n, queue)
}

// deleteQueue deletes a queue as an operator would.
func (w *world) deleteQueue(name string) {
	w.Helper()
	if broker, ok := w.transport.(*memory.Broker); ok {
		require.True(w, broker.Delete(name))
		return
	}
	conn, err := amqp.Dial(rabbittest.URL(w))
	require.NoError(w, err)
	defer conn.Close()
	ch, err := conn.Channel()
	require.NoError(w, err)
	_, err = ch.QueueDelete(name, false, false, false)
	require.NoError(w, err)
}

// full makes a queue that takes nothing more until free is called; what comes
// through is handed on.
func (w *world) full(queue string) (through <-chan string, free func()) {
	w.Helper()
	app := w.app()
	held, hold, got := make(chan struct{}, 10), make(chan struct{}), make(chan string, 10)
	app.Subscriber(queue, func(s string) {
		held <- struct{}{}
		<-hold
		if s != "fills it" {
			got <- s
		}
	}, parley.Concurrency(1), parley.Prefetch(1), parley.From(topology.MaxLength(1), topology.Overflow(topology.RejectPublish)))
	fill := app.Publisher(queue)
	w.start(app)
	require.NoError(w, fill.Publish(w.ctx(), "fills it"))
	next(w, held)
	require.Eventually(w, func() bool { return errors.Is(fill.Publish(w.ctx(), "fills it"), parley.ErrRefused) }, patience, time.Millisecond)
	return got, func() { close(hold) }
}

// P2: what a message causes is confirmed first, then it is acknowledged. Until
// then it is in its queue.
func TestNothingIsAcknowledgedBeforeItsResultsAreConfirmed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		through, free := w.full(w.at("full"))
		for name, send := range map[string][]parley.SendOption{"forward": nil, "reply": {parley.ReplyTo(w.at("full"))}} {
			begun := make(chan string, 100)
			service := func() *parley.App {
				app := w.app()
				opts := []parley.SubscriberOption{}
				if name == "forward" {
					opts = append(opts, parley.PublishTo(w.at("full")))
				}
				app.Subscriber(w.at(name), func(s string) string { begun <- s; return name }, opts...)
				return app
			}
			app := service()
			work := app.Publisher(w.at(name))
			require.NoError(w, app.Start(w.ctx()))
			require.NoError(w, work.Publish(w.ctx(), "x", send...))
			next(w, begun)
			require.NoError(w, app.Stop(w.ctx()))
			require.Zero(w, app.Stats().Handled)
			w.depth(w.at(name), 1)
			w.start(service())
		}
		free()
		require.ElementsMatch(w, []string{"forward", "reply"}, []string{next(w, through), next(w, through)})
		w.depth(w.at("forward"), 0)
		w.depth(w.at("reply"), 0)
	})
}

// P3: a message that cannot be moved to its error queue stays where it was.
func TestFailedMoveKeepsTheMessage(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		begun := make(chan string, 1000)
		app := w.app()
		app.Subscriber(w.at("work"), func(s string) error { begun <- s; return errors.New("no") })
		work := app.Publisher(w.at("work"))
		require.NoError(w, app.Start(w.ctx()))
		w.deleteQueue(w.at("work.error"))
		require.NoError(w, work.Publish(w.ctx(), "x"))
		next(w, begun)
		require.NoError(w, app.Stop(w.ctx()))
		w.depth(w.at("work"), 1)
		require.Contains(w, w.log.String(), "error queue did not take the message")

		require.NoError(w, app.Start(w.ctx()), "which declares it again")
		w.depth(w.at("work.error"), 1)
		w.depth(w.at("work"), 0)
		require.NoError(w, app.Stop(w.ctx()))
	})
}

// While it cannot be moved, its handler does not run in a hot loop.
func TestFailedMoveIsNotRepeatedHot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broker := memory.New()
		app := parley.New(broker)
		var runs atomic.Int64
		app.Subscriber("work", func(string) error { runs.Add(1); return errors.New("no") }, parley.Concurrency(1))
		work := app.Publisher("work")
		require.NoError(t, app.Start(t.Context()))
		require.True(t, broker.Delete("work.error"))
		require.NoError(t, work.Publish(t.Context(), "x"))
		time.Sleep(10*time.Second + time.Millisecond)
		require.LessOrEqual(t, runs.Load(), int64(11))
		require.GreaterOrEqual(t, runs.Load(), int64(5), "it is tried again")
		require.NoError(t, app.Stop(t.Context()))
	})
}
