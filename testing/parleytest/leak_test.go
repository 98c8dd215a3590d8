package parleytest_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/testing/parleytest"
)

// A handler that does not return fails the test that it runs in.
func TestHandlerThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	release, running := make(chan struct{}), make(chan struct{})
	text := failure(t, func(tb *recordedTB) {
		app := newApp()
		app.Subscriber("orders.place", func(Order) {
			close(running)
			<-release
		})
		ts := parleytest.Start(tb, app, parleytest.Patience(500*time.Millisecond))
		ts.Publish("orders.place", order)
		<-running
	})
	close(release)
	require.Contains(t, text, "stop shop: ")
	require.Contains(t, text, "handlers are still running")
	require.Contains(t, text, "1 message left unsettled when the app had stopped")
	require.Contains(t, text, `delivered to "orders.place"`)
	require.Contains(t, text, "left running when the app had stopped")
}

// A goroutine that a handler started and left fails the test, in a bubble too,
// and can be tolerated.
func TestGoroutineThatRemains(t *testing.T) {
	t.Parallel()
	leaking := func(tb parleytest.TB, release chan struct{}, opts ...parleytest.Option) {
		app := newApp()
		app.Subscriber("orders.place", func(Order) { go remain(release) })
		ts := parleytest.Start(tb, app, opts...)
		ts.Publish("orders.place", order)
		ts.Subscriber("orders.place").Handled()
	}
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		text := failure(t, func(tb *recordedTB) { leaking(tb, release) })
		require.Contains(t, text, "1 goroutine left running when the app had stopped")
		require.Contains(t, text, "parleytest_test.remain")

		tb := &recordedTB{}
		require.Empty(t, tb.run(func() { leaking(tb, release, parleytest.IgnoreGoroutines("parleytest_test.remain")) }))
	})
}

func remain(release chan struct{}) { <-release }

// A hook that starts a goroutine owns it.
func TestGoroutineOfAHook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		text := failure(t, func(tb *recordedTB) {
			parleytest.Start(tb, newApp(parley.OnStarted(func(context.Context) error {
				go remain(release)
				return nil
			})))
		})
		require.Contains(t, text, "parleytest_test.remain")
	})
}
