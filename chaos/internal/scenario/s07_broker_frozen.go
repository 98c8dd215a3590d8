package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/transport/rabbitmq"
)

// brokerFrozen stops the broker's process (SIGSTOP), and once more right after
// an app has connected.
func brokerFrozen() Scenario {
	return Scenario{
		Number: 7, Name: "broker frozen, also right after connecting",
		Quiet: true, Short: 30 * time.Second, Full: 75 * time.Second,
		Must:     "noticed within 3 heartbeats; publishes and calls end by their context; works again",
		Controls: []string{"watchdog off"},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			network, url, err := r.Network()
			if err != nil {
				return oracle.Expect{}, err
			}
			heartbeat, lasts := 4*time.Second, 20*time.Second
			if r.Short {
				heartbeat, lasts = 2*time.Second, 7*time.Second
			}
			h := &hole{
				url: url, heartbeat: heartbeat, lasts: lasts,
				begin: func(int) { r.Requiref(r.Node.Pause() == nil, "the broker could not be frozen") },
				end:   func() { r.Requiref(r.Node.Continue() == nil, "the broker could not be thawed") },
				noticed: func() int64 {
					return network.Counters().Accepted
				},
			}
			if err := h.act(ctx, r, r.Faults(1)); err != nil || r.Control != "" {
				return oracle.Expect{Definite: true}, err
			}
			return oracle.Expect{Definite: true, Duplicates: 1 << 20}, frozenAtOnce(ctx, r, heartbeat)
		},
	}
}

// frozenAtOnce freezes before the first heartbeat was exchanged.
func frozenAtOnce(ctx context.Context, r *stage.Run, heartbeat time.Duration) error {
	network, url, err := r.Network()
	if err != nil {
		return err
	}
	b, err := newBench(r)
	if err != nil {
		return err
	}
	defer b.close()
	app := b.app(url, rabbitmq.Heartbeat(heartbeat), rabbitmq.DialTimeout(heartbeat))
	if err := app.Start(ctx); err != nil {
		return err
	}
	before := network.Counters().Accepted
	if err := r.Node.Pause(); err != nil {
		return err
	}
	r.Injected()
	r.Requiref(r.Until(ctx, r.Within(3*heartbeat+slack), func() bool { return network.Counters().Accepted > before }),
		"frozen right after connecting: not noticed within %v", 3*heartbeat)
	return r.Node.Continue()
}
