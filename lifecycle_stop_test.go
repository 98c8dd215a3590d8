package parley_test

import (
	"context"
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
