package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// connectionsClosed is a minute of traffic with a lost connection every two
// seconds; what stays behind is judged as everywhere.
func connectionsClosed() Scenario {
	return Scenario{
		Number: 5, Name: "all connections closed every 2 s",
		Short: 25 * time.Second, Full: 180 * time.Second,
		Must:     "0 lost; recovers each time; goroutines at the baseline",
		Controls: []string{string(victim.NoConfirms), string(victim.NoRecovery)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			faults := r.Faults(20)
			if r.Short {
				faults = r.AtLeast(3)
			}
			t := traffic{
				load: r.Load(60_000), faults: faults, window: 40, prefetch: 128, pace: 20 * time.Millisecond, endless: true,
				work: time.Millisecond,
			}
			if t.leaveOut(r.Control); t.flavor == victim.NoConfirms {
				t.pace /= 4
			}
			err := t.run(ctx, r, func(ctx context.Context) error {
				r.Wait(ctx, 2*time.Second)
				return r.CloseConnections(ctx)
			})
			return oracle.Expect{Duplicates: t.faults * (t.window + t.prefetch)}, err
		},
	}
}
