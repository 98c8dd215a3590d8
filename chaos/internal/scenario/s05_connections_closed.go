package scenario

import (
	"context"
	"runtime"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

// tolerance is how many goroutines may come and go by themselves.
const tolerance = 10

// connectionsClosed is a minute of traffic with a lost connection every two
// seconds, and a look at what stays behind.
func connectionsClosed() Scenario {
	return Scenario{
		Number: 5, Name: "all connections closed every 2 s",
		Must:     "0 lost; recovers each time; goroutines at the baseline",
		Controls: []string{string(victim.NoConfirms), string(victim.NoRecovery)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			before := runtime.NumGoroutine()
			t := traffic{
				load: r.Load(60_000), faults: r.Faults(20), window: 40, prefetch: 128, pace: 20 * time.Millisecond, endless: true,
				work: time.Millisecond,
			}
			if t.leaveOut(r.Control); t.flavor == victim.NoConfirms {
				t.pace /= 4
			}
			err := t.run(ctx, r, func(ctx context.Context) error {
				r.Wait(ctx, 2*time.Second)
				return r.CloseConnections(ctx)
			})
			r.Halt()
			r.Requiref(r.Until(ctx, 30*time.Second, func() bool { return runtime.NumGoroutine() <= before+tolerance }),
				"wanted at most %d goroutines at the end, got %d", before+tolerance, runtime.NumGoroutine())
			return oracle.Expect{Duplicates: t.faults * (t.window + t.prefetch)}, err
		},
	}
}
