package rabbitmq

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/transport"
)

// Attempts to connect go on for ever, with pauses that double up to the longest
// one and are never quite the same.
func TestPausesGrowToTheLongest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const shortest, longest = 100 * time.Millisecond, 10 * time.Second
		var attempts []time.Time
		cfg := newConfig("", []Option{Backoff(shortest, longest)})
		// No such port: an attempt fails at once.
		c := newConn(cfg, []*endpoint{{host: "127.0.0.1", port: "99999"}}, transport.Settings{
			Logger: slog.New(slog.DiscardHandler),
			OnLink: func(transport.State, transport.Status) { attempts = append(attempts, time.Now()) },
		})
		defer c.end(transport.ErrClosed)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		_, err := c.publisher.connect(ctx, false)
		require.ErrorIs(t, err, context.DeadlineExceeded)

		var last []time.Duration
		pause := shortest
		for i := range len(attempts) - 1 {
			got := attempts[i+1].Sub(attempts[i])
			require.GreaterOrEqual(t, got, pause/2, "pause %d", i+1)
			require.LessOrEqual(t, got, pause, "pause %d", i+1)
			if pause == longest {
				last = append(last, got)
			}
			pause = min(2*pause, longest)
		}
		require.Greater(t, len(last), 50, "it goes on")
		slices.Sort(last)
		require.Greater(t, len(slices.Compact(last)), 10, "many clients do not come back in step")
	})
}
