package parley_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

func TestStartStopStartAgain(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		app.Subscriber(w.at("q"), func(s string) string { return s })
		q := app.Publisher(w.at("q"))
		require.ErrorIs(w, q.Publish(w.ctx(), "x"), parley.ErrNotStarted)
		require.NoError(w, app.Stop(w.ctx()), "nothing to stop")
		for range 2 {
			require.NoError(w, app.Start(w.ctx()))
			require.ErrorContains(w, app.Start(w.ctx()), "runs already")
			got, err := parley.Request[string](w.ctx(), q, "x")
			require.NoError(w, err)
			require.Equal(w, "x", got)
			require.NoError(w, app.Stop(w.ctx()))
			_, err = q.Request(w.ctx(), "x")
			require.ErrorIs(w, err, parley.ErrStopped)
			require.ErrorIs(w, q.Publish(w.ctx(), "x"), parley.ErrStopped)
		}
	})
}

func TestOnAnotherTransport(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := parley.New(memory.New())
		got := make(chan string, 1)
		app.Subscriber(w.at("q"), func(s string) { got <- s })
		require.NoError(w, app.Start(w.ctx(), parley.On(w.transport)))
		defer func() { require.NoError(w, app.Stop(w.ctx())) }()
		peer, _ := w.client()
		w.publish(peer, w.at("q"), &parley.Message{Body: []byte("x")})
		require.Equal(w, "x", next(w, got))
	})
}

// Stop finishes what is in hand and gives the rest back: a second instance
// handles it, and nothing is lost or handled twice.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		const n = 50
		app := w.app()
		begun, release := make(chan int, n), make(chan struct{})
		handled := make(chan int, n)
		handler := func(i int) {
			begun <- i
			<-release
			handled <- i
		}
		app.Subscriber(w.at("q"), handler, parley.Concurrency(4), parley.Prefetch(20))
		q := app.Publisher(w.at("q"))
		require.NoError(w, app.Start(w.ctx()))
		require.NoError(w, parley.PublishBatch(w.ctx(), q, numbers(n)))
		for range 4 {
			next(w, begun)
		}
		stopped := make(chan error, 1)
		go func() { stopped <- app.Stop(w.ctx()) }()
		require.Never(w, func() bool { return len(stopped) > 0 }, 50*time.Millisecond, 5*time.Millisecond, "Stop waits for handlers")
		close(release)
		require.NoError(w, next(w, stopped))

		second := w.app()
		second.Subscriber(w.at("q"), handler)
		w.start(second)
		seen := map[int]int{}
		for range n {
			seen[next(w, handled)]++
		}
		require.Len(w, seen, n, "each once")
		nothing(w, handled)
	})
}

// P5: what was delivered and waits for a handler to be free goes back when Stop
// begins, and is not begun.
func TestStopBeginsNoFurtherHandler(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, release := make(chan int, 10), make(chan struct{})
		app.Subscriber(w.at("q"), func(i int) { begun <- i; <-release }, parley.Concurrency(2), parley.Prefetch(8))
		q := app.Publisher(w.at("q"))
		require.NoError(w, app.Start(w.ctx()))
		require.NoError(w, parley.PublishBatch(w.ctx(), q, numbers(8)))
		next(w, begun)
		next(w, begun)
		w.depth(w.at("q"), 0)
		stopped := make(chan error, 1)
		go func() { stopped <- app.Stop(w.ctx()) }()
		w.depth(w.at("q"), 6)
		close(release)
		require.NoError(w, next(w, stopped))
		nothing(w, begun)
		require.EqualValues(w, 2, app.Stats().Handled)
	})
}

func TestSubscribersAddedToARunningApp(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		w.start(app)
		got := make(chan string, 1)
		s := app.Subscriber(w.at("late"), func(m string) { got <- m })
		require.NoError(w, s.Ready(w.ctx()))
		late := app.Publisher(w.at("late"))
		require.NoError(w, late.Publish(w.ctx(), "x"))
		require.Equal(w, "x", next(w, got))
		require.NoError(w, s.Err())

		bad := app.Subscriber(w.at("late"), func(string) {})
		require.ErrorContains(w, bad.Err(), "one subscriber for each queue")
		require.ErrorContains(w, bad.Ready(w.ctx()), "one subscriber for each queue")

		require.NoError(w, s.Stop(w.ctx()))
		require.NoError(w, late.Publish(w.ctx(), "y"), "its queue stays")
		nothing(w, got)
	})
}

func TestReadyWaitsForTheStart(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		s := app.Subscriber(w.at("q"), func(string) {})
		short, cancel := context.WithTimeout(w.ctx(), 20*time.Millisecond)
		defer cancel()
		require.ErrorIs(w, s.Ready(short), parley.ErrNotStarted)
		ready := make(chan error, 1)
		go func() { ready <- s.Ready(w.ctx()) }()
		w.start(app)
		require.NoError(w, next(w, ready))
	})
}

func TestRunEndsOnSignal(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		app := parley.New(memory.New())
		s := app.Subscriber("q", func(string) {})
		ended := make(chan error, 1)
		go func() { ended <- app.Run(context.Background()) }()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		require.NoError(t, s.Ready(ctx))
		self, err := os.FindProcess(os.Getpid())
		require.NoError(t, err)
		require.NoError(t, self.Signal(sig))
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-ctx.Done():
			t.Fatal("Run did not end")
		}
	}
}
