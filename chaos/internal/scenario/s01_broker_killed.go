package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

func brokerKilled() Scenario {
	return Scenario{
		Number: 1, Name: "broker killed during confirmed publishing",
		Short: 35 * time.Second, Full: 180 * time.Second,
		Must:     "0 lost; duplicates ≤ kills × (window + 4 × prefetch); no definite failures",
		Controls: []string{string(victim.NoConfirms), string(victim.Transient)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			t := traffic{
				load: r.Load(100_000), faults: r.Faults(3), window: 200, prefetch: 128, flush: true,
				// A backlog at each kill: what the broker holds in memory only is at stake.
				work: 8 * time.Millisecond, flavor: victim.Flavor(r.Control),
			}
			err := t.run(ctx, r, r.KillBroker)
			// What was in hand comes again, and so do the last acknowledgements:
			// a classic queue writes them down a little later than it takes them.
			return oracle.Expect{Duplicates: t.faults * (t.window + 4*t.prefetch)}, err
		},
	}
}
