package parley_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley"
	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/memory"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// A handler that gives up because its session is lost, and says so, has not
// failed: its message comes again, and no kill switch counts it.
func TestLostSessionIsNoFailure(t *testing.T) {
	t.Parallel()
	for name, on := range map[string]func(t *testing.T) (tr transport.Transport, cut func()){
		"memory": func(*testing.T) (transport.Transport, func()) {
			b := memory.New()
			return b, b.Disconnect
		},
		"rabbitmq": func(t *testing.T) (transport.Transport, func()) {
			t.Helper()
			proxy := rabbittest.NewProxy(t, rabbittest.URL(t))
			return rabbitmq.New(proxy.URL()), proxy.Cut
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tr, cut := on(t)
			w := newWorld(t, tr)
			app := w.app()
			begun := make(chan bool, 10)
			s := app.Subscriber(w.at("work"), func(ctx context.Context, m *parley.Message) error {
				begun <- m.Redelivered
				if m.Redelivered {
					return nil
				}
				<-ctx.Done()
				return fmt.Errorf("looking it up: %w", context.Cause(ctx))
			}, parley.KillSwitch(parley.KillSwitchOptions{Window: 1, Pause: time.Hour}))
			work := app.Publisher(w.at("work"))
			w.start(app)
			require.NoError(w, work.Publish(w.ctx(), "x"))
			require.False(w, next(w, begun))
			cut()
			require.True(w, next(w, begun))
			require.Eventually(w, func() bool {
				now := app.Stats()
				return now.Handled == 1 && now.Returned+now.Failed > 0
			}, patience, time.Millisecond)
			require.Zero(w, app.Stats().Failed)
			_, paused := s.Paused()
			require.False(w, paused)
			require.NotContains(w, w.log.String(), "message failed")
		})
	}
}
