package memory_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/transport/memory"
)

// How to test waiting: in a bubble of testing/synctest time is virtual, so a
// request that waits half an hour takes no time at all and ends to the second.
func TestDocumentationVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		app := parley.New(memory.New(), parley.Logger(slog.New(slog.DiscardHandler)))
		app.Subscriber("sleep", func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		})
		sleep := app.Publisher("sleep", parley.Timeout(30*time.Minute))
		require.NoError(t, app.Start(t.Context()))

		begin := time.Now()
		_, err := sleep.Request(t.Context(), "zzz")
		require.ErrorIs(t, err, parley.ErrTimeout)
		require.Equal(t, 30*time.Minute, time.Since(begin))

		synctest.Wait() // the app has settled the message
		require.EqualValues(t, 1, app.Stats().Failed+app.Stats().Expired)
		require.NoError(t, app.Stop(t.Context()))
	})
}
