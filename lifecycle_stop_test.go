package parley_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
)

// To stop with a context that is over is to stop at once, each time.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		over, cancel := context.WithCancel(w.ctx())
		cancel()
		for range 20 {
			app := w.app()
			app.Subscriber(w.at("q"), func(string) {})
			q := app.Publisher(w.at("q"))
			require.NoError(w, app.Start(w.ctx()))
			_ = app.Stop(over)
			require.ErrorIs(w, q.Publish(w.ctx(), "x"), parley.ErrStopped)
		}
	})
}

// Nor does a call that somebody else's code keeps from ending.
func TestStopDoesNotWaitForCallsForEver(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		app := w.app()
		begun, release := make(chan struct{}), make(chan struct{})
		app.Use(parley.SendMiddleware(func(next parley.Handler) parley.Handler {
			return func(ctx context.Context, m *parley.Message) (*parley.Message, error) {
				close(begun)
				<-release
				return next(ctx, m)
			}
		}))
		p := app.Publisher(w.at("q"))
		require.NoError(w, app.Start(w.ctx()))
		call := parley.Go[string](w.ctx(), p, "x")
		next(w, begun)
		budget, cancel := context.WithCancel(w.ctx())
		cancel()
		err := app.Stop(budget)
		require.ErrorIs(w, err, context.Canceled)
		require.ErrorContains(w, err, "a call of parley.Go still runs")
		close(release)
		_, err = call.Wait(w.ctx())
		require.ErrorIs(w, err, parley.ErrStopped)
	})
}

// A handler that heeds no context does not hold up Stop; the log names it.
func TestStopNamesTheHandlersThatRunOn(t *testing.T) {
	t.Parallel()
	everywhere(t, func(w *world) {
		for name, opt := range map[string]parley.SubscriberOption{"queue": parley.Concurrency(4), "first": parley.AckFirst()} {
			app := w.app()
			begun, release := make(chan string, 2), make(chan struct{})
			app.Subscriber(w.at(name), func(s string) { begun <- s; <-release }, opt)
			app.Subscriber(w.at(name+".quick"), func(string) {})
			q := app.Publisher(w.at(name))
			require.NoError(w, app.Start(w.ctx()))
			for _, id := range []string{"stuck-1-" + name, "stuck-2-" + name} {
				require.NoError(w, q.Publish(w.ctx(), "x", parley.MessageID(id)))
				next(w, begun)
			}
			budget, cancel := context.WithCancel(w.ctx())
			cancel()
			require.ErrorIs(w, app.Stop(budget), context.Canceled)
			for _, id := range []string{"stuck-1-" + name, "stuck-2-" + name} {
				require.Equal(w, 1, strings.Count(w.log.String(), "message_id="+id), "logged once")
			}
			require.Contains(w, w.log.String(), `handler still runs at the end of Stop; its goroutine stays until it returns" address=`+w.at(name)+" handler=")
			close(release)
		}
	})
}
