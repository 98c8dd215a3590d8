package scenario

import (
	"context"
	"time"

	"github.com/parley-go/parley/chaos/internal/oracle"
	"github.com/parley-go/parley/chaos/internal/stage"
	"github.com/parley-go/parley/chaos/internal/victim"
)

func brokerStopped() Scenario {
	return Scenario{
		Number: 2, Name: "broker stopped and started in order",
		Short: 30 * time.Second, Full: 180 * time.Second,
		Must:     "0 lost; consuming again within 10 s of the start",
		Controls: []string{string(victim.NoConfirms), string(victim.NoRecovery)},
		Act: func(ctx context.Context, r *stage.Run) (oracle.Expect, error) {
			t := traffic{
				load: r.Load(50_000), faults: r.Faults(3), window: 200, prefetch: 128,
				work: 2 * time.Millisecond, pace: 20 * time.Millisecond, resume: 10 * time.Second, endless: true,
			}
			t.leaveOut(r.Control)
			err := t.run(ctx, r, r.RestartApp)
			return oracle.Expect{Duplicates: t.faults * (t.window + t.prefetch)}, err
		},
	}
}
