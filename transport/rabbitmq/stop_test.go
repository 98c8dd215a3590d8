package rabbitmq_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/internal/rabbittest"
	"github.com/parley-go/parley/transport"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// Close returns by the end of its context although the broker says nothing, and
// no heartbeat will tell for the rest of the test.
func TestStopOfABrokerThatIsSilent(t *testing.T) {
	t.Parallel()
	url := rabbittest.URL(t)
	for _, name := range []string{"at once", "while consuming", "while handling", "while publishing"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			proxy := rabbittest.NewProxy(t, url)
			c, err := rabbitmq.New(proxy.URL(), rabbitmq.Heartbeat(time.Hour)).Connect(within(t, patience), settings())
			require.NoError(t, err)
			s := queue(t)
			begun := make(chan struct{}, 10)
			if name != "at once" {
				_, err := c.Subscribe(within(t, patience), transport.Subscription{
					Topology: s, Prefetch: 10, Workers: 2,
					Handle: func(ctx context.Context, _ *transport.Message) transport.Verdict {
						begun <- struct{}{}
						<-ctx.Done()
						return transport.Ack
					},
				})
				require.NoError(t, err)
			}
			if name == "while handling" {
				require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "x"))
				await(t, begun, "the handler")
			}
			if name == "while publishing" {
				// The channel that publishes is there.
				require.NoError(t, publish(within(t, patience), c, s.Queue.Name, "before"))
			}
			proxy.Freeze()
			var conf transport.Confirmation
			if name == "while publishing" {
				conf, err = c.Publish(within(t, patience), publication(s.Queue.Name, "x"))
				require.NoError(t, err)
			}
			closed := make(chan error, 1)
			go func() { closed <- c.Close(within(t, 100*time.Millisecond)) }()
			_ = await(t, closed, "the end of Close")
			if conf != nil {
				require.ErrorIs(t, transport.Wait(within(t, patience), conf), transport.ErrOutcomeUnknown)
			}
		})
	}
}
