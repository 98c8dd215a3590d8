package parley_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/topology"
)

// counted registers a handler that always fails with err and counts the runs of
// each message.
func counted(w *world, app *parley.App, err error, opts ...parley.SubscriberOption) func() map[string]int {
	var mu sync.Mutex
	runs := map[string]int{}
	app.Subscriber(w.at("work"), func(m *parley.Message) error {
		mu.Lock()
		defer mu.Unlock()
		runs[m.ID]++
		return err
	}, opts...)
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		return runs
	}
}

// Many messages that need the same wait queue for the first time at the same
// moment run as often as the policy says: RabbitMQ refuses what comes to a
// quorum queue while it is being made.
func TestManyFirstRetries(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const load = 32
		app := w.app()
		runs := counted(w, app, parley.RetryAfter(errFlaky, 70*time.Millisecond),
			parley.Retry(parley.Delayed(time.Hour, time.Hour)), parley.Concurrency(load), parley.Prefetch(load))
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		var all sync.WaitGroup
		for range load {
			all.Go(func() {
				if err := work.Publish(w.ctx(), "x"); err != nil {
					w.Error(err)
				}
			})
		}
		all.Wait()
		for range load {
			require.EqualValues(w, 3, next(w, failed).Headers[parley.HeaderFailureAttempt])
		}
		require.Len(w, runs(), load)
		for id, n := range runs() {
			require.Equal(w, 3, n, id)
		}
		require.Zero(w, app.Stats().Returned)
	})
}

// A wait queue that refuses a message for a while does not make its handler run
// once more.
func TestRefusedRetryIsNoFurtherRun(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const load = 4
		peer, _ := w.client()
		declarer, ok := peer.(transport.QueueDeclarer)
		require.True(w, ok)
		wait := topology.WaitQueue(w.at("work"), 150*time.Millisecond)
		wait.Arguments = topology.Arguments{
			topology.ArgMaxLength: 1, topology.ArgOverflow: string(topology.RejectPublish), topology.ArgMessageTTL: int64(150),
			topology.ArgDeadLetterExchange: "", topology.ArgDeadLetterRoutingKey: w.at("work"),
		}
		for _, q := range []topology.QueueDeclaration{wait, {Name: w.at("work"), Durable: true}, {Name: w.at("work.error"), Durable: true}} {
			require.NoError(w, declarer.DeclareQueue(w.ctx(), q))
		}
		app := w.app()
		runs := counted(w, app, errFlaky, parley.From(topology.Passive()), parley.Retry(parley.Delayed(150*time.Millisecond)))
		work := app.Publisher(w.at("work"))
		w.start(app)
		failed := w.collect(w.at("work.error"))
		for range load {
			require.NoError(w, work.Publish(w.ctx(), "x"))
		}
		for range load {
			next(w, failed)
		}
		for id, n := range runs() {
			require.Equal(w, 2, n, id)
		}
		require.Zero(w, app.Stats().Returned)
	})
}

// The wait queues of a policy are there before they are needed: a broker that
// is killed within moments of the declaration may forget what it confirmed.
func TestWaitQueuesAreDeclaredAtTheStart(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		failing(w, app, errFlaky, parley.Retry(parley.Delayed(time.Second, time.Minute)))
		w.start(app)
		peer, _ := w.client()
		inspector, ok := peer.(transport.QueueInspector)
		require.True(w, ok)
		for _, delay := range []time.Duration{time.Second, time.Minute} {
			n, err := inspector.Depth(w.ctx(), topology.WaitQueue(w.at("work"), delay).Name)
			require.NoError(w, err)
			require.Zero(w, n)
		}
	})
}
